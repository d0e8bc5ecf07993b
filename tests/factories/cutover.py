"""A cut-over for tests: the two files of an old system, small or large."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from payments.opening_files import COLUMNS, CONTROL_COLUMNS

DAY = "2026-10-31"
Row = tuple[str, str, str, str, str, str, str, str, str]

EVERYTHING: tuple[Row, ...] = (
    ("c1", "Ada Lund", "ada@example.test", "SE", "wallet", "", "EUR", "1000.50", DAY),
    ("c1", "Ada Lund", "ada@example.test", "SE", "pocket", "savings", "EUR", "200.00", DAY),
    ("c1", "", "", "", "trading", "mt5:70001", "USD", "-12.25", DAY),
    ("c1", "", "", "", "bonus", "mt5:70001", "USD", "50.00", DAY),
    ("c2", "Ben Okoro", "ben@example.test", "NG", "wallet", "", "JPY", "70000", DAY),
    ("c2", "Ben Okoro", "ben@example.test", "NG", "debt", "", "EUR", "30.00", DAY),
    ("c2", "Ben Okoro", "ben@example.test", "NG", "wallet", "", "EUR", "0", DAY),
    ("", "", "", "", "bank_client_money", "sepa", "EUR", "1170.50", DAY),
    ("", "", "", "", "psp_clearing", "stripe", "USD", "-37.75", DAY),
    ("", "", "", "", "psp_payout", "sepa", "EUR", "5.00", DAY),
)


def balances(rows: Iterable[Row] = EVERYTHING) -> bytes:
    """The file of balances."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])
    return out.getvalue().encode()


def control(rows: Iterable[Row] = EVERYTHING) -> bytes:
    """The control file that agrees with these rows."""
    sums: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for row in rows:
        count, amount = sums.get((row[4], row[6]), (0, Decimal(0)))
        sums[row[4], row[6]] = count + 1, amount + Decimal(row[7])
    lines = [f"{kind},{code},{count},{amount:f}" for (kind, code), (count, amount) in sums.items()]
    return "\n".join([",".join(CONTROL_COLUMNS), *lines, ""]).encode()


def many(count: int) -> list[Row]:
    """`count` rows of as many accounts: each client has a wallet, a pocket and a login."""
    rows: list[Row] = []
    for number in range(1, count + 1):
        client, kind = (number + 2) // 3, number % 3
        name = (f"m{client}", f"Client {client}", f"m{client}@example.test", "DE")
        account = ("wallet", "") if kind == 1 else ("pocket", "savings") if kind == 2 else ("trading", f"mt5:{client}")
        rows.append((*name, *account, "EUR", f"{number}.{number % 100:02d}", DAY))
    return rows
