"""The book as plain-text accounting needs it, before any format: accounts, transactions, balances at both ends.

Read from one snapshot and streamed, so that a book of any size fits. Amounts are signed as in the ledger, credit
positive; writers turn them. Nothing here knows a format.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from ledger import ids
from ledger.exports import reading
from ledger.money import EXACT, currency

POSTED, PENDING, RELEASED = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class BookAccount:
    """An account code with all its currencies."""

    code: str
    category: str
    currencies: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BookLine:
    """One entry, or what one account holds."""

    code: str
    category: str
    currency: str
    amount: Decimal
    layer: int = POSTED

    @property
    def debit_positive(self) -> str:
        """The amount as plain-text accounting writes it: debits positive, the currency's own decimals."""
        exact = self.amount.copy_negate() if self.amount else self.amount
        return f"{exact.quantize(currency(self.currency).unit, context=EXACT):f}"


@dataclass(frozen=True, kw_only=True)
class BookTransaction:
    """One transaction with its entries."""

    id: uuid.UUID
    phase: str
    reason: str
    title: str
    description: str
    metadata: str | None
    source: str | None
    pending_id: uuid.UUID | None
    reverses_id: uuid.UUID | None
    effective_at: datetime
    recorded_at: datetime
    lines: tuple[BookLine, ...] = field(default=())

    @property
    def public_id(self) -> str:
        return ids.encode("txn", self.id)

    @property
    def day(self) -> date:
        """The day it took effect, in UTC."""
        return self.effective_at.astimezone(UTC).date()

    def layers(self, *layers: int) -> list[BookLine]:
        return [line for line in self.lines if line.layer in layers]


@dataclass(frozen=True, kw_only=True)
class Book:
    """Everything that took effect from `first` to `last`, both days included, in UTC; None leaves that end open.

    Read it inside `reading.snapshot()`, and from the connection which that answers."""

    first: date | None = None
    last: date | None = None
    using: str = "default"

    def accounts(self) -> list[BookAccount]:
        """Every account that exists, by code."""
        rows = self._rows(
            "SELECT code, category, array_agg(currency ORDER BY currency) FROM ledger_account GROUP BY 1, 2 ORDER BY 1"
        )
        return [BookAccount(code=code, category=kind, currencies=tuple(codes)) for code, kind, codes in rows]

    def days(self) -> tuple[date, date]:
        """The first and the last day of the book; for open ends, those of its transactions."""
        sql = f"SELECT min(effective_at), max(effective_at), now() FROM ledger_transaction WHERE {_WITHIN}"  # noqa: S608
        earliest, latest, now = self._rows(sql, self._bounds())[0]
        first = self.first or (earliest or now).astimezone(UTC).date()
        return first, self.last or max(first, (latest or now).astimezone(UTC).date())

    def opening(self) -> list[BookLine]:
        """What every account held before the first day, pending amounts on their own layer; empty for an open start."""
        if self.first is None:
            return []
        sql = """
            SELECT a.code, a.category, a.currency, sum(e.amount), least(e.layer, 1)
              FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
             WHERE e.effective_at < %s GROUP BY 1, 2, 3, 5 HAVING sum(e.amount) <> 0 ORDER BY 5, 1, 3"""
        return _lines(self._rows(sql, [_midnight(self.first)]))

    def transactions(self) -> Iterator[BookTransaction]:
        """In the order in which they took effect."""
        sql = f"""
            SELECT t.id, t.phase, t.reason, r.title, t.description, t.metadata::text,
                   t.source_system || '/' || t.source_kind || '/' || t.source_id, t.pending_id, t.reverses_id,
                   t.effective_at, t.recorded_at, a.code, a.category, e.currency, e.amount, e.layer
              FROM ledger_transaction t JOIN ledger_reason r ON r.code = t.reason
              JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_account a ON a.id = e.account_id
             WHERE {_WITHIN.replace("effective_at", "t.effective_at")}
             ORDER BY t.effective_at, t.recorded_at, t.id, e.leg"""  # noqa: S608 (a constant)
        for head, rows in groupby(reading.stream(self.using, sql, self._bounds()), key=lambda row: row[:11]):
            yield BookTransaction(**dict(zip(_HEAD, head, strict=True)), lines=tuple(_lines(row[11:] for row in rows)))

    def closing(self) -> list[BookLine]:
        """What every account holds at the end of the last day, as the ledger's own figures have it."""
        figures = "ledger_balance_now(a.id)" if self.last is None else "ledger_as_of(a.id, %s, NULL)"
        sql = f"""
            SELECT a.code, a.category, a.currency, n.balance * a.sign, 0
              FROM ledger_account a, LATERAL {figures} n ORDER BY 1, 3"""  # noqa: S608 (one of two literals)
        last_moment = None if self.last is None else _midnight(self.last + timedelta(days=1)) - _INSTANT
        return _lines(self._rows(sql, [] if last_moment is None else [last_moment]))

    def _rows(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        return reading.rows(self.using, sql, parameters)

    def _bounds(self) -> list[datetime | None]:
        first = _midnight(self.first) if self.first else None
        beyond = _midnight(self.last + timedelta(days=1)) if self.last else None
        return [first, first, beyond, beyond]


_INSTANT = timedelta(microseconds=1)  # the database's resolution
_WITHIN = (
    "(%s::timestamptz IS NULL OR effective_at >= %s::timestamptz)"
    " AND (%s::timestamptz IS NULL OR effective_at < %s::timestamptz)"
)
_HEAD = (
    "id",
    "phase",
    "reason",
    "title",
    "description",
    "metadata",
    "source",
    "pending_id",
    "reverses_id",
    "effective_at",
    "recorded_at",
)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _lines(rows: Any) -> list[BookLine]:
    return [
        BookLine(code=code, category=category, currency=unit, amount=amount, layer=layer)
        for code, category, unit, amount, layer in rows
    ]
