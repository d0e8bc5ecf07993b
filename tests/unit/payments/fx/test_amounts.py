"""What a conversion moves: nothing is lost, nothing is made, and the client never gets more than he was quoted."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.errors import InvalidAmount
from ledger.money import CURRENCIES, Money, currency
from payments import postings
from payments.fx.amounts import Amounts, buying, client_rate, selling

CODES = st.sampled_from(sorted(CURRENCIES))
PRICES = st.builds(Fraction, st.integers(1, 10**9), st.integers(1, 10**9))
SPREADS = st.decimals(min_value=0, max_value=2000, places=2)
MINOR = st.integers(min_value=1, max_value=10**14)


def one_unit(money: Money) -> Money:
    return Money.from_minor(1, money.currency)


def computed(compute, minor: int, given_code: str, other: str, price: Fraction, bps: Decimal) -> Amounts:
    assume(given_code != other)
    try:
        return compute(Money.from_minor(minor, given_code), other, price=price, spread_bps=bps)
    except InvalidAmount:
        assume(False)
        raise


@given(MINOR, CODES, CODES, PRICES, SPREADS, st.sampled_from([selling, buying]))
def test_what_leaves_is_what_arrives_and_spread_and_residue_in_each_currency(minor, first, second, price, bps, compute):
    amounts = computed(compute, minor, first, second, price, bps)
    assert amounts.sell == amounts.position_sell + amounts.residue_sell
    assert amounts.position_buy == amounts.buy + amounts.spread + amounts.residue_buy
    recipe = postings.converted(wallet="client/x/wallet", amounts=amounts)
    assert not any(postings.difference(recipe.lines).values())
    assert all(line.money.amount > 0 for line in recipe.lines)


@given(MINOR, CODES, CODES, PRICES, SPREADS, st.sampled_from([selling, buying]))
def test_the_client_never_gets_a_better_rate_than_quoted(minor, first, second, price, bps, compute):
    amounts = computed(compute, minor, first, second, price, bps)
    quoted = Fraction(amounts.rate)
    assert quoted <= price * (10_000 - Fraction(bps)) / 10_000
    assert Fraction(amounts.buy.amount) <= Fraction(amounts.sell.amount) * quoted
    # …and never a unit worse than that either, in the amount that was not given.
    if compute is selling:
        assert Fraction((amounts.buy + one_unit(amounts.buy)).amount) > Fraction(amounts.sell.amount) * quoted
    else:
        less = Fraction((amounts.sell - one_unit(amounts.sell)).amount)
        assert less * quoted < Fraction(amounts.buy.amount)


@given(MINOR, CODES, CODES, PRICES, SPREADS, st.sampled_from([selling, buying]))
def test_the_residue_is_at_most_one_smallest_unit(minor, first, second, price, bps, compute):
    amounts = computed(compute, minor, first, second, price, bps)
    for residue in (amounts.residue_sell, amounts.residue_buy):
        assert Money.zero(residue.currency) <= residue <= one_unit(residue)
    assert not (amounts.residue_sell and amounts.residue_buy)


@given(MINOR, CODES, CODES, PRICES, SPREADS)
def test_there_and_back_never_makes_money(minor, first, second, price, bps):
    there = computed(selling, minor, first, second, price, bps)
    back = computed(selling, there.buy.minor, second, first, 1 / price, bps)
    assert back.buy <= there.sell


@given(MINOR, CODES, CODES, PRICES, SPREADS)
def test_buying_what_a_sale_gave_costs_no_more_than_that_sale(minor, first, second, price, bps):
    sold = computed(selling, minor, first, second, price, bps)
    bought = computed(buying, sold.buy.minor, second, first, price, bps)
    assert bought.buy == sold.buy and bought.sell <= sold.sell


@given(MINOR, CODES, CODES, PRICES, SPREADS)
def test_the_position_is_within_a_smallest_unit_of_the_price(minor, first, second, price, bps):
    amounts = computed(selling, minor, first, second, price, bps)
    exact = Fraction(amounts.position_sell.amount) * price
    unit = Fraction(currency(second).unit)
    assert 0 <= exact - Fraction(amounts.position_buy.amount) < unit


def test_a_thousand_dollars_at_the_published_rate_of_a_day():
    price = 1 / Fraction("1.0852")  # euros for one dollar
    amounts = selling(Money.of("1000.00", "USD"), "EUR", price=price, spread_bps=Decimal(35))
    assert amounts.rate == Decimal("0.91826391")  # 0.921489… less 0.35 %, cut
    shown = [str(x) for x in (amounts.position_buy, amounts.buy, amounts.spread, amounts.residue_buy)]
    assert shown == ["921.48 EUR", "918.26 EUR", "3.22 EUR", "0.00 EUR"]


def test_buying_exactly_five_hundred_euros():
    price = 1 / Fraction("1.0852")
    amounts = buying(Money.of("500.00", "EUR"), "USD", price=price, spread_bps=Decimal(35))
    shown = [str(x) for x in (amounts.sell, amounts.position_sell, amounts.residue_sell, amounts.spread)]
    assert shown == ["544.51 USD", "544.50 USD", "0.01 USD", "1.75 EUR"]
    assert str(amounts.position_buy) == "501.75 EUR"


@pytest.mark.parametrize(
    ("sell", "into", "price", "gets"),
    [
        ("10000", "JPY>KWD", Fraction("0.30715") / Fraction("150.59"), "20.294 KWD"),
        ("10.001", "KWD>JPY", Fraction("150.59") / Fraction("0.30715"), "4878 JPY"),
        ("0.12345678", "BTC>EUR", Fraction(88_000), "10809.87 EUR"),
        ("100.00", "EUR>ETH", Fraction(1, 2900), "0.034310344000000000 ETH"),
    ],
)
def test_currencies_of_no_three_eight_and_eighteen_decimals(sell, into, price, gets):
    start, end = into.split(">")
    amounts = selling(Money.of(sell, start), end, price=price, spread_bps=Decimal(50))
    assert str(amounts.buy) == gets


def test_too_little_to_buy_a_smallest_unit_is_refused():
    with pytest.raises(InvalidAmount):
        selling(Money.of("0.01", "USD"), "BTC", price=Fraction(1, 10**8), spread_bps=Decimal(0))
    with pytest.raises(InvalidAmount):
        buying(Money.from_minor(1, "BTC"), "KWD", price=Fraction(10**6), spread_bps=Decimal(0))


def test_without_a_spread_the_rate_is_the_price_cut_to_eight_digits():
    assert client_rate(Fraction(1, 3), Decimal(0)) == Decimal("0.33333333")
    assert client_rate(Fraction(200_000, 3), Decimal(0)) == Decimal("66666.666")


def test_amounts_that_do_not_add_up_cannot_be_built():
    good = selling(Money.of(100, "USD"), "EUR", price=Fraction(9, 10), spread_bps=Decimal(50))
    with pytest.raises(AssertionError):
        Amounts(**(vars(good) | {"buy": good.buy + one_unit(good.buy)}))
