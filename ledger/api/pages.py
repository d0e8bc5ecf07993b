"""Pages of lists, cut by key: the same cost however deep, and no row missed or doubled while others are inserted.

A cursor is sealed: it says where a page begins in one list and cannot be made by anybody else. Nothing is counted and
nothing is skipped by offset.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.core import signing
from django.db.models import BooleanField, F, Func, Model, Q, QuerySet

from ledger.errors import InvalidRequest

LIMIT_DEFAULT = 50
LIMIT_MOST = 200

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page:
    """Rows in the list's order; `next` and `previous` lead on, None where the list ends."""

    rows: Sequence[Any]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class Order:
    """The order of a list: by these columns, the last one unique. `endless`: the list grows at its end, so there is
    always a next page, even if nothing is on it yet."""

    columns: tuple[str, ...] = ("pk",)
    descending: bool = True
    endless: bool = False


def seal(name: str, place: Any) -> str:
    """A cursor of the list `name`."""
    return signing.Signer(salt=f"cursor:{name}").sign_object(place)


def unseal(name: str, cursor: str) -> Any:
    """What `seal` was given. Raises InvalidRequest (param "cursor") for a cursor of another list, or a made-up one."""
    try:
        return signing.Signer(salt=f"cursor:{name}").unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        raise InvalidRequest("This is not a cursor of this list.", param="cursor") from None


def cut(rows: QuerySet[Row], *, name: str, order: Order, cursor: str | None, limit: int) -> Page:
    """One page of a list. Raises InvalidRequest (param "cursor")."""
    forwards, place = unseal(name, cursor) if cursor else (True, None)
    rising = order.descending != forwards
    if place is not None:
        rows = rows.filter(_beyond(order.columns, place, rising=rising))
    ordered = rows.order_by(*(column if rising else f"-{column}" for column in order.columns))
    found = list(ordered[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    if not forwards:
        found.reverse()
    after = (more if forwards else place is not None) or order.endless
    before = place is not None if forwards else more
    return Page(
        rows=found,
        next=_onward(name, order, found[-1:], place, forwards=True) if after else None,
        previous=_onward(name, order, found[:1], place, forwards=False) if before else None,
    )


def among(rows: QuerySet[Row], few: QuerySet[Any]) -> QuerySet[Row]:
    """The rows whose keys `few` has: a small set with an index of its own, like what is open now.

    The keys are fetched first and each looked up by itself. As a join, the planner might rather walk the whole table in
    the order of the page and ask of each row whether it is among them: cheap while they are new, endless when old."""
    keys = ArraySubquery(few.order_by().values("pk"))
    among = Func(
        F("pk"), keys, template="%(expressions)s)", arg_joiner=" = ANY (", output_field=BooleanField(), arity=2
    )
    return rows.filter(among)


def _onward(name: str, order: Order, edge: list[Row], place: Any, *, forwards: bool) -> str | None:
    """The cursor beyond the row at the edge of a page; an empty page leads on from where it was asked for."""
    if not edge:
        return seal(name, [forwards, place]) if forwards and order.endless else None
    return seal(name, [forwards, [_plain(getattr(edge[0], column)) for column in order.columns]])


def _plain(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value


def _beyond(columns: tuple[str, ...], place: list[Any], *, rising: bool) -> Q:
    """Rows after a place: (a, b) > (x, y), spelt so that an index on (a, b) is used."""
    way = "gt" if rising else "lt"
    first, *rest = columns
    if not rest:
        return Q(**{f"{first}__{way}": place[0]})
    inner = _beyond(tuple(rest), place[1:], rising=rising)
    return Q(**{f"{first}__{way}e": place[0]}) & (Q(**{f"{first}__{way}": place[0]}) | inner)
