"""Names in the exported journals: valid in their language, different for different accounts, and they lead back."""

import re

import pytest
from beancount.core import account as beancount_accounts
from beancount.core.amount import CURRENCY_RE
from hypothesis import given
from hypothesis import strategies as st

from ledger.chart import KINDS
from ledger.exports import beancount, hledger

codes = st.one_of([st.from_regex(re.compile(kind.pattern, re.ASCII), fullmatch=True) for kind in KINDS.values()])
categories = st.sampled_from(sorted(beancount.ROOTS))
currencies = st.from_regex(r"[A-Z0-9]{2,8}", fullmatch=True)


@given(codes, categories)
def test_beancount_names_are_valid_and_lead_back(code, category):
    name = beancount.account_name(code, category)
    assert beancount_accounts.is_valid(name)
    assert beancount.account_code(name) == code


@given(codes, categories)
def test_hledger_names_are_valid_and_lead_back(code, category):
    name = hledger.account_name(code, category)
    assert not re.search(r"  |[;()\[\]]", name)
    assert hledger.account_code(name) == code


@given(currencies)
def test_currency_names_are_valid_and_lead_back(code):
    assert re.fullmatch(CURRENCY_RE, beancount.currency_name(code))
    assert beancount.currency_code(beancount.currency_name(code)) == code
    assert hledger.currency_code(hledger.currency_name(code)) == code
    assert hledger.currency_name(code).startswith('"') == any(char.isdigit() for char in code)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("client/cl_7/wallet", "Liabilities:Client:ClU7:Wallet"),
        ("client/_odd_/wallet", "Liabilities:Client:0ZoddU:Wallet"),
        ("client/0_z/wallet", "Liabilities:Client:0Uz:Wallet"),
    ],
)
def test_names_that_look_alike_stay_apart(code, name):
    assert beancount.account_name(code, "liability") == name
