"""Pockets and opening balances stand in the plain-text books, which their programs accept unchanged."""

from decimal import Decimal

import pytest
from django.db import transaction

from ledger import accounts, holds, posting
from tests.integration.ledger import books
from tests.integration.ledger.test_exports import beancount_balances, export, needs_hledger, our_balances, run_hledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(db):
    accounts.forget()
    books.receive("1000")
    pocket = accounts.ref("client/cl_ada/pocket/rainy-day_1", "EUR")
    books.send("300", to=pocket)
    books.send("20", source=pocket, to=books.wallet())
    books.send("5", source=pocket, to=books.wallet(), pending=True)
    with transaction.atomic():
        holds.place(wallet=pocket, amount=Decimal("50"), kind="manual", reason="look", actor="test")
        posting.post(
            reason="OPENING_BALANCE",
            legs=[
                posting.debit(accounts.ref("house/opening", "EUR"), Decimal("7.25")),
                posting.credit(accounts.ref("client/cl_ben/pocket/savings", "EUR"), Decimal("7.25")),
            ],
        )


def test_beancount_computes_our_pockets(book):
    found, _ = beancount_balances(export(format="beancount"))
    assert found == our_balances()
    assert found["client/cl_ada/pocket/rainy-day_1", "EUR"] == Decimal("-230")


@needs_hledger
def test_hledger_accepts_our_pockets(book):
    text = export(format="hledger")
    run_hledger(text, "check", "--strict")
    assert "liabilities:client:cl_ada:pocket:rainy-day_1" in text
