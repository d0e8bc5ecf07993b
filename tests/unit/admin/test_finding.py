"""What a searched text can mean: amounts in the ways that people write them, and nothing that is none."""

from decimal import Decimal

import pytest

from ledger import ids
from ledger.admin import finding


@pytest.mark.parametrize(
    ("typed", "amount", "currency"),
    [
        ("500", "500", ""), ("500 usd", "500", "USD"), ("USD 500", "500", "USD"), ("1,234.50", "1234.50", ""),
        ("1 234.50 EUR", "1234.50", "EUR"), ("-50.00", "50.00", ""), ("−50.00", "50.00", ""), ("+7", "7", ""),
        ("0.00000001 BTC", "0.00000001", "BTC"), ("100 JPY", "100", "JPY"), ("007", "7", ""),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(typed: str, amount: str, currency: str) -> None:
    assert finding.parse_amount(typed) == (Decimal(amount), currency)


@pytest.mark.parametrize("typed", ["", "abc", "12.345 EUR", "5 XXX", "1e3", "NaN", "wd_1", "1.2.3", "12 34 EUR x", "٣"])
def test_what_is_no_amount(typed: str) -> None:
    assert finding.parse_amount(typed) is None


def test_a_public_id_of_another_kind_is_not_ours() -> None:
    ours, other = ids.encode("wd", ids.new_id()), ids.encode("dep", ids.new_id())
    find = finding.public_id("wd")
    assert find(ours) is not None
    assert find(ours.upper()) is not None
    assert find(other) is None
    assert find("wd_") is None


def test_a_number_is_no_name() -> None:
    find = finding.name("name")
    assert find("ma") is not None
    assert find("500") is None and find("m") is None and find("wd_abc") is None
