"""What an act would write, shown before it is confirmed: the real call with all its checks, looked at and taken back.

Nothing stays of it. It says what would happen now; who confirms later is judged again.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger import dry_runs, queries
from ledger.admin import display
from ledger.admin.lines import LAYERS
from ledger.admin.panels import Panel, Table, columns
from ledger.chart import KINDS
from ledger.models import Entry, Transaction
from ledger.money import EXACT
from ledger.queries import Figures, Line

HEADS = columns(("Account", "main"), ("Debit", "money"), ("Credit", "money"), "Layer")
CHANGES = columns(("Account", "main"), ("Before", "money"), ("After", "money"))


@dataclass
class _Change:
    """What the entries of one account add to its figures, in its normal direction."""

    posted: Decimal = Decimal(0)
    out: Decimal = Decimal(0)
    incoming: Decimal = Decimal(0)

    def add(self, line: Line) -> None:
        value = line.amount if KINDS[line.kind].sign > 0 else line.amount.copy_negate()
        if line.layer == Entry.Layer.POSTED:
            self.posted = EXACT.add(self.posted, value)
        # Pending money that leaves waits in `out`, until an entry of the other sign releases it.
        elif (value < 0) == (line.layer == Entry.Layer.PENDING):
            self.out = EXACT.subtract(self.out, value)
        else:
            self.incoming = EXACT.add(self.incoming, value)


def entries(title: str, work: Callable[[], uuid.UUID]) -> list[Panel]:
    """The entries of the transaction that `work` would make, and the balances that they would change.

    Raises what `work` raises."""
    lines, after = dry_runs.rehearse(lambda: _seen(work()))
    return [_written(title, lines), _balances(lines, after)]


def _seen(transaction_id: uuid.UUID) -> tuple[list[Line], list[Figures]]:
    lines = queries.lines_of(transaction_id)
    return lines, [queries.balance_of(key) for key in dict.fromkeys(line.account_id for line in lines)]


def _written(title: str, lines: Iterable[Line]) -> Table:
    rows = tuple(
        (
            display.account(line.code),
            display.raw_amount(-line.amount, line.currency) if line.amount < 0 else "",
            display.raw_amount(line.amount, line.currency) if line.amount > 0 else "",
            display.state(LAYERS[line.layer]),
        )
        for line in lines
    )
    return Table(title, HEADS, rows)


def _balances(lines: Iterable[Line], after: Iterable[Figures]) -> Table:
    changes: dict[int, _Change] = {}
    for line in lines:
        changes.setdefault(line.account_id, _Change()).add(line)
    rows = tuple(row for figures in after for row in _changed(figures, changes[figures.account_id]))
    return Table("What the accounts will hold", CHANGES, rows, "No balance changes.")


def _changed(after: Figures, change: _Change) -> list[tuple[Any, ...]]:
    """A line for each figure that moves. What is available is a figure of its own where something is pending."""
    waits = after.pending_out or change.out
    figures = (
        ("posted", after.balance, change.posted),
        ("on its way out", after.pending_out, change.out),
        ("on its way in", after.pending_in, change.incoming),
        ("available", after.available, EXACT.subtract(change.posted, change.out) if waits else Decimal(0)),
    )
    return [
        (
            display.stacked(display.account(after.code), name),
            display.raw_amount(EXACT.subtract(value, moved), after.currency),
            display.raw_amount(value, after.currency),
        )
        for name, value, moved in figures
        if moved
    ]


def movement_of(hold_id: uuid.UUID, work: Callable[[], Any]) -> Callable[[], uuid.UUID]:
    """`work` that moves a hold, as work that answers with the transaction which moved it."""

    def moved() -> uuid.UUID:
        movements = Transaction.objects.filter(moves_hold=hold_id)
        earlier = list(movements.values_list("pk", flat=True))
        work()
        return uuid.UUID(str(movements.exclude(pk__in=earlier).values_list("pk", flat=True).get()))

    return moved
