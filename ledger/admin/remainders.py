"""What is left of a transaction: of a reservation what is still pending, of a posted one what was not reversed.

Several entries of one account and side are one, as the database counts them. Reads only; the database has the last
word under its locks.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ledger import ids
from ledger.admin import display
from ledger.admin.panels import Table, columns
from ledger.models import Entry, Transaction
from ledger.money import EXACT, Money

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Remainder:
    """One account and side of a transaction, major units, never negative. `taken`: posted of a reservation, reversed of
    a posted transaction. `given_back`: voided or expired."""

    account_id: int
    code: str
    currency: str
    side: str
    written: Decimal
    taken: Decimal = ZERO
    given_back: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return EXACT.subtract(EXACT.subtract(self.written, self.taken), self.given_back)

    @property
    def account(self) -> str:
        return ids.encode("acc", self.account_id)

    def money(self, amount: Decimal) -> Money:
        return Money.of(amount, self.currency)


def of_reservation(transaction_id: uuid.UUID) -> list[Remainder]:
    """What is still pending of each entry of a reservation, in the order they were written."""
    return _of(transaction_id, Entry.Layer.PENDING, Entry.Layer.RELEASED, "transaction__pending")


def of_posted(transaction_id: uuid.UUID) -> list[Remainder]:
    """What was not reversed of each posted entry of a transaction, in the order they were written."""
    return _of(transaction_id, Entry.Layer.POSTED, Entry.Layer.POSTED, "transaction__reverses")


def _of(transaction_id: uuid.UUID, layer: int, later_layer: int, link: str) -> list[Remainder]:
    found: dict[tuple[int, str], Remainder] = {}
    own = Entry.objects.filter(transaction=transaction_id, layer=layer).order_by("leg")
    for key, code, currency, amount in own.values_list("account_id", "account__code", "currency_id", "amount"):
        side = "credit" if amount > 0 else "debit"
        known = found.get((key, side)) or Remainder(
            account_id=key, code=code, currency=currency, side=side, written=ZERO
        )
        found[key, side] = replace(known, written=EXACT.add(known.written, abs(amount)))
    later = Entry.objects.filter(**{link: transaction_id, "layer": later_layer})
    for key, amount, phase in later.values_list("account_id", "amount", "transaction__phase"):
        side = "debit" if amount > 0 else "credit"  # what follows mirrors it
        part = "given_back" if phase in (Transaction.Phase.VOID, Transaction.Phase.EXPIRE) else "taken"
        before = found[key, side]
        found[key, side] = replace(before, **{part: EXACT.add(getattr(before, part), abs(amount))})
    return list(found.values())


def credits_left(found: Iterable[Remainder]) -> dict[str, Money]:
    """What is left per currency, as an amount that `post` and `reverse` take; without currencies that are used up."""
    totals: dict[str, Money] = {}
    for row in found:
        if row.side == "credit" and row.left:
            totals[row.currency] = totals.get(row.currency, Money.zero(row.currency)) + row.money(row.left)
    return totals


def table(title: str, found: Sequence[Remainder], *, written: str, taken: str, left: str) -> Table:
    """Account by account; `given back` only where something was."""
    back = any(row.given_back for row in found)
    rows: tuple[tuple[Any, ...], ...] = tuple(
        (
            display.stacked(display.account(row.code), row.side),
            display.raw_amount(row.written, row.currency),
            display.raw_amount(row.taken, row.currency) if row.taken else "",
            *((display.raw_amount(row.given_back, row.currency) if row.given_back else "",) if back else ()),
            display.raw_amount(row.left, row.currency),
        )
        for row in found
    )
    heads = (written, taken, *(("Given back",) if back else ()), left)
    return Table(title, columns(("Account", "main"), *((head, "money") for head in heads)), rows)
