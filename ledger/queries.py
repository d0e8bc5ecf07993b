"""Reading the ledger: what accounts hold now or held at a time, their entries, the trial balance.

Every figure comes from the database in one statement, so that what is shown together was true together. Balances are in
the account's normal direction (what people call "the balance"); entry amounts are signed as written, credit positive.
Nothing here writes, locks or decides.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection

from ledger.entry_pages import EntryPage, EntryRow, entries_of
from ledger.errors import NotFound
from ledger.models import Transaction
from ledger.money import EXACT

__all__ = [
    "EntryPage",
    "EntryRow",
    "Figures",
    "Line",
    "TrialRow",
    "as_of",
    "balance_of",
    "balances_of",
    "balances_of_many",
    "entries_of",
    "lines_of",
    "lines_of_many",
    "states_of",
    "transaction_state",
    "trial_balance",
]

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one account holds, major units. `seq` counts its entries (None for house accounts, which are not counted).

    `pending_out` is on its way out and no longer available; `pending_in` is on its way in and not yet there."""

    account_id: int
    code: str
    currency: str
    kind: str
    owner: str
    status: str
    balance: Decimal
    pending_in: Decimal
    pending_out: Decimal
    seq: int | None

    @property
    def available(self) -> Decimal:
        """What can be spent: the balance less what is on its way out."""
        return EXACT.subtract(self.balance, self.pending_out)


_FIGURES = """
    SELECT a.id AS account_id, a.code, a.currency, a.kind, a.owner, a.status,
           n.balance, n.pending_in, n.pending_out, n.seq
"""


def balance_of(account_id: int) -> Figures:
    """What an account holds now. Raises NotFound."""
    sql = f"{_FIGURES} FROM ledger_account a, LATERAL ledger_balance_now(a.id) n WHERE a.id = %s"
    return _one(sql, [account_id])


def balances_of(owner: str) -> list[Figures]:
    """What every account of an owner holds now, by code and currency."""
    return balances_of_many([owner])[owner]


def balances_of_many(owners: Iterable[str]) -> dict[str, list[Figures]]:
    """`balances_of` for many owners in one query; an owner without accounts has an empty list."""
    found: dict[str, list[Figures]] = {owner: [] for owner in owners}
    sql = f"""{_FIGURES} FROM ledger_account a JOIN ledger_balance n ON n.account_id = a.id
               WHERE a.owner = ANY (%s::text[]) AND a.owner <> '' ORDER BY a.code, a.currency"""
    for figures in _rows(Figures, sql, [list(found)]):
        found[figures.owner].append(figures)
    return found


def as_of(account_id: int, *, effective_at: datetime | None = None, recorded_at: datetime | None = None) -> Figures:
    """What an account held at a time, that time included.

    `effective_at` asks what had happened by then, `recorded_at` what we had learned by then; with both: what we then
    knew about the other moment. None means now. Raises NotFound."""
    sql = f"""{_FIGURES} FROM ledger_account a, LATERAL ledger_as_of(a.id, %s::timestamptz, %s::timestamptz) n
               WHERE a.id = %s"""
    return _one(sql, [effective_at, recorded_at, account_id])


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One account in the trial balance: its posted balance as a debit or as a credit, the other is zero."""

    account_id: int
    code: str
    currency: str
    kind: str
    category: str
    balance: Decimal
    debit: Decimal
    credit: Decimal


def trial_balance(
    *, currency: str | None = None, effective_at: datetime | None = None, recorded_at: datetime | None = None
) -> list[TrialRow]:
    """Every account with its posted balance, now or as of a time by either clock or both (see `as_of`).

    Per currency, debits equal credits at any moment: the entries of a transaction share both of their times."""
    at_a_time = effective_at is not None or recorded_at is not None
    figures = "ledger_as_of(a.id, %s::timestamptz, %s::timestamptz)" if at_a_time else "ledger_balance_now(a.id)"
    sql = f"""
        SELECT a.id AS account_id, a.code, a.currency, a.kind, a.category, n.balance,
               greatest(-n.balance * a.sign, 0) AS debit, greatest(n.balance * a.sign, 0) AS credit
          FROM ledger_account a, LATERAL {figures} n
         WHERE %s::text IS NULL OR a.currency = %s
         ORDER BY a.currency, a.code"""  # noqa: S608 (one of two literals)
    return _rows(TrialRow, sql, [*([effective_at, recorded_at] if at_a_time else []), currency, currency])


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry of a transaction with the account's posted balance before and after it (None for house accounts)."""

    entry_id: int
    leg: int
    account_id: int
    code: str
    currency: str
    kind: str
    amount: Decimal
    layer: int
    seq: int | None
    balance_before: Decimal | None
    balance_after: Decimal | None

    @property
    def direction(self) -> str:
        return "credit" if self.amount > 0 else "debit"


