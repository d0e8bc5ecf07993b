"""The entries of one account, a page at a time, newest first, at the same cost however deep the page is.

Pages are cut by key (effective time, id), never by offset, so that entries which arrive meanwhile neither repeat nor
hide a row. `ledger.queries` offers `entries_of`; nothing here counts all rows or writes.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from ledger.errors import InvalidRequest

LIMIT_MOST = 200
_CURSOR = re.compile(r"([np])(-?[0-9]{1,17})_([0-9]{1,19})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class EntryRow:
    """One entry with its transaction. `change` is the amount in the account's normal direction; the running figures
    are None for house accounts and follow the order of `seq`, which backdated entries leave."""

    id: int
    transaction_id: uuid.UUID
    leg: int
    amount: Decimal
    change: Decimal
    currency: str
    layer: int
    seq: int | None
    balance_after: Decimal | None
    pending_in_after: Decimal | None
    pending_out_after: Decimal | None
    effective_at: datetime
    recorded_at: datetime
    backdated: bool
    phase: str
    reason: str
    title: str
    description: str
    source_system: str | None
    source_kind: str | None
    source_id: str | None


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """Rows newest first; `next` leads to older ones, `previous` to newer ones, None where there are none."""

    rows: list[EntryRow]
    next: str | None
    previous: str | None


def entries_of(
    account_id: int,
    *,
    cursor: str | None = None,
    limit: int = 50,
    effective_from: datetime | None = None,
    effective_before: datetime | None = None,
) -> EntryPage:
    """A page of an account's entries by effective time, newest first.

    `cursor` is what an earlier page gave. `effective_from` is included, `effective_before` is not.
    Raises InvalidRequest (param "cursor" or "limit")."""
    if not 1 <= limit <= LIMIT_MOST:
        raise InvalidRequest(f"A page has 1 to {LIMIT_MOST} entries.", param="limit")
    way, key = _decode(cursor) if cursor else ("n", None)
    found = _select(account_id, way, key, limit + 1, effective_from, effective_before)
    more, found = len(found) > limit, found[:limit]
    if way == "p":
        found.reverse()
    older = more if way == "n" else bool(key)
    newer = more if way == "p" else bool(key)
    return EntryPage(
        rows=found,
        next=_encode("n", found[-1]) if found and older else None,
        previous=_encode("p", found[0]) if found and newer else None,
    )


def _select(
    account_id: int,
    way: str,
    key: tuple[datetime, int] | None,
    count: int,
    effective_from: datetime | None,
    effective_before: datetime | None,
) -> list[EntryRow]:
    conditions = ["e.account_id = %s"]
    parameters: list[Any] = [account_id]
    if key:
        conditions.append(f"(e.effective_at, e.id) {'<' if way == 'n' else '>'} (%s::timestamptz, %s::bigint)")
        parameters += key
    if effective_from:
        conditions.append("e.effective_at >= %s::timestamptz")
        parameters.append(effective_from)
    if effective_before:
        conditions.append("e.effective_at < %s::timestamptz")
        parameters.append(effective_before)
    order = "DESC" if way == "n" else "ASC"
    sql = f"""
        SELECT e.id, e.transaction_id, e.leg, e.amount, e.amount * a.sign AS change, e.currency, e.layer, e.seq,
               e.balance_after, e.pending_in_after, e.pending_out_after, e.effective_at, e.recorded_at, e.backdated,
               t.phase, t.reason, r.title, t.description, t.source_system, t.source_kind, t.source_id
          FROM (SELECT * FROM ledger_entry e WHERE {" AND ".join(conditions)}
                 ORDER BY e.effective_at {order}, e.id {order} LIMIT %s::int) e
          JOIN ledger_account a ON a.id = e.account_id
          JOIN ledger_transaction t ON t.id = e.transaction_id
          JOIN ledger_reason r ON r.code = t.reason
         ORDER BY e.effective_at {order}, e.id {order}"""  # noqa: S608 (conditions are literals of this function)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, count])
        names = [column[0] for column in cursor.description]
        return [EntryRow(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _encode(way: str, row: EntryRow) -> str:
    return f"{way}{(row.effective_at - _EPOCH) // timedelta(microseconds=1)}_{row.id}"


def _decode(cursor: str) -> tuple[str, tuple[datetime, int]]:
    if (match := _CURSOR.fullmatch(cursor)) is None:
        raise InvalidRequest("This cursor is not one of ours.", param="cursor")
    way, micros, key = match.groups()
    try:
        return way, (_EPOCH + timedelta(microseconds=int(micros)), _within(int(key)))
    except OverflowError:
        raise InvalidRequest("This cursor is not one of ours.", param="cursor") from None


def _within(key: int) -> int:
    if key >= 2**63:
        raise OverflowError
    return key
