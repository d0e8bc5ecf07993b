"""Both clocks of a page of sums, as two fields say them: what had happened by one time, as it was known at another.

Reads what was typed and says it back. Nothing here asks the books.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin import display


@dataclass(frozen=True)
class Clock:
    """One field: what was typed, the moment that it means (None for now), and what is wrong with it."""

    name: str
    label: str
    typed: str
    moment: datetime | None
    wrong: str

    @property
    def value(self) -> str:
        """What stands in the field: browsers show a moment without its zone, to the millisecond at most."""
        if self.moment is None:
            return self.typed
        fraction = "milliseconds" if self.moment.microsecond else "seconds"
        return self.moment.replace(tzinfo=None).isoformat(timespec=fraction)

    @property
    def words(self) -> SafeString | str:
        return format_html("at {}", display.when(self.moment, seconds=True)) if self.moment else "now"


@dataclass(frozen=True)
class Clocks:
    """What is asked: effective time, and recorded time."""

    at: Clock
    recorded_at: Clock

    @property
    def fields(self) -> tuple[Clock, ...]:
        return self.at, self.recorded_at

    @property
    def wrong(self) -> bool:
        return any(field.wrong for field in self.fields)

    @property
    def typed(self) -> dict[str, str]:
        """What links keep."""
        return {field.name: field.typed for field in self.fields}

    @property
    def words(self) -> SafeString | str:
        """ "now", "at … , as known now", "now, as known at …" or both times: never one of two in silence."""
        if not any(field.moment for field in self.fields):
            return "now"
        return format_html("{}, as known {}", self.at.words, self.recorded_at.words)

    def stamp(self, *, now: datetime) -> str:
        """The days of both for the name of a file, in the reader's zone."""
        day = f"{timezone.localtime(self.at.moment or now):%Y-%m-%d}"
        known = self.recorded_at.moment
        return f"{day}-as-known-{known:%Y-%m-%d}" if known else day


def read(asked: Mapping[str, str]) -> Clocks:
    """The two fields of a page, from its address. What is no moment counts as now, and is said at its field."""
    return Clocks(
        at=_clock(asked, "at", "At", "what you see is now"),
        recorded_at=_clock(asked, "recorded_at", "As known at", "what you see is as known now"),
    )


def _clock(asked: Mapping[str, str], name: str, label: str, instead: str) -> Clock:
    typed = asked.get(name, "")
    try:
        moment, wrong = _moment(typed) if typed else None, ""
    except (ValueError, OverflowError):
        moment, wrong = None, f"This is not a date and time; {instead}."
    return Clock(name, label, typed, moment, wrong)


def _moment(typed: str) -> datetime:
    """A moment in the reader's zone, which a text without a zone is of. Raises ValueError, OverflowError."""
    found = datetime.fromisoformat(typed)
    aware = timezone.make_aware(found) if timezone.is_naive(found) else found
    return timezone.localtime(aware.astimezone(UTC))