def lines_of(transaction_id: uuid.UUID) -> list[Line]:
    """The entries of a transaction in the order they were written; none when there is no such transaction."""
    return lines_of_many([transaction_id])[transaction_id]


def lines_of_many(transaction_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    """`lines_of` for a page of transactions in one query."""
    found: dict[uuid.UUID, list[Line]] = {key: [] for key in transaction_ids}
    sql = """
        SELECT e.transaction_id, e.id AS entry_id, e.leg, e.account_id, a.code, e.currency, a.kind, e.amount, e.layer,
               e.seq, e.balance_after - CASE WHEN e.layer = 0 THEN e.amount * a.sign ELSE 0 END AS balance_before,
               e.balance_after
          FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
         WHERE e.transaction_id = ANY (%s::uuid[]) ORDER BY e.transaction_id, e.leg"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(found)])
        names = [column[0] for column in cursor.description][1:]
        for key, *values in cursor.fetchall():
            found[key].append(Line(**dict(zip(names, values, strict=True))))
    return found


def transaction_state(transaction: Transaction) -> str:
    """`pending`, `posted`, `voided`, `expired`, `reversed` or `partly_reversed`: derived, the transaction itself never
    changes."""
    return states_of([transaction.pk])[transaction.pk]


def states_of(transaction_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """`transaction_state` for a page of transactions in one query. What does not exist is left out.

    A pending transaction counts as reversed when what was posted of it has been reversed."""
    sql = """
        SELECT t.id,
               CASE WHEN r.reversed = 0 THEN
                         CASE t.phase WHEN 'pending' THEN p.state WHEN 'void' THEN 'voided'
                                      WHEN 'expire' THEN 'expired' ELSE 'posted' END
                    WHEN r.reversed < o.posted THEN 'partly_reversed' ELSE 'reversed' END
          FROM ledger_transaction t
          LEFT JOIN ledger_pending p ON p.transaction_id = t.id
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(e.amount), 0) AS reversed FROM ledger_entry e
                WHERE e.amount > 0 AND e.layer = 0 AND e.transaction_id IN (
                      SELECT x.id FROM ledger_transaction x WHERE x.reverses_id = t.id
                       UNION ALL
                      SELECT x.id FROM ledger_transaction x JOIN ledger_transaction s ON s.id = x.reverses_id
                       WHERE t.phase = 'pending' AND s.pending_id = t.id)) r
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(e.amount), 0) AS posted FROM ledger_entry e
                WHERE r.reversed > 0 AND e.amount > 0 AND e.layer = 0 AND e.transaction_id IN (
                      SELECT t.id UNION ALL SELECT s.id FROM ledger_transaction s
                       WHERE t.phase = 'pending' AND s.pending_id = t.id)) o
         WHERE t.id = ANY (%s::uuid[])"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(transaction_ids)])
        return dict(cursor.fetchall())


def _one(sql: str, parameters: Sequence[Any]) -> Figures:
    found = _rows(Figures, sql, parameters)
    if not found:
        raise NotFound("There is no such account.", param="account")
    return found[0]


def _rows(kind: type[Row], sql: str, parameters: Sequence[Any]) -> list[Row]:
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = [column[0] for column in cursor.description]
        assert found == names, f"{kind.__name__} and its query differ"  # noqa: S101 (a slip of ours, not of data)
        return [kind(**dict(zip(names, values, strict=True))) for values in cursor.fetchall()]
