"""Showing a posting before it is made: its debits and credits, and what every touched account will hold after it.

Reads only: an account that does not exist yet stands at zero and is not opened by being looked at.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from ledger import accounts, queries
from ledger.admin import display
from ledger.admin.panels import Table, columns
from ledger.chart import classify
from ledger.errors import NotFound
from ledger.money import EXACT
from payments.postings import Recipe

HEADS = columns(("Account", "main"), ("Debit", "money"), ("Credit", "money"), ("Before → after", "money"))


def preview(title: str, *recipes: Recipe, note: str = "") -> Table:
    """The lines of these recipes, one after the other, with each account's posted balance before and after."""
    change: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rows: list[tuple[Any, ...]] = []
    for recipe in recipes:
        for line in recipe.lines:
            key = (line.account, line.money.currency)
            sign = classify(line.account)[0].sign * (1 if line.side == "credit" else -1)
            before = EXACT.add(posted(*key), change[key])
            change[key] = EXACT.add(change[key], line.money.amount * sign)
            after = EXACT.add(posted(*key), change[key])
            rows.append(
                (
                    display.stacked(display.account(line.account), display.words(recipe.reason).capitalize()),
                    display.amount(line.money) if line.side == "debit" else "",
                    display.amount(line.money) if line.side == "credit" else "",
                    before_after(before, after, line.money.currency),
                )
            )
    return Table(title, HEADS, tuple(rows), note=note)


def before_after(before: Decimal, after: Decimal, currency: str) -> Any:
    """Two figures with an arrow; one when nothing changes."""
    if before == after:
        return display.joined(display.raw_amount(before, currency), "unchanged")
    return display.joined(display.raw_amount(before, currency), "→", display.raw_amount(after, currency))


def posted(code: str, currency: str) -> Decimal:
    """The posted balance of an account, zero when it was never used."""
    try:
        return queries.balance_of(accounts.find(code, currency).id).balance
    except NotFound:
        return Decimal(0)
