"""The entries of a transaction as a table of debits and credits, and what people call the layers they stand on."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from ledger import ids, queries
from ledger.admin import display, references
from ledger.admin.panels import Table, columns

HEADS = columns(("Account", "main"), ("Debit", "money"), ("Credit", "money"), ("Before → after", "money"), "Layer")
LAYERS = {0: "posted", 1: "pending", 2: "released"}


def lines_table(request: HttpRequest, title: str, lines: Iterable[queries.Line], note: str = "") -> Table:
    """Debit and credit columns, with the account's posted balance before and after each line."""
    rows = tuple(
        (
            references.link(request, ids.encode("acc", line.account_id), display.account(line.code)),
            display.raw_amount(-line.amount, line.currency) if line.amount < 0 else "",
            display.raw_amount(line.amount, line.currency) if line.amount > 0 else "",
            _before_after(line),
            display.state(LAYERS[line.layer]),
        )
        for line in lines
    )
    return Table(title, HEADS, rows, note=note)


def _before_after(line: queries.Line) -> Any:
    if line.balance_before is None or line.balance_after is None:
        return display.DASH
    before, after = (display.raw_amount(value, line.currency) for value in (line.balance_before, line.balance_after))
    return before if line.balance_before == line.balance_after else display.joined(before, "→", after)
