"""The texts that a closed period keeps digests of: statements of a day and of a month, and the trial balance, as CSV.

Written here without a database, byte for byte as the database function `ledger_statement` writes them, so that an
archive can be verified by itself and each of the two is a check on the other. Pure; never rounds, never reads a clock.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

EXACT = Context(prec=60)
LAYERS = ("posted", "pending", "released")
_DAY = "row,effective_at,entry,transaction,leg,reason,reference,layer,change,balance,pending_in,pending_out"
_MONTH = "row,period,entries,balance,digest"
_TRIAL = "account,currency,category,debit,credit,pending_in,pending_out"


@dataclass(frozen=True)
class Figures:
    """Posted balance and what was pending, in the account's normal direction, major units."""

    balance: Decimal
    pending_in: Decimal
    pending_out: Decimal

    def after(self, change: Decimal, layer: int) -> "Figures":
        """The figures after one more entry."""
        if layer == 0:
            return Figures(EXACT.add(self.balance, change), self.pending_in, self.pending_out)
        if (layer == 1) == (change > 0):
            return Figures(self.balance, EXACT.add(self.pending_in, change), self.pending_out)
        return Figures(self.balance, self.pending_in, EXACT.subtract(self.pending_out, change))


@dataclass(frozen=True)
class Titled:
    """What a statement is of: `exponent` is the number of decimals of the currency."""

    code: str
    currency: str
    exponent: int
    period: str
    zone: str

    def __str__(self) -> str:
        return quoted(f"{self.code} {self.currency} {self.period} {self.zone}")

    def amount(self, value: Decimal) -> str:
        """With all decimals of the currency."""
        return text(value, self.exponent)


@dataclass(frozen=True)
class Line:
    """One entry of a statement; `change` in the account's normal direction, times as the text has them."""

    effective_at: str
    entry: int
    transaction: str
    leg: int
    reason: str
    reference: str
    layer: int
    change: Decimal


def day_statement(title: Titled, starts_at: str, ends_at: str, opening: Figures, lines: Sequence[Line]) -> str:
    """The statement of one account over one day; `lines` by effective time, then entry."""
    found, figures = [_DAY, _edge("opening", starts_at, title, opening)], opening
    for line in lines:
        figures = figures.after(line.change, line.layer)
        found.append(
            f"entry,{line.effective_at},{line.entry},{line.transaction},{line.leg},{line.reason},"
            f"{quoted(line.reference)},{LAYERS[line.layer]},{title.amount(line.change)},{title.amount(figures.balance)},,"
        )
    return _joined([*found, _edge("closing", ends_at, title, figures)])


def month_statement(
    title: Titled, opening: Decimal, closing: Decimal, days: Iterable[tuple[str, int, Decimal, str]]
) -> str:
    """The statement of one account over a month: its days as (label, entries, closing, digest), in order."""
    rows = list(days)
    found = [f"day,{label},{count},{title.amount(balance)},{digest}" for label, count, balance, digest in rows]
    count = sum(row[1] for row in rows)
    first, last = f"opening,{title},,{title.amount(opening)},", f"closing,{title},{count},{title.amount(closing)},"
    return _joined([_MONTH, first, *found, last])


def trial_balance(period: str, zone: str, rows: Iterable[tuple[Titled, str, int, Figures]]) -> str:
    """The trial balance: (account, category, normal side +1 or -1, figures), without accounts that hold nothing."""
    found = [_TRIAL, f"{quoted(f'period {period} {zone}')},,,,,,"]
    for title, category, sign, figures in sorted(rows, key=lambda row: (row[0].currency, row[0].code)):
        if not (figures.balance or figures.pending_in or figures.pending_out):
            continue
        signed = figures.balance * sign
        amounts = (max(-signed, Decimal(0)), max(signed, Decimal(0)), figures.pending_in, figures.pending_out)
        found.append(",".join((title.code, title.currency, category, *(title.amount(amount) for amount in amounts))))
    return _joined(found)


def period_digest(trial_digest: str, statements: Iterable[tuple[str, str, str]]) -> str:
    """One digest for a period: of its trial balance's and each statement's, as (code, currency, digest)."""
    rows = sorted(statements, key=lambda row: (row[1], row[0]))
    return digest(trial_digest + "\n" + "".join(f"{','.join(row)}\n" for row in rows))


def digest(content: str) -> str:
    """SHA-256 of the text in UTF-8, in hex."""
    return hashlib.sha256(content.encode()).hexdigest()


def text(value: Decimal, exponent: int) -> str:
    """An exact amount with this many decimals; zero has no sign."""
    exact = value.quantize(Decimal(1).scaleb(-exponent), context=EXACT)
    return f"{exact if exact else abs(exact):f}"


def quoted(content: str) -> str:
    return '"' + content.replace('"', '""') + '"'


def _edge(row: str, at: str, title: Titled, figures: Figures) -> str:
    amounts = (title.amount(value) for value in (figures.balance, figures.pending_in, figures.pending_out))
    return f"{row},{at},,,,,{title},,,{','.join(amounts)}"


def _joined(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)
