"""A sentence with amounts and times in it: plain text for programs and copied replies, safe markup for pages.

The words come from the wording tables; values are Money, datetime, Deadline or text. Text values are escaped and
isolated, so that a payee's name can neither break the page nor the reading direction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from ledger.money import Money
from portal import formats
from portal.wording.shape import Text


@dataclass(frozen=True)
class Deadline:
    """A time by which something happens: shown as day and time and how far away it is."""

    at: datetime
    now: datetime


@dataclass(frozen=True)
class Sentence:
    template: Text
    values: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(str(self))

    def __str__(self) -> str:
        return (str(self.template) % {name: plain(value) for name, value in self.values.items()}).strip()

    def __html__(self) -> SafeString:
        # The template is ours; every value is escaped by `marked`.
        filled = escape(str(self.template)) % {name: marked(value) for name, value in self.values.items()}
        return mark_safe(filled.strip())  # noqa: S308


def plain(value: Any) -> str:
    """A value in a sentence of plain text."""
    match value:
        case None:
            return ""
        case Money():
            return formats.amount(value)
        case datetime():
            return formats.when(value)
        case Deadline():
            return f"{formats.when(value.at)} ({formats.relative(value.at, now=value.now)})"
    return str(value)


def marked(value: Any) -> str:
    """A value in a sentence of a page."""
    match value:
        case None:
            return ""
        case Money():
            return format_html('<span class="amount">{}</span>', formats.amount(value))
        case datetime():
            return time_element(value)
        case Deadline():
            far = formats.relative(value.at, now=value.now)
            return format_html("{} ({})", time_element(value.at), far)
        case Sentence():
            return value.__html__()
    return format_html("<bdi>{}</bdi>", value) if value != "" else ""


def time_element(at: datetime, text: str = "") -> SafeString:
    """A moment in the reader's zone, with the offset in its title and the exact time for machines."""
    utc = at.astimezone(timezone.get_default_timezone()).isoformat()
    return format_html('<time datetime="{}" title="{}">{}</time>', utc, formats.full(at), text or formats.when(at))
