"""Settings of the outside systems that need more than text."""

from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment
from config.settings import connectors


def limits(text: str) -> dict[str, Decimal]:
    return connectors.confirm_above(Environment({"DEPOSIT_CONFIRM_ABOVE": text}))


def test_each_currency_has_its_own_limit() -> None:
    assert limits("USD=1000, JPY=150000,KWD=0.500") == {
        "USD": Decimal(1000),
        "JPY": Decimal(150000),
        "KWD": Decimal("0.500"),
    }
    assert limits("") == {}


@pytest.mark.parametrize("text", ["USD", "USD=", "USD=x", "=5", "USD=-1", "USD=NaN", "USD=Infinity"])
def test_what_is_not_a_limit_is_refused_at_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DEPOSIT_CONFIRM_ABOVE"):
        limits(text)
