"""One day of the book for the firm's general ledger, as CSV: per general-ledger account, or entry by entry.

A day is what was recorded on it, in UTC: an entry that takes effect earlier belongs to the day on which the book
learned it, so a day that is over never changes. Only posted entries count. Debits equal credits per currency, and the
trailer repeats the totals and the number of lines. The same day and mapping give the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ledger import gl_mappings, ids
from ledger.errors import Unbalanced
from ledger.exports import reading
from ledger.exports.csv_cells import line
from ledger.gl_mappings import GlAccount, Mapped
from ledger.money import EXACT, currency

SUMMARY_HEAD = ("record", "day", "gl_code", "gl_name", "currency", "debit", "credit", "count")
DETAILED_HEAD = (
    "record", "day", "gl_code", "gl_name", "currency", "debit", "credit", "count", "account", "transaction", "leg",
    "reason", "source", "effective_at", "recorded_at", "description",
)  # fmt: skip
_ZERO = Decimal(0)


@dataclass
class _Sums:
    debit: Decimal = _ZERO
    credit: Decimal = _ZERO
    count: int = 0

    def add(self, debit: Decimal, credit: Decimal, count: int) -> None:
        self.debit, self.credit = EXACT.add(self.debit, debit), EXACT.add(self.credit, credit)
        self.count += count


def summary(day: date, using: str) -> Iterator[str]:
    """Lines per general-ledger account and currency, by code; then the trailer. Read from the connection `using`.

    Raises gl_mappings.Unmapped before the first line, Unbalanced when the book contradicts itself."""
    accounts = _accounts(day, using)
    goes_to = gl_mappings.on(day, accounts, using)
    sums: dict[tuple[GlAccount, str], _Sums] = {}
    for account, found in accounts.items():
        sums.setdefault((goes_to[account], account.currency), _Sums()).add(found.debit, found.credit, found.count)
    yield line(SUMMARY_HEAD)
    ordered = sorted(sums.items(), key=lambda item: (item[0][0].code, item[0][0].name, item[0][1]))
    for (target, code), found in ordered:
        yield line(["line", day, target.code, target.name, code, *_amounts(found, code), found.count])
    yield from _trailer(day, sums, len(ordered), width=len(SUMMARY_HEAD))


def detailed(day: date, using: str) -> Iterator[str]:
    """Every entry in the order in which it was recorded; then the trailer. Raises what `summary` raises."""
    accounts = _accounts(day, using)
    goes_to = gl_mappings.on(day, accounts, using)
    yield line(DETAILED_HEAD)
    count = 0
    for row in _entries(day, using):
        account, amount, key, leg, reason, source, effective, recorded, words = row
        count += 1
        target, unit = goes_to[account], currency(account.currency).unit
        exact = abs(amount).quantize(unit, context=EXACT)
        sides = (exact, None) if amount < 0 else (None, exact)
        yield line(
            ["line", day, target.code, target.name, account.currency, *sides, 1, account.code,
             ids.encode("txn", key), leg, reason, source, effective, recorded, words]
        )  # fmt: skip
    sums = {(goes_to[account], account.currency, account.code): found for account, found in accounts.items()}
    yield from _trailer(day, sums, count, width=len(DETAILED_HEAD))


FORMS = {"summary": summary, "detailed": detailed}


def ends(day: date) -> tuple[datetime, datetime]:
    """The first moment of a day and of the next one."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def _trailer(day: date, sums: dict[Any, _Sums], lines: int, *, width: int) -> Iterator[str]:
    """Totals per currency and the number of lines above."""
    totals: dict[str, _Sums] = {}
    for key, found in sums.items():
        totals.setdefault(key[1], _Sums()).add(found.debit, found.credit, found.count)
    blank = [""] * (width - len(SUMMARY_HEAD))
    for code, total in sorted(totals.items()):
        if total.debit != total.credit:
            raise Unbalanced(f"Debits and credits of {day} differ in {code}.", currency=code)
        yield line(["total", day, "", "", code, *_amounts(total, code), total.count, *blank])
    yield line(["end", day, "", "", "", None, None, lines, *blank])


def _amounts(found: _Sums, code: str) -> tuple[Decimal, Decimal]:
    unit = currency(code).unit
    return found.debit.quantize(unit, context=EXACT), found.credit.quantize(unit, context=EXACT)


def _accounts(day: date, using: str) -> dict[Mapped, _Sums]:
    """What each account moved that day."""
    sql = """
        SELECT a.code, a.kind, a.currency, coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0),
               coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0), count(*)
          FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
         WHERE e.recorded_at >= %s AND e.recorded_at < %s AND e.layer = 0
         GROUP BY a.id ORDER BY a.code, a.currency"""
    return {Mapped(*row[:3]): _Sums(*row[3:]) for row in reading.rows(using, sql, ends(day))}


def _entries(day: date, using: str) -> Iterator[tuple[Any, ...]]:
    sql = """
        SELECT a.code, a.kind, a.currency, e.amount, e.transaction_id, e.leg, t.reason,
               t.source_system || '/' || t.source_kind || '/' || t.source_id, e.effective_at, e.recorded_at,
               t.description
          FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
          JOIN ledger_transaction t ON t.id = e.transaction_id
         WHERE e.recorded_at >= %s AND e.recorded_at < %s AND e.layer = 0
         ORDER BY e.recorded_at, e.transaction_id, e.leg"""
    for code, kind, unit, *rest in reading.stream(using, sql, ends(day)):
        yield Mapped(code, kind, unit), *rest
