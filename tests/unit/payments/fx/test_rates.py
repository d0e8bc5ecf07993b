"""Prices from published rates: straight, turned round, and through one or two other currencies, without rounding."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from payments.fx.rates import PublishedRate, book, cross
from payments.fx.refusals import SameCurrency, UnsupportedPair
from payments.fx.spreads import Spreads

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def rate(pair: str, value: str, *, at: datetime = AT, source: str = "ecb") -> PublishedRate:
    base, counter = pair.split("/")
    return PublishedRate(
        reference=f"{pair}@{value}", base=base, counter=counter, value=Decimal(value), source=source, published_at=at
    )


ECB = [rate("EUR/USD", "1.0852"), rate("EUR/PLN", "4.3120"), rate("EUR/JPY", "163.42")]
PEGS = [rate("USD/KWD", "0.30715", source="file"), rate("BTC/USD", "95500", source="file")]
BOOK = book([*ECB, *PEGS])


@pytest.mark.parametrize(
    ("pair", "value", "path"),
    [
        ("EUR/USD", Fraction("1.0852"), "EUR USD"),
        ("USD/EUR", 1 / Fraction("1.0852"), "USD EUR"),
        ("USD/PLN", Fraction("4.3120") / Fraction("1.0852"), "USD EUR PLN"),
        ("KWD/BTC", 1 / Fraction("0.30715") / 95500, "KWD USD BTC"),
        ("PLN/KWD", Fraction("1.0852") * Fraction("0.30715") / Fraction("4.3120"), "PLN EUR USD KWD"),
        ("BTC/JPY", 95500 / Fraction("1.0852") * Fraction("163.42"), "BTC USD EUR JPY"),
    ],
)
def test_the_price_and_the_way_it_was_made(pair, value, path):
    sell, buy = pair.split("/")
    found = cross(BOOK, sell=sell, buy=buy)
    assert found.value == value
    assert " ".join(found.path) == path


def test_there_and_back_is_exactly_one():
    assert cross(BOOK, sell="KWD", buy="PLN").value * cross(BOOK, sell="PLN", buy="KWD").value == 1


def test_of_two_rates_for_a_pair_the_later_published_counts_whichever_way_round():
    later = rate("USD/EUR", "0.9300", at=AT + timedelta(hours=1), source="file")
    assert cross(book([*ECB, later]), sell="EUR", buy="USD").value == 1 / Fraction("0.93")
    assert cross(book([later, *ECB]), sell="USD", buy="EUR").value == Fraction("0.93")


def test_no_way_and_no_difference_are_refused_by_name():
    with pytest.raises(UnsupportedPair) as refused:
        cross(BOOK, sell="EUR", buy="ETH")
    assert (refused.value.code, refused.value.param) == ("unsupported_pair", "buy_currency")
    with pytest.raises(SameCurrency):
        cross(BOOK, sell="EUR", buy="EUR")


def test_the_most_specific_spread_wins():
    spreads = Spreads.parse("50 EUR/USD=30 *@professional=25 EUR/USD@professional=12.5")
    asked = [("EUR", "USD", "retail"), ("USD", "EUR", "professional"), ("EUR", "PLN", "professional"),
             ("EUR", "PLN", "retail")]  # fmt: skip
    found = [spreads.bps(sell=sell, buy=buy, client_class=group) for sell, buy, group in asked]
    assert found == [Decimal(30), Decimal("12.5"), Decimal(25), Decimal(50)]


@pytest.mark.parametrize("text", ["", "EUR/USD=30", "-5", "50 EUR/XXX=1", "50 EUR=1", "3000", "50 EUR/EUR=2", "5e1"])
def test_spreads_that_cannot_be_meant_are_refused(text):
    with pytest.raises(ValueError):
        Spreads.parse(text)
