"""The posting recipes: each balances for every amount, and each is the row of the accountant's table."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chart import classify
from ledger.money import Money
from ledger.reasons import require_kinds
from payments import postings
from payments.fx.amounts import selling
from payments.postings import Recipe

WALLET, HELD, DEBT, TRADING = "client/cl_1/wallet", "client/cl_1/held", "client/cl_1/debt", "client/cl_1/trading/mt5/7"
BPS = Decimal(50)
CODES = ("EUR", "JPY", "KWD", "BTC", "ETH")


@st.composite
def money(draw: st.DrawFn, currency: str, least: int = 1) -> Money:
    return Money.from_minor(draw(st.integers(least, 10**14)), currency)


@st.composite
def amounts(draw: st.DrawFn) -> dict[str, Money]:
    """A larger amount and a smaller one in one currency, as every recipe with two amounts needs."""
    currency = draw(st.sampled_from(CODES))
    one, other = draw(money(currency)), draw(money(currency))
    return {"large": max(one, other), "small": min(one, other)}


RECIPES: dict[str, Any] = {
    "converted": lambda large, small: postings.converted(
        wallet=WALLET,
        amounts=selling(large, "JPY", price=Fraction(10**20), spread_bps=BPS)
        if large.currency == "ETH"
        else selling(large, "ETH", price=Fraction(1, 7), spread_bps=BPS),
    ),
    "opened": lambda large, small: postings.opened(
        account=WALLET, opening="house/opening", owed_to_others=True, balance=large
    ),
    "opened below zero": lambda large, small: postings.opened(
        account=TRADING, opening="house/opening", owed_to_others=True, balance=-small
    ),
    "captured": lambda large, small: postings.deposit_captured(wallet=WALLET, psp="stripe", gross=large, fee=small),
    "captured, fee later": lambda large, small: postings.deposit_captured(
        wallet=WALLET, psp="stripe", gross=large, fee=None
    ),
    "psp fee": lambda large, small: postings.psp_fee(psp="stripe", fee=small),
    "debt recovered": lambda large, small: postings.debt_recovered(wallet=WALLET, debt=DEBT, money=small),
    "settled": lambda large, small: postings.psp_settled(psp="stripe", bank="sepa", net=large),
    "collected by the provider": lambda large, small: postings.psp_settled(psp="stripe", bank="sepa", net=-large),
    "refunded": lambda large, small: postings.refunded(held=HELD, psp="stripe", money=small),
    "refunded by the provider": lambda large, small: postings.refunded_by_provider(
        wallet=WALLET, debt=DEBT, psp="stripe", money=large, available=small
    ),
    "charged back": lambda large, small: postings.charged_back(
        wallet=WALLET, debt=DEBT, psp="stripe", money=large, available=small
    ),
    "charged back, enough there": lambda large, small: postings.charged_back(
        wallet=WALLET, debt=DEBT, psp="stripe", money=small, available=large
    ),
    "chargeback fee": lambda large, small: postings.chargeback_fee(psp="stripe", fee=small),
    "chargeback won": lambda large, small: postings.chargeback_won(
        wallet=WALLET, debt=DEBT, psp="stripe", money=large, owed=small
    ),
    "transferred": lambda large, small: postings.transferred(source=WALLET, target=TRADING, money=small),
    "transferred back": lambda large, small: postings.transferred(source=TRADING, target=WALLET, money=small),
    "paid": lambda large, small: postings.withdrawal_paid(held=HELD, rail="sepa", net=large),
    "withdrawal fee": lambda large, small: postings.withdrawal_fee(held=HELD, fee=small),
    "payout on the statement": lambda large, small: postings.withdrawal_settled(rail="sepa", bank="sepa", net=large),
    "came back": lambda large, small: postings.withdrawal_returned(bank="sepa", wallet=WALLET, net=large),
    "profit": lambda large, small: postings.trading_result(
        reason="TRADE_PNL", trading=TRADING, house="house/trading-pnl", change=large
    ),
    "loss": lambda large, small: postings.trading_result(
        reason="TRADE_PNL", trading=TRADING, house="house/trading-pnl", change=-large
    ),
    "commission": lambda large, small: postings.trading_result(
        reason="COMMISSION", trading=TRADING, house="house/commission", change=-small
    ),
    "receipt": lambda large, small: postings.receipt_unmatched(bank="sepa", money=large),
    "receipt on our own account": lambda large, small: postings.receipt_unmatched(
        bank="sepa", money=large, account="own"
    ),
    "suspense assigned": lambda large, small: postings.suspense_assigned(wallet=WALLET, money=small),
    "suspense returned": lambda large, small: postings.suspense_returned(bank="sepa", money=small),
    "adjusted": lambda large, small: postings.adjusted(
        reason="MANUAL_ADJUSTMENT", debit="house/adjustments", credit=WALLET, money=small
    ),
}


@pytest.mark.parametrize("name", RECIPES)
@given(given_amounts=amounts())
def test_every_recipe_balances_is_above_zero_and_allowed_for_its_reason(
    name: str, given_amounts: dict[str, Money]
) -> None:
    recipe: Recipe = RECIPES[name](**given_amounts)
    assert len(recipe.lines) >= 2
    assert all(line.money.amount > 0 for line in recipe.lines)
    assert not any(postings.difference(recipe.lines).values())
    sides: dict[str, set[str]] = {"debit": set(), "credit": set()}
    for line in recipe.lines:
        sides[line.side].add(classify(line.account)[0].name)
    require_kinds(recipe.reason, debits=sides["debit"], credits=sides["credit"])


def test_every_recipe_of_the_page_is_tried_here() -> None:
    tried = set(RECIPES)
    functions = [
        name for name, value in vars(postings).items()
        if callable(value) and getattr(value, "__annotations__", {}).get("return") is Recipe and name[0] != "_"
    ]  # fmt: skip
    assert len(functions) <= len(tried)
    source = {code for recipe in RECIPES.values() for code in recipe.__code__.co_names}
    assert not set(functions) - source


def lines(recipe: Recipe) -> list[tuple[str, str, str]]:
    return [(line.side[0].upper(), line.account, line.money.text) for line in recipe.lines]


def eur(text: str) -> Money:
    return Money.of(text, "EUR")


@pytest.mark.parametrize(
    ("recipe", "reason", "rows"),
    [
        (  # gross 1000, provider's fee 29 charged to the firm
            postings.deposit_captured(wallet=WALLET, psp="stripe", gross=eur("1000"), fee=eur("29")),
            "DEPOSIT_CAPTURED",
            [("D", "psp/stripe/clearing", "971.00"), ("D", "house/psp-fees", "29.00"), ("C", WALLET, "1000.00")],
        ),
        (  # the fee is only known at settlement
            postings.deposit_captured(wallet=WALLET, psp="stripe", gross=eur("1000"), fee=None),
            "DEPOSIT_CAPTURED",
            [("D", "psp/stripe/clearing", "1000.00"), ("C", WALLET, "1000.00")],
        ),
        (
            postings.psp_settled(psp="stripe", bank="sepa", net=eur("971")),
            "DEPOSIT_SETTLED",
            [("D", "bank/sepa/client-money", "971.00"), ("C", "psp/stripe/clearing", "971.00")],
        ),
        (
            postings.withdrawal_paid(held=HELD, rail="sepa", net=eur("98.50")),
            "WITHDRAWAL_PAYOUT",
            [("D", HELD, "98.50"), ("C", "psp/sepa/payout", "98.50")],
        ),
        (
            postings.withdrawal_fee(held=HELD, fee=eur("1.50")),
            "WITHDRAWAL_FEE",
            [("D", HELD, "1.50"), ("C", "house/fees", "1.50")],
        ),
        (
            postings.withdrawal_settled(rail="sepa", bank="sepa", net=eur("98.50")),
            "WITHDRAWAL_SETTLED",
            [("D", "psp/sepa/payout", "98.50"), ("C", "bank/sepa/client-money", "98.50")],
        ),
        (
            postings.withdrawal_returned(bank="sepa", wallet=WALLET, net=eur("98.50")),
            "WITHDRAWAL_RETURNED",
            [("D", "bank/sepa/client-money", "98.50"), ("C", WALLET, "98.50")],
        ),
        (  # 100 charged back, 60 of it still there
            postings.charged_back(wallet=WALLET, debt=DEBT, psp="stripe", money=eur("100"), available=eur("60")),
            "CHARGEBACK",
            [("D", WALLET, "60.00"), ("D", DEBT, "40.00"), ("C", "psp/stripe/clearing", "100.00")],
        ),
        (
            postings.receipt_unmatched(bank="sepa", money=eur("250")),
            "BANK_RECEIPT_UNMATCHED",
            [("D", "bank/sepa/client-money", "250.00"), ("C", "house/suspense", "250.00")],
        ),
        (
            postings.transferred(source=WALLET, target=TRADING, money=eur("600")),
            "CLIENT_INTERNAL_TRANSFER",
            [("D", WALLET, "600.00"), ("C", TRADING, "600.00")],
        ),
        (
            postings.trading_result(
                reason="TRADE_PNL", trading=TRADING, house="house/trading-pnl", change=eur("-50")
            ),
            "TRADE_PNL",
            [("D", TRADING, "50.00"), ("C", "house/trading-pnl", "50.00")],
        ),
    ],
)  # fmt: skip
def test_the_recipe_is_the_row_of_the_accountants_table(
    recipe: Recipe, reason: str, rows: list[tuple[str, str, str]]
) -> None:
    assert (recipe.reason, lines(recipe)) == (reason, rows)


def test_difference_tells_what_is_missing_per_currency() -> None:
    one = postings.Line("debit", WALLET, eur("5"))
    other = postings.Line("credit", WALLET, Money.of("7", "JPY"))
    assert postings.difference([one, other]) == {"EUR": eur("-5"), "JPY": Money.of(Decimal(7), "JPY")}
