"""One feed of everything that happened to a client's money, newest first.

One statement gathers each page from all its sources, each limited before they are merged, so a page costs the same
however long the history is. Pages are found by keys, never by counting. Reads only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from payments.models import Client
from portal.queries import rows
from portal.queries.cursor import Cursor, Key, floor_of
from portal.queries.filters import MOVEMENTS, Filters
from portal.queries.lines import Line, build
from portal.queries.rows import Facts
from portal.queries.sql import text

LIMIT_MAX = 200
_ALL_DAYS = 1_000_000
_FILES = {"deposit": "deposits", "withdrawal": "withdrawals", "transfer": "transfers", "refund": "refunds",
          "dispute": "disputes", "hold": "holds", "conversion": "conversions"}  # fmt: skip
_LAST = Key(253_000_000_000_000_000, UUID(int=2**128 - 1))


@dataclass(frozen=True)
class Page:
    """`next` leads to older lines, `previous` to newer ones; None where there are none (or none known)."""

    lines: tuple[Line, ...]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class _Way:
    """The words of SQL for one direction through time."""

    order: str
    beyond: str
    next_day: str


_OLDER = _Way("DESC", "<", "e.effective_at < day.starts")
_NEWER = _Way("ASC", ">", "e.effective_at >= date_trunc('day', day.starts + interval '36 hours', %(zone)s::text)")


def page(
    client: Client, *, now: datetime, filters: Filters | None = None, cursor: str | None = None, limit: int = 25
) -> Page:
    """One page of the feed. Raises InvalidRequest for a cursor that is not one of this list."""
    filters = filters or Filters()
    place = Cursor.read(cursor) if cursor else Cursor(_LAST)
    limit = max(1, min(limit, LIMIT_MAX))
    found = _fetch(client, filters, place, limit + 1)
    more, found = len(found) > limit, found[:limit]
    if not place.older:
        found.reverse()
    older = more if place.older else bool(cursor)
    newer = bool(cursor) if place.older else more
    return Page(
        tuple(build(noun, key, state, facts, now=now) for noun, key, state, facts in found),
        next=str(Cursor(found[-1][1])) if found and older else None,
        previous=str(Cursor(found[0][1], older=False)) if found and newer else None,
    )


def matching(client: Client, *, now: datetime, reference: str, noun: str) -> list[Line]:
    """The lines of one public id that are this client's: one, or one per entry of a transaction; none of others."""
    found = _fetch(client, Filters(q=reference), Cursor(_LAST), LIMIT_MAX, nouns=(noun,))
    return [build(name, key, state, facts, now=now) for name, key, state, facts in found]


Row = tuple[str, Key, str, Facts]


def _fetch(client: Client, filters: Filters, place: Cursor, limit: int, nouns: Iterable[str] = ()) -> list[Row]:
    wanted = [name for name in (nouns or (*MOVEMENTS, "entry")) if filters.wants(name)]
    files = [_FILES[name] for name in wanted if name in _FILES]
    if "entry" in wanted and filters.reasons:
        files += ["entries", "trading"]
    if not files:
        return []
    way = _OLDER if place.older else _NEWER
    statement = "\nUNION ALL\n".join(
        f"({text(name).format(order=way.order, beyond=way.beyond, next_day=way.next_day)})" for name in files
    )
    parameters = _parameters(client, filters, place, limit)
    used = {name: value for name, value in parameters.items() if f"%({name})s" in statement}
    found = [_row(*row) for row in rows.fetch(statement, used)]
    found.sort(key=lambda row: row[1], reverse=place.older)
    return found[:limit]


def _row(noun: str, key: UUID, at: datetime | None, state: str, facts: Any) -> Row:
    place = Key.of_movement(key) if at is None else Key.of_entry(at, key)
    return noun, place, state, Facts.read(facts)


def _parameters(client: Client, filters: Filters, place: Cursor, limit: int) -> dict[str, Any]:
    zone = ZoneInfo(client.timezone)
    lower, upper = filters.bounds(zone)
    at = place.key.at
    # The day of the cursor is looked at whole: its result is one line, wherever in the day it stands.
    local = at.astimezone(zone)
    starts = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if place.older:
        lower_day, upper_day = lower, min(upper, (starts + timedelta(days=1)).astimezone(at.tzinfo))
    else:
        lower_day, upper_day = max(lower, starts.astimezone(at.tzinfo)), upper
    return {
        "client": client.pk,
        "owner": client.owner,
        "zone": client.timezone,
        "at": at,
        "id": place.key.id,
        "bound": place.key.movement_bound,
        "lower": lower,
        "upper": upper,
        "lower_day": lower_day,
        "upper_day": upper_day,
        "lower_id": floor_of(lower),
        "upper_id": floor_of(upper),
        "limit": limit,
        "steps": _ALL_DAYS if filters.q else limit + 1,  # the cursor's own day may be behind us already
        **filters.parameters(),
    }
