"""Rates as sources publish them, and the exact price between any two currencies that follows from them.

A published rate is kept as its decimal; what is computed from it is a fraction, so that turning a rate round and going
through a third currency lose nothing. Nothing here rounds, and nothing here knows where rates come from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from payments.fx.refusals import SameCurrency, UnsupportedPair

# Through which currencies a price may be made, in this order. The ECB quotes everything against the euro; dollar pegs
# and crypto assets are quoted against the dollar.
PIVOTS = ("EUR", "USD")


@dataclass(frozen=True, kw_only=True)
class PublishedRate:
    """One unit of `base` costs `value` units of `counter`. `reference` is the row's public id, its provenance."""

    reference: str
    base: str
    counter: str
    value: Decimal
    source: str
    published_at: datetime


@dataclass(frozen=True)
class Leg:
    """One step of a price. `inverted`: the source quotes it the other way round."""

    rate: PublishedRate
    inverted: bool

    @property
    def factor(self) -> Fraction:
        exact = Fraction(self.rate.value)
        return 1 / exact if self.inverted else exact

    @property
    def target(self) -> str:
        return self.rate.base if self.inverted else self.rate.counter


@dataclass(frozen=True)
class CrossRate:
    """One unit of `sell` is worth `value` units of `buy`, by multiplying the legs."""

    sell: str
    buy: str
    legs: tuple[Leg, ...]

    @property
    def value(self) -> Fraction:
        product = Fraction(1)
        for leg in self.legs:
            product *= leg.factor
        return product

    @property
    def path(self) -> tuple[str, ...]:
        """The currencies passed, the sold one first."""
        return (self.sell, *(leg.target for leg in self.legs))


Book = Mapping[tuple[str, str], PublishedRate]


def book(rates: Iterable[PublishedRate]) -> Book:
    """The rates by pair. Of several for one pair the later published wins, then the later given."""
    found: dict[tuple[str, str], PublishedRate] = {}
    for rate in rates:
        known = found.get((rate.base, rate.counter))
        if known is None or rate.published_at >= known.published_at:
            found[rate.base, rate.counter] = rate
    return found


def cross(rates: Book, *, sell: str, buy: str) -> CrossRate:
    """The price of `sell` in `buy`: directly, else through one pivot, else through both.

    Raises SameCurrency, UnsupportedPair (param "buy_currency")."""
    if sell == buy:
        raise SameCurrency(param="buy_currency")
    for between in _routes():
        path = (sell, *between, buy)
        legs = [_leg(rates, start, end) for start, end in pairwise(path)]
        if len(set(path)) == len(path) and all(legs):
            return CrossRate(sell, buy, tuple(leg for leg in legs if leg))
    raise UnsupportedPair(f"There is no rate between {sell} and {buy}.", param="buy_currency")


def _routes() -> Iterable[tuple[str, ...]]:
    first, second = PIVOTS
    return (), (first,), (second,), (first, second), (second, first)


def _leg(rates: Book, start: str, end: str) -> Leg | None:
    """The step from one currency to another; of both ways of quoting, the later published."""
    straight, turned = rates.get((start, end)), rates.get((end, start))
    if straight and turned:
        return Leg(straight, False) if straight.published_at >= turned.published_at else Leg(turned, True)
    if straight:
        return Leg(straight, False)
    return Leg(turned, True) if turned else None
