"""Filters of lists: one column, a fixed list of values, no counting and no reading of the table for its choices."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ledger.admin.display import words


def choices(field: str, title: str, values: Sequence[str], names: dict[str, str] | None = None) -> type[Any]:
    """A filter on one column with these values."""

    class Choice(SimpleListFilter):
        parameter_name = field.removesuffix("_id")

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(value, (names or {}).get(value) or words(value)) for value in values]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() in values else queryset

    Choice.title = title
    return Choice


def since(field: str, title: str = "Since") -> type[Any]:
    """A filter by age: the last day, week, month, quarter."""
    days = {"1": "the last 24 hours", "7": "the last 7 days", "31": "the last 31 days", "92": "the last 92 days"}

    class Since(SimpleListFilter):
        parameter_name = "days"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return list(days.items())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            if value not in days:
                return queryset
            return queryset.filter(**{f"{field}__gte": timezone.now() - timedelta(days=int(value))})

    Since.title = title
    return Since


def yes_no(parameter: str, title: str, condition: dict[str, Any], yes: str, no: str) -> type[Any]:
    """A filter on whether a condition holds."""

    class YesNo(SimpleListFilter):
        parameter_name = parameter

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [("yes", yes), ("no", no)]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            if self.value() == "yes":
                return queryset.filter(**condition)
            return queryset.exclude(**condition) if self.value() == "no" else queryset

    YesNo.title = title
    return YesNo
