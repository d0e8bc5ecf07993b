"""Recipes of deals, without a database: every part of a row is in the books, or the row is not."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from payments.connectors.platforms.base import PlatformDeal
from payments.postings import difference
from payments.services import trading_deal_recipes as recipes

BUCKETS = (
    "cash", "credit", "bonus", "trade", "charge", "correction", "commission", "partner", "interest", "dividend", "tax",
    "negative_balance_relief", "credit_removed", "cancelled", "unmapped",
)  # fmt: skip
WITHOUT_RULE = {"cash", "correction", "cancelled", "unmapped"}
ONLY_GIVEN = {"partner", "negative_balance_relief"}


def deal(bucket: str, profit: str, **changes: object) -> PlatformDeal:
    facts: dict[str, object] = {
        "ticket": "7",
        "login": "1001",
        "action": 0,
        "bucket": bucket,
        "profit": Decimal(profit),
        "swap": Decimal(0),
        "commission": Decimal(0),
        "fee": Decimal(0),
        "symbol": "EURUSD",
        "comment": "",
        "executed_at": datetime(2026, 11, 20, tzinfo=UTC),
    }
    return PlatformDeal(**(facts | changes))


def parts(row: PlatformDeal, currency: str = "USD") -> list[recipes.Part]:
    return recipes.parts(row, trading="client/a/trading/mt5/1", bonus="client/a/bonus/mt5/1", currency=currency)


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_bucket_has_a_balanced_recipe_or_none(bucket: str, sign: str) -> None:
    row = deal(bucket, f"{sign}12.34")
    if bucket in WITHOUT_RULE or (bucket in ONLY_GIVEN and sign):
        with pytest.raises(recipes.NotUnderstood):
            parts(row)
        return
    (part,) = parts(row)
    assert part.kind == "deal_profit"
    assert not any(difference(part.recipe.lines).values())
    mine = [line for line in part.recipe.lines if line.account.startswith("client/a/")]
    assert [(line.side, line.money.text) for line in mine] == [("debit" if sign else "credit", "12.34")]


def test_the_parts_of_a_trade_add_up_to_its_effect_on_the_balance() -> None:
    row = deal("trade", "10.00", swap=Decimal("-1.25"), commission=Decimal("-2"), fee=Decimal("0.75"))
    found = parts(row)
    assert [part.kind for part in found] == ["deal_profit", "deal_swap", "deal_commission", "deal_fee"]
    effect = sum(
        (line.money.amount if line.side == "credit" else -line.money.amount)
        for part in found
        for line in part.recipe.lines
        if line.account == "client/a/trading/mt5/1"
    )
    assert effect == Decimal("7.50")


def test_a_row_without_amounts_needs_no_posting() -> None:
    assert parts(deal("trade", "0.00")) == []
    assert parts(deal("commission", "0.00")) == []


def test_an_unknown_kind_of_row_is_reported_even_without_an_amount() -> None:
    with pytest.raises(recipes.NotUnderstood):
        parts(deal("unmapped", "0"))


@pytest.mark.parametrize("name", ["swap", "commission", "fee"])
def test_a_money_operation_with_more_than_its_amount_is_not_understood(name: str) -> None:
    with pytest.raises(recipes.NotUnderstood):
        parts(deal("dividend", "5", **{name: Decimal("-0.01")}))


def test_an_amount_that_the_currency_cannot_have_is_not_rounded() -> None:
    with pytest.raises(recipes.NotUnderstood):
        parts(deal("trade", "1.005"))
    with pytest.raises(recipes.NotUnderstood):
        parts(deal("trade", "1.5"), currency="JPY")
    assert parts(deal("trade", "1.005"), currency="KWD")


def test_facts_are_the_same_however_the_platform_writes_its_numbers() -> None:
    one, other = deal("trade", "10.50"), deal("trade", "10.5000", comment="[tp]")
    assert recipes.facts(one) == recipes.facts(other)
    assert recipes.facts(deal("trade", "-0.00"))["profit"] == "0"
    assert recipes.digest(recipes.facts(one)) != recipes.digest(recipes.facts(deal("trade", "10.51")))
