"""Money is exact, in one currency, and refuses everything that only looks like an amount."""

from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import CurrencyMismatch, InvalidAmount
from ledger.money import CURRENCIES, EXACT, Money, currency, positive

codes = st.sampled_from(sorted(CURRENCIES))
LARGEST = "99999999999999999999.999999999999999999"


@st.composite
def money(draw, code=None):
    code = code or draw(codes)
    most = 10 ** (18 + CURRENCIES[code].exponent)
    return Money.from_minor(draw(st.integers(-most, most)), code)


@given(money())
def test_minor_units_and_text_lead_back(amount):
    assert Money.from_minor(amount.minor, amount.currency) == amount
    assert Money.of(amount.text, amount.currency) == amount


@given(money(), money())
def test_sums_are_exact_and_only_within_one_currency(first, second):
    if first.currency != second.currency:
        for verb in (lambda: first + second, lambda: first - second, lambda: first < second):
            with pytest.raises(CurrencyMismatch):
                verb()
        return
    assert (first + second).minor == first.minor + second.minor
    assert (first - second).minor == first.minor - second.minor
    assert (-first).minor == -first.minor
    assert abs(first).minor == abs(first.minor)
    assert (first < second) == (first.minor < second.minor)


@given(money(), st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_splitting_loses_nothing_and_is_fair_to_one_unit(amount, weights):
    parts = amount.allocate(weights)
    assert sum(part.minor for part in parts) == amount.minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(abs(part.minor) - abs(amount.minor) * weight / sum(weights)) <= max(1, abs(amount.minor) * 1e-12)


@pytest.mark.parametrize(
    "amount",
    [
        0.1,
        1.0,
        float("nan"),
        True,
        None,
        b"1",
        [],
        "",
        " 1",
        "1 ",
        "+1",
        "01",
        "1.",
        ".5",
        "1e3",
        "1_000",
        "1,5",
        "0x10",
        "NaN",
        "Infinity",
        "-",
        "٣",
        "１",
        "1\n",
        "1\x00",
        "\ud800",
        "9" * 21,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+20"),
        "1" * 10_000,
    ],
)
def test_what_only_looks_like_an_amount_is_refused(amount):
    with pytest.raises(InvalidAmount):
        Money.of(amount, "EUR")


@pytest.mark.parametrize(
    ("amount", "code"), [("0.001", "EUR"), ("0.5", "JPY"), ("1.0001", "KWD"), ("0.123456789", "BTC"), ("1e-18", "ETH")]
)
def test_more_decimals_than_the_currency_has_are_refused(amount, code):
    with pytest.raises(InvalidAmount):
        Money.of(amount, code)


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [
        ("12.5", "EUR", "12.50"),
        ("7", "JPY", "7"),
        (5, "KWD", "5.000"),
        ("-0", "EUR", "0.00"),
        (Decimal("-0.0"), "JPY", "0"),
        (Decimal("1.50"), "EUR", "1.50"),
        (LARGEST, "ETH", LARGEST),
    ],
)
def test_the_text_has_exactly_the_currencys_decimals(amount, code, text):
    assert Money.of(amount, code).text == text


def test_nothing_has_no_sign_whatever_is_done_to_it():
    nothing = Money.zero("EUR")
    assert [(-nothing).text, (nothing - nothing).text, Money.from_minor(0, "EUR").text] == ["0.00"] * 3


@pytest.mark.parametrize("code", ["", "eur", "EURO", "ZZZ", None, 5, "EUR "])
def test_unknown_currencies_are_refused(code):
    with pytest.raises(InvalidAmount):
        currency(code)


def test_the_largest_amount_keeps_all_its_digits_through_a_change_of_sign():
    amount = Money.of(LARGEST, "ETH")
    assert (-amount).text == f"-{LARGEST}"
    turned = -amount
    assert -turned == amount
    assert abs(-amount) == amount
    assert (amount + -amount).minor == 0


def test_the_exact_context_holds_every_amount():
    assert EXACT.prec >= 38


def test_rounding_says_what_it_cut():
    rounded, residue = Money.quantized(Decimal("10.129"), "EUR", rounding=ROUND_DOWN)
    assert (rounded.text, residue) == ("10.12", Decimal("0.009"))


def test_zero_and_less_are_not_positive():
    assert positive(Money.of("0.01", "EUR"))
    for amount in ("0", "-0.01"):
        with pytest.raises(InvalidAmount):
            positive(Money.of(amount, "EUR"))
