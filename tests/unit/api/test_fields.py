"""Fields take one JSON type each and guess nothing."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework import serializers

from ledger import ids
from ledger.api import fields
from ledger.money import Money


@pytest.mark.parametrize(
    "text", ["1", "0.01", "12.50", "99999999999999999999.999999999999999999", "0.000000000000000001"]
)
def test_amounts_are_plain_decimal_strings(text: str) -> None:
    assert fields.Amount().run_validation(text) == text


@pytest.mark.parametrize(
    "value",
    [1, 1.0, Decimal(1), True, None, "", "0", "0.00", "-1", "+1", " 1", "1 ", "1e3", "01", ".5", "1.", "1,5", "٣", "１",
     "NaN", "Infinity", "0x1", "1_0", "1" * 21, "1.0000000000000000001", ["1"], {"amount": "1"}],
)  # fmt: skip
def test_everything_else_is_no_amount(value: Any) -> None:
    with pytest.raises(serializers.ValidationError):
        fields.Amount().run_validation(value)


def test_amounts_are_shown_with_the_decimals_of_their_currency() -> None:
    assert fields.Amount().to_representation(Money.of("1.5", "EUR")) == "1.50"
    assert fields.Amount().to_representation(Money.of("1500", "JPY")) == "1500"
    assert fields.Amount().to_representation(Money.of("0.00000001", "BTC")) == "0.00000001"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T09:00:00Z", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20t09:00:00.5z", datetime(2026, 11, 20, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-20T11:00:00+02:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20 03:30:00-05:30", datetime(2026, 11, 20, 9, tzinfo=UTC)),
    ],
)
def test_moments_have_a_zone_and_are_utc(text: str, moment: datetime) -> None:
    read = fields.Moment().run_validation(text)
    assert read == moment
    assert read.tzinfo is UTC
    assert fields.Moment().to_representation(read).endswith("Z")


def test_ids_are_of_their_kind() -> None:
    key = ids.new_id()
    field = fields.PublicId("wd")
    assert field.run_validation(ids.encode("wd", key)) == key
    for wrong in (ids.encode("dep", key), str(key), "", 17, None, ids.encode("wd", 5)):
        with pytest.raises(serializers.ValidationError):
            field.run_validation(wrong)
    assert fields.PublicRef("cl").run_validation(ids.encode("cl", key)) == ids.encode("cl", key)
    assert fields.PublicId("acc", integer=True).run_validation(ids.encode("acc", 5)) == 5


@pytest.mark.parametrize("value", ["true", 1, 0, None, "yes", []])
def test_flags_are_true_or_false(value: Any) -> None:
    with pytest.raises(serializers.ValidationError):
        fields.Flag().run_validation(value)


@pytest.mark.parametrize("value", [1, 1.5, True, ["a"], {"a": 1}])
def test_texts_and_choices_are_texts(value: Any) -> None:
    for field in (fields.Text(max_length=5), fields.Choice(choices=["1", "True"])):
        with pytest.raises(serializers.ValidationError):
            field.run_validation(value)


def test_facts_are_small_and_exact() -> None:
    fields.Facts().run_validation({"a": ["b", {"c": 1, "d": None, "e": True}]})
    for wrong in (
        {"a": Decimal("1.5")},
        {"a": 2**53 + 1},
        {"a": "x" * 4001},
        {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}},
    ):
        with pytest.raises(serializers.ValidationError):
            fields.Facts().run_validation(wrong)
