"""What a list may be asked for: declared parameters, read strictly, turned into lookups.

An unknown or repeated parameter is refused by its name: a misspelt filter must never silently show everything.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from ledger.api.fields import Choice, Currency, Moment, PublicId, PublicRef, Text
from ledger.api.pages import LIMIT_DEFAULT, LIMIT_MOST
from ledger.errors import InvalidRequest

_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
_CURSOR_MAX = 1000
_WAYS = {"gte": "at or after", "gt": "after", "lte": "at or before", "lt": "before"}


@dataclass(frozen=True)
class Filter:
    """One parameter of a list: its public name, how it is read, and the lookup it becomes ("" for none)."""

    name: str
    field: serializers.Field[Any, Any, Any, Any]
    lookup: str = ""
    description: str = ""


@dataclass(frozen=True)
class Asked:
    """What one request asked of a list."""

    limit: int
    cursor: str | None
    values: Mapping[str, Any] = field(default_factory=dict)
    lookups: Mapping[str, Any] = field(default_factory=dict)


def choice(name: str, values: Sequence[str], lookup: str = "") -> Filter:
    return Filter(name, Choice(choices=sorted(values)), lookup or name, f"Only this {name.replace('_', ' ')}.")


def text(name: str, lookup: str = "", *, longest: int = 120) -> Filter:
    return Filter(name, Text(max_length=longest), lookup or name, f"Only with this {name.replace('_', ' ')}.")


def reference(name: str, prefix: str, lookup: str = "", *, integer: bool = False) -> Filter:
    return Filter(name, PublicId(prefix, integer=integer), lookup or f"{name}_id", f"Only of this {name}.")


def public(name: str, prefix: str, lookup: str) -> Filter:
    """Like `reference`, for a column that keeps the public id itself."""
    return Filter(name, PublicRef(prefix), lookup, f"Only of this {name}.")


def currency(lookup: str = "currency") -> Filter:
    return Filter("currency", Currency(), lookup, "Only in this currency.")


def moment(name: str, column: str) -> tuple[Filter, ...]:
    """The four comparisons of a time: `created[gte]`, `created[gt]`, `created[lte]`, `created[lt]`."""
    return tuple(
        Filter(f"{name}[{way}]", Moment(), f"{column}__{way}", f"Only what was {name} {words} this time.")
        for way, words in _WAYS.items()
    )


def read(
    query: QueryDict,
    filters: Sequence[Filter],
    *,
    paged: bool = True,
    most: int = LIMIT_MOST,
    usual: int = LIMIT_DEFAULT,
) -> Asked:
    """Read the parameters of an address. Raises InvalidRequest naming the first one that cannot be."""
    known = {declared.name: declared for declared in filters}
    values: dict[str, Any] = {}
    lookups: dict[str, Any] = {}
    for name, found in query.lists():
        if paged and name in ("limit", "cursor"):
            continue
        if name not in known:
            raise InvalidRequest("Unknown parameter.", param=name[:80])
        value = _one(name, found)
        values[name] = _checked(known[name], value)
        if known[name].lookup:
            lookups[known[name].lookup] = values[name]
    cursor = _one("cursor", query.getlist("cursor")) if "cursor" in query and paged else None
    if cursor is not None and not 1 <= len(cursor) <= _CURSOR_MAX:
        raise InvalidRequest("This is not a cursor of this list.", param="cursor")
    limit = _limit(_one("limit", query.getlist("limit")), most) if "limit" in query and paged else usual
    return Asked(limit=limit, cursor=cursor, values=values, lookups=lookups)


def _one(name: str, found: list[str]) -> str:
    if len(found) != 1:
        raise InvalidRequest("Give this parameter once.", param=name)
    return found[0]


def _limit(text: str, most: int) -> int:
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise InvalidRequest(f"A page has 1 to {most} rows.", param="limit")
    return int(text)


def _checked(declared: Filter, value: str) -> Any:
    try:
        return declared.field.run_validation(value)
    except serializers.ValidationError as error:
        detail = error.detail[0] if isinstance(error.detail, list) else error.detail
        raise InvalidRequest(str(detail), param=declared.name) from None
