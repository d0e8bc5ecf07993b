"""Accounts: opened in the right currency, and stated as the server states them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.errors import NotFound, Unavailable
from payments.connectors.outcomes import Accepted, InDoubt, Rejected

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def open_one(adapter, currency="EUR", group="real\\standard-EUR"):
    return adapter.open_account(client_name="Zoë Client | Ltd = 1", currency=currency, group=group)


def test_a_new_account_has_a_login_no_money_and_the_clients_name(server, adapter):
    opened = open_one(adapter)
    assert isinstance(opened, Accepted)
    account = adapter.account(login=opened.reference)
    assert (account.balance, account.credit, account.equity, account.margin_free) == (0, 0, 0, 0)
    assert server.simulator.books.account(opened.reference)["name"] == "Zoë Client | Ltd = 1"
    assert server.simulator.books.account(opened.reference)["currency"] == "EUR"


def test_logins_are_handed_out_from_1001_and_never_twice(make_server, make_adapter):
    adapter = make_adapter(make_server().url)
    assert [open_one(adapter).reference for _ in range(3)] == ["1001", "1002", "1003"]


def test_no_password_is_told_to_anyone(adapter):
    assert set(open_one(adapter).facts) == {"group", "currency"}


@pytest.mark.parametrize(
    ("currency", "group", "code"),
    [("USD", "real\\EUR", "currency_mismatch"), ("EUR", "real\\nowhere", "not_permitted")],
)
def test_the_wrong_group_opens_nothing(server, adapter, currency, group, code):
    before = server.accounts()
    outcome = open_one(adapter, currency, group)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert server.accounts() == before


@pytest.mark.parametrize(
    ("do", "kind", "exists"),
    [
        ("drop_before", InDoubt, 0),
        ("drop_after", InDoubt, 1),
        ("garbage", InDoubt, 1),
        ("refuse", Rejected, 0),
        ("http_500_after", InDoubt, 1),
    ],
)
def test_each_fault_while_opening_has_its_outcome(server, adapter, do, kind, exists):
    before = server.accounts()
    server.script({"on": "open", "do": do})
    assert isinstance(open_one(adapter), kind)
    assert (server.fired(), server.accounts() - before) == ([1], exists)


def test_figures_are_the_servers_own_and_credit_is_not_balance(server, make_adapter):
    login = server.open("100")
    adapter = make_adapter(server.url, now=lambda: NOW)
    server.desk("trade", login=login, symbol="EURUSD", profit="-20.50", swap="-1", commission="-2", fee="-0.5")
    server.desk("bonus", login=login, amount="30")
    server.desk("margin", login=login, margin="11")
    account = adapter.account(login=login)
    assert (account.balance, account.credit, account.equity) == (76, 30, 106)
    assert (account.margin_free, account.as_of, account.login) == (95, NOW, login)


def test_an_unknown_account_is_not_found(adapter):
    with pytest.raises(NotFound):
        adapter.account(login="9999")


def test_figures_that_cannot_be_had_are_unavailable(server, adapter):
    login = server.open("100")
    server.script({"on": "read", "do": "http_500"})
    with pytest.raises(Unavailable):
        adapter.account(login=login)
    assert adapter.account(login=login).balance == Decimal(100)
