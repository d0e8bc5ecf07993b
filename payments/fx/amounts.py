"""What a conversion moves, to the smallest unit: what the client gives and gets, the spread, the rounding residue.

The client's rate is the exact price less the spread, cut to eight significant digits in the firm's favour; it is what
is shown, and the amounts follow from it exactly. Then:

* the given amount stays as it is; the other one is rounded in the firm's favour to its currency's smallest unit;
* the position takes both amounts at the exact price, the spread the difference, each rounded down;
* what rounding leaves over, at most one smallest unit, is the residue and is posted to its own account.

What is below one smallest unit cannot be posted: it stays in the position, where revaluation finds it. Pure: no rate is
looked up and nothing is written here.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

from ledger.errors import InvalidAmount
from ledger.money import Money, currency

SIGNIFICANT = 8
BASIS = 10_000


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """`sell` = `position_sell` + `residue_sell`, and `position_buy` = `buy` + `spread` + `residue_buy`, checked."""

    rate: Decimal
    sell: Money
    position_sell: Money
    residue_sell: Money
    position_buy: Money
    spread: Money
    residue_buy: Money
    buy: Money

    def __post_init__(self) -> None:
        if self.sell != self.position_sell + self.residue_sell:
            raise AssertionError("What is sold is not what the position and the residue take.")
        if self.position_buy != self.buy + self.spread + self.residue_buy:
            raise AssertionError("What the position gives is not what the client, the spread and the residue take.")


def client_rate(price: Fraction, spread_bps: Decimal) -> Decimal:
    """The price less the spread, with eight significant digits, rounded down: never better than price less spread."""
    exact = price * (BASIS - Fraction(spread_bps)) / BASIS
    # Numerator and denominator are whole numbers and are divided once, so this is rounded once.
    context = Context(prec=SIGNIFICANT, rounding=ROUND_DOWN)
    return context.divide(Decimal(exact.numerator), Decimal(exact.denominator))


def selling(sell: Money, buy_currency: str, *, price: Fraction, spread_bps: Decimal) -> Amounts:
    """The client gives exactly `sell`. `price`: units of the bought currency for one of the sold.

    Raises InvalidAmount when so little would buy nothing, or so much is beyond what can be kept."""
    rate = client_rate(price, spread_bps)
    worth, due = _exact(sell) * price, _exact(sell) * Fraction(rate)
    buy = _down(due, buy_currency)
    position, spread = _down(worth, buy_currency), _down(worth - due, buy_currency)
    _require_something(buy)
    return Amounts(
        rate=rate,
        sell=sell,
        position_sell=sell,
        residue_sell=Money.zero(sell.currency),
        position_buy=position,
        spread=spread,
        residue_buy=position - spread - buy,
        buy=buy,
    )


def buying(buy: Money, sell_currency: str, *, price: Fraction, spread_bps: Decimal) -> Amounts:
    """The client gets exactly `buy`. `price`: units of the bought currency for one of the sold.

    Raises InvalidAmount."""
    rate = client_rate(price, spread_bps)
    cost = _exact(buy) / Fraction(rate)
    position_sell = _down(cost, sell_currency)
    _require_something(position_sell)
    sell = position_sell if _exact(position_sell) == cost else position_sell + _unit(sell_currency)
    spread = _down(cost * price - _exact(buy), buy.currency)
    return Amounts(
        rate=rate,
        sell=sell,
        position_sell=position_sell,
        residue_sell=sell - position_sell,
        position_buy=buy + spread,
        spread=spread,
        residue_buy=Money.zero(buy.currency),
        buy=buy,
    )


def _exact(money: Money) -> Fraction:
    return Fraction(money.amount)


def _down(amount: Fraction, code: str) -> Money:
    """The whole smallest units in an amount that is not negative."""
    return Money.from_minor(amount.numerator * 10 ** currency(code).exponent // amount.denominator, code)


def _unit(code: str) -> Money:
    return Money.from_minor(1, code)


def _require_something(money: Money) -> None:
    if not money:
        raise InvalidAmount(f"This is less than the smallest amount of {money.currency}.", param="amount")
