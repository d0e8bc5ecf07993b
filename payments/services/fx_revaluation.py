"""What the firm's FX position is worth: per currency at a moment, at the rates of a moment, in one currency.

A conversion puts what was sold into `house/fx` and takes what was bought out of it, both at the exact price, so the
position is worth nothing when it is made; what it is worth later is the unrealised profit or loss. Rates are named;
a currency without a rate is shown without a value, never guessed. Reads only, in one statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from django.conf import settings
from django.db import connections

from ledger.errors import InvalidRequest
from ledger.money import Money, currency
from payments.actors import Actor
from payments.fx.rates import Book, CrossRate, PublishedRate, book, cross
from payments.fx.refusals import UnsupportedPair
from payments.services import rate_book

PERMISSION = "payments.view_fxrevaluation"
_SHOWN = Context(prec=12, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, kw_only=True)
class Position:
    """One currency. `position` is `house/fx` (above zero: the firm holds more than it owes because of conversions),
    `net` all assets less all that is owed to clients and others. `value` is the position in the reporting currency."""

    currency: str
    assets: Money
    client_liabilities: Money
    other_liabilities: Money
    net: Money
    position: Money
    rate: Decimal | None
    value: Money | None
    rates: tuple[PublishedRate, ...]
    stale: bool


@dataclass(frozen=True, kw_only=True)
class Revaluation:
    """`profit` is the sum of the values, None while a position has no rate; below zero it is a loss."""

    at: datetime
    rates_at: datetime
    currency: str
    rows: tuple[Position, ...]

    @property
    def complete(self) -> bool:
        return all(row.value is not None or not row.position for row in self.rows)

    @property
    def profit(self) -> Money | None:
        if not self.complete:
            return None
        return sum((row.value for row in self.rows if row.value), Money.zero(self.currency))


_SUMS = """
    SELECT a.currency,
           coalesce(-sum(e.amount) FILTER (WHERE a.category = 'asset'), 0),
           coalesce(sum(e.amount) FILTER (WHERE a.category = 'liability' AND a.owner <> ''), 0),
           coalesce(sum(e.amount) FILTER (WHERE a.category = 'liability' AND a.owner = ''), 0),
           coalesce(sum(e.amount) FILTER (WHERE a.kind = 'fx'), 0)
      FROM ledger_entry e
      JOIN ledger_account a ON a.id = e.account_id
     WHERE e.layer = 0 AND e.effective_at <= %s
     GROUP BY a.currency
     ORDER BY a.currency
"""


def report(
    *,
    at: datetime,
    actor: Actor,
    now: datetime,
    rates_at: datetime | None = None,
    reporting_currency: str = "",
    using: str = "default",
) -> Revaluation:
    """Revalue what the books held at `at` by the last usable rates published until `rates_at` (default: `at`).

    Both are read from the connection `using`.

    Raises Forbidden, InvalidRequest for a moment still to come, InvalidAmount for an unknown currency."""
    actor.require(PERMISSION)
    code = currency(reporting_currency or settings.FX["reporting_currency"]).code
    moment = rates_at or at
    for name, asked in (("at", at), ("rates_at", moment)):
        if asked > now:
            raise InvalidRequest("This moment is still to come.", param=name)
    with connections[using].cursor() as cursor:
        cursor.execute(_SUMS, [at])
        sums = cursor.fetchall()
    rates = book(rate_book.latest(at=moment, using=using))
    rows = tuple(_row(*figures, reporting=code, rates=rates, moment=moment) for figures in sums)
    return Revaluation(at=at, rates_at=moment, currency=code, rows=rows)


def _row(
    code: str,
    assets: Decimal,
    clients: Decimal,
    others: Decimal,
    position: Decimal,
    *,
    reporting: str,
    rates: Book,
    moment: datetime,
) -> Position:
    price = _price(rates, code, reporting)
    held = [Money.of(amount, code) for amount in (assets, clients, others, position)]
    used = () if price is None else tuple(leg.rate for leg in price.legs)
    return Position(
        currency=code,
        assets=held[0],
        client_liabilities=held[1],
        other_liabilities=held[2],
        net=held[0] - held[1] - held[2],
        position=held[3],
        rate=None if price is None else _SHOWN.divide(Decimal(price.value.numerator), Decimal(price.value.denominator)),
        value=None if price is None else worth(held[3], price),
        rates=used,
        stale=any(moment >= rate_book.stale_at(rate) for rate in used),
    )


def _price(rates: Book, code: str, reporting: str) -> CrossRate | None:
    if code == reporting:
        return CrossRate(code, code, ())
    try:
        return cross(rates, sell=code, buy=reporting)
    except UnsupportedPair:
        return None


def worth(money: Money, price: CrossRate) -> Money:
    """The money in the other currency, rounded half to even to its smallest unit."""
    exact = Fraction(money.amount) * price.value
    return Money.from_minor(round(exact * 10 ** currency(price.buy).exponent), price.buy)


COLUMNS = (
    "currency", "assets", "client_liabilities", "other_liabilities", "net", "position", "rate", "value", "stale",
    "rates",
)  # fmt: skip


def table(found: Revaluation) -> Sequence[Sequence[str]]:
    """The report as lines of text for a file: a head, one line per currency, the total."""
    lines: list[Sequence[str]] = [COLUMNS]
    for row in found.rows:
        figures = (row.assets, row.client_liabilities, row.other_liabilities, row.net, row.position)
        lines.append(
            (
                row.currency,
                *(figure.text for figure in figures),
                "" if row.rate is None else f"{row.rate.normalize():f}",
                "" if row.value is None else row.value.text,
                "yes" if row.stale else "no",
                " ".join(rate.reference for rate in row.rates),
            )
        )
    total = "" if found.profit is None else found.profit.text
    lines.append(("total", "", "", "", "", "", "", total, "", f"{found.currency} {found.rates_at.isoformat()}"))
    return lines
