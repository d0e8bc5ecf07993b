"""A frozen account refuses to be reduced, except by what settles something that already happened elsewhere."""

from decimal import Decimal

import pytest
from django.db import transaction

from ledger import accounts, invariants, posting
from ledger.errors import AccountFrozen, InsufficientAvailable
from ledger.posting import Draft, credit, debit
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_frozen_wallet_with_a_hundred():
    books.receive("100")
    accounts.set_status(account_id=books.wallet().id, status="frozen")
    yield
    assert invariants.run().findings == []


def chargeback(amount):
    legs = [debit(books.wallet(), Decimal(amount)), credit(books.clearing(), Decimal(amount))]
    with transaction.atomic():
        return posting.post(reason="CHARGEBACK", legs=legs)


def test_nothing_leaves_it():
    for verb in (lambda: books.send("1"), lambda: books.send("1", pending=True), lambda: books.hold("1")):
        with pytest.raises(AccountFrozen) as refused:
            verb()
        assert refused.value.data["account"] == "client/cl_ada/wallet"
    assert books.figures(books.wallet()) == ("100", "0", "0")


def test_money_still_arrives():
    books.receive("5")
    books.receive("10", to=books.wallet(books.BEN))
    books.send("10", source=books.wallet(books.BEN), to=books.wallet())
    assert books.balance(books.wallet()) == "115"


def test_a_chargeback_passes_but_not_below_the_floor():
    chargeback("70")
    with pytest.raises(InsufficientAvailable):
        chargeback("30.01")
    assert books.balance(books.wallet()) == "30"


def test_a_batch_is_refused_like_its_drafts():
    legs = [debit(books.wallet(), Decimal(1)), credit(books.wallet(books.BEN), Decimal(1))]
    passing = [debit(books.wallet(), Decimal(1)), credit(books.clearing(), Decimal(1))]
    drafts = [Draft(reason="CHARGEBACK", legs=passing), Draft(reason="CLIENT_INTERNAL_TRANSFER", legs=legs)]
    with pytest.raises(AccountFrozen) as refused, transaction.atomic():
        posting.post_batch(drafts)
    assert refused.value.data["index"] == 1
    posting.post_batch(drafts[:1])
    assert books.balance(books.wallet()) == "99"


def test_after_the_thaw_all_is_as_before():
    assert accounts.set_status(account_id=books.wallet().id, status="open") == "frozen"
    books.send("100")
    assert books.balance(books.wallet()) == "0"
