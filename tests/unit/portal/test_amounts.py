"""An amount is understood as people write it, or not at all."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Money
from portal import formats
from portal.forms.amounts import parse


@pytest.mark.parametrize(
    ("text", "code", "meant"),
    [
        ("1250", "EUR", "1250.00"),
        ("1250.5", "EUR", "1250.50"),
        ("1,250.50", "EUR", "1250.50"),
        ("1.250,50", "EUR", "1250.50"),
        ("1 250,50", "EUR", "1250.50"),
        ("1\u00a0250,50", "EUR", "1250.50"),
        ("1'250.50", "CHF", "1250.50"),
        ("1,250", "EUR", "1250.00"),
        ("1,250,000", "EUR", "1250000.00"),
        ("1.250.000", "EUR", "1250000.00"),
        ("12,5", "EUR", "12.50"),
        ("0.05", "EUR", "0.05"),
        ("0,05", "EUR", "0.05"),
        (" 12 EUR ", "EUR", "12.00"),
        ("1250", "JPY", "1250"),
        ("1,250", "JPY", "1250"),
        ("1.250", "KWD", "1.250"),
        ("0.00000001", "BTC", "0.00000001"),
        ("١٢٫٥", "EUR", "12.50"),
        ("007", "EUR", "7.00"),
    ],
)
def test_understood(text: str, code: str, meant: str) -> None:
    assert parse(text, code) == Money.of(meant, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.250", "EUR"),  # one thousand two hundred and fifty, or one and a quarter?
        ("1,250", "KWD"),
        ("1,25,000", "EUR"),
        ("1.2.3", "EUR"),
        ("1,234.567,89", "EUR"),
        ("12.345", "JPY"),
        ("0.001", "EUR"),
        ("1.5", "JPY"),
        ("0", "EUR"),
        ("0.00", "EUR"),
        ("-5", "EUR"),
        ("\u22125", "EUR"),
        ("+5", "EUR"),
        ("1e3", "EUR"),
        ("NaN", "EUR"),
        ("0x10", "EUR"),
        ("12 USD", "EUR"),
        ("", "EUR"),
        (".", "EUR"),
        (".5", "EUR"),
        ("5.", "EUR"),
        ("9" * 25, "EUR"),
        ("9" * 500, "EUR"),
        ("12\x00", "EUR"),
        ("½", "EUR"),
    ],
)
def test_refused_rather_than_guessed(text: str, code: str) -> None:
    with pytest.raises(ValidationError):
        parse(text, code)


@given(minor=st.integers(min_value=1, max_value=10**14), code=st.sampled_from(["EUR", "JPY", "KWD", "BTC", "ETH"]))
def test_what_a_page_shows_can_be_typed_back(minor: int, code: str) -> None:
    money = Money.from_minor(minor, code)
    shown = formats.number(money)
    try:
        assert parse(shown, code) == money
    except ValidationError as error:
        assert error.code == "ambiguous"  # a bare "1,250" where the currency has three decimals or more


@pytest.mark.parametrize(
    ("amount", "code", "shown"),
    [
        ("1234.5", "EUR", "1,234.50"),
        ("-1234.5", "EUR", "\u22121,234.50"),
        ("0", "EUR", "0.00"),
        ("1234", "JPY", "1,234"),
        ("0.125", "KWD", "0.125"),
        ("1.5", "ETH", "1.50"),
        ("0.000000000000000001", "ETH", "0.000000000000000001"),
        ("12345678901234567890.12", "EUR", "12,345,678,901,234,567,890.12"),
    ],
)
def test_shown_exactly(amount: str, code: str, shown: str) -> None:
    assert formats.number(Money.of(amount, code)) == shown
