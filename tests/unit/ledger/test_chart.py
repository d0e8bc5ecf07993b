"""Account codes: each belongs to exactly one kind, and what is not in the chart is no account."""

import re

import pytest

from ledger.chart import CATEGORIES, KINDS, classify
from ledger.errors import InvalidRequest

EXAMPLES = {
    "client/cl_7/wallet": "wallet",
    "client/cl_7/held": "held",
    "client/cl_7/pocket/savings": "pocket",
    "client/cl_7/trading/mt5/1001": "trading",
    "client/cl_7/bonus/mt5/1001": "bonus",
    "client/cl_7/debt": "debt",
    "psp/stripe/clearing": "psp_clearing",
    "psp/stripe/reserve": "psp_reserve",
    "psp/stripe/payout": "psp_payout",
    "bank/sepa/client-money": "bank_client_money",
    "bank/sepa/own": "bank_own",
    "house/suspense": "suspense",
    "house/fees": "income",
    "house/psp-fees": "expense",
    "house/trading-pnl": "trading_pnl",
    "house/fx": "fx",
    "house/rounding": "rounding",
    "house/adjustments": "adjustments",
    "house/opening": "opening",
}


def test_every_kind_has_an_example():
    assert set(EXAMPLES.values()) == set(KINDS)


@pytest.mark.parametrize(("code", "kind"), EXAMPLES.items())
def test_a_code_says_what_the_account_is_and_whose(code, kind):
    found, owner = classify(code)
    assert (found.name, owner) == (kind, "cl_7" if code.startswith("client/") else "")
    assert [each.name for each in KINDS.values() if re.fullmatch(each.pattern, code)] == [kind]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_only_client_accounts_are_running_and_only_they_have_floors(kind):
    assert kind.category in CATEGORIES
    assert kind.running == kind.pattern.startswith("client/")
    assert kind.floor is None or kind.running
    assert kind.sign == (-1 if kind.category in {"asset", "expense"} else 1)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "client",
        "client/cl_7",
        "client//wallet",
        "client/CL_7/wallet",
        "client/cl 7/wallet",
        "client/cl_7/wallet/",
        "client/cl_7/purse",
        "client/cl_7/pocket/",
        "client/cl_7/pocket/Übertrag",
        "house/mine",
        "house/fees\n",
        "bank/sepa",
        "client/" + "x" * 41 + "/wallet",
        "../house/fees",
        "client/cl_7/trading/mt5",
    ],
)
def test_what_is_not_in_the_chart_is_no_account(code):
    with pytest.raises(InvalidRequest):
        classify(code)
