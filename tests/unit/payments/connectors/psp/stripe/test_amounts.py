"""Amounts cross to Stripe and back without gaining or losing a unit, or do not cross at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidAmount
from ledger.money import CURRENCIES, Money
from payments.connectors.psp.stripe import amounts

FIAT = sorted(code for code, currency in CURRENCIES.items() if currency.kind == "fiat")
CRYPTO = sorted(set(CURRENCIES) - set(FIAT))


@given(code=st.sampled_from(FIAT), units=st.integers(min_value=-(10**15), max_value=10**15))
def test_every_whole_number_comes_back_from_our_money(code: str, units: int) -> None:
    if code in amounts.THREE_DECIMAL:
        units *= 10
    money = amounts.from_stripe(units, code)
    assert amounts.to_stripe(money, code) == units
    assert Money.of(money, code).minor == units


@given(code=st.sampled_from(FIAT), units=st.integers(min_value=1, max_value=10**15))
def test_every_amount_of_ours_crosses_exactly_or_is_refused(code: str, units: int) -> None:
    money = Money.from_minor(units, code)
    if code in amounts.THREE_DECIMAL and units % 10:
        with pytest.raises(InvalidAmount):
            amounts.to_stripe(money.amount, code)
    else:
        assert amounts.from_stripe(amounts.to_stripe(money.amount, code), code) == money.amount


@pytest.mark.parametrize(
    ("amount", "code", "units"),
    [
        ("1000.00", "USD", 100000),
        ("0.50", "EUR", 50),
        ("1500", "JPY", 1500),
        ("90000", "KRW", 90000),
        ("1.230", "KWD", 1230),
        ("5", "JOD", 5000),
        ("100", "HUF", 10000),
    ],
)
def test_known_amounts(amount: str, code: str, units: int) -> None:
    assert amounts.to_stripe(Decimal(amount), code) == units
    assert amounts.from_stripe(units, code) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "code"),
    [("1.001", "USD"), ("1.5", "JPY"), ("1.234", "BHD"), ("NaN", "EUR"), ("Infinity", "EUR"), ("1e30", "EUR")],
)
def test_what_a_card_cannot_carry_is_refused(amount: str, code: str) -> None:
    with pytest.raises(InvalidAmount):
        amounts.to_stripe(Decimal(amount), code)


@pytest.mark.parametrize("code", [*CRYPTO, "XXX", "usd", ""])
def test_what_is_no_card_currency_is_refused(code: str) -> None:
    for refused in (lambda: amounts.to_stripe(Decimal(1), code), lambda: amounts.from_stripe(1, code)):
        with pytest.raises(InvalidAmount) as refusal:
            refused()
        assert refusal.value.param == "currency"


@pytest.mark.parametrize("units", [1.0, True, "1", None, Decimal(1)])
def test_only_integers_come_in(units: Any) -> None:
    with pytest.raises(InvalidAmount):
        amounts.from_stripe(units, "USD")
