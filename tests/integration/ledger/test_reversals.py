"""Reversals: a new transaction that mirrors one original, in whole or in part, never more than it."""

from decimal import Decimal

import pytest
from django.db import transaction

from ledger import ids, invariants, posting, queries
from ledger.errors import InsufficientAvailable, InvalidRequest, NotFound, OverReversal
from ledger.models import Transaction
from ledger.posting import Leg, credit, debit
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_right_afterwards():
    yield
    assert invariants.run().findings == []


def state(posted):
    return queries.states_of([posted.id])[posted.id]


def give_back(original, amount):
    """A partial reversal of a receipt."""
    with transaction.atomic():
        return posting.post(
            reason="BANK_RECEIPT_REVERSAL",
            legs=[debit(books.wallet(), Decimal(amount)), credit(books.bank(), Decimal(amount))],
            reverses=original.id,
        )


def test_a_reversal_mirrors_its_original_under_its_own_reason():
    original = books.receive("100")
    undone = books.reverse(original)
    header = Transaction.objects.get(pk=undone.id)
    assert (header.reason_id, header.reverses_id, header.description) == (
        "BANK_RECEIPT_REVERSAL",
        original.id,
        "undone",
    )
    assert (books.balance(books.wallet()), books.balance(books.bank())) == ("0", "0")
    assert (state(original), state(undone)) == ("reversed", "posted")


def test_it_is_done_once_whatever_the_key():
    original = books.receive("100")
    books.receive("100")
    first = books.reverse(original, idempotency_key="k")
    assert books.reverse(original, idempotency_key="k").id == first.id
    for key in ("other", None):
        with pytest.raises(OverReversal) as refused:
            books.reverse(original, idempotency_key=key)
    assert refused.value.data["transaction"] == str(original.id)
    assert books.balance(books.wallet()) == "100"


def test_parts_add_up_to_the_original_and_no_further():
    original = books.receive("100")
    books.receive("100")
    give_back(original, "30")
    assert state(original) == "partly_reversed"
    with pytest.raises(OverReversal):
        give_back(original, "70.01")
    with pytest.raises(OverReversal):
        books.reverse(original)
    give_back(original, "70")
    assert state(original) == "reversed"
    assert books.balance(books.wallet()) == "100"


def test_a_reversal_touches_only_accounts_of_its_original():
    original = books.receive("100")
    for legs in (
        [debit(books.wallet(), Decimal(1)), credit(books.clearing(), Decimal(1))],
        [debit(books.bank(), Decimal(1)), credit(books.wallet(), Decimal(1))],
    ):
        with pytest.raises(OverReversal), transaction.atomic():
            posting.post(reason="MANUAL_ADJUSTMENT", legs=legs, reverses=original.id)
    assert books.balance(books.wallet()) == "100"


def test_what_moved_nothing_in_sum_is_still_reversed_only_once():
    books.receive("10")
    with transaction.atomic():
        original = posting.post(
            reason="MANUAL_ADJUSTMENT", legs=[Leg(books.wallet(), Decimal(-5)), Leg(books.wallet(), Decimal(5))]
        )
    books.reverse(original)
    with pytest.raises(OverReversal):
        books.reverse(original)


def test_money_that_has_moved_on_cannot_be_reversed():
    original = books.receive("100")
    books.send("60")
    with pytest.raises(InsufficientAvailable):
        books.reverse(original)
    assert (state(original), books.balance(books.wallet())) == ("posted", "40")


def test_a_reversal_a_void_and_a_reservation_cannot_be_reversed():
    original = books.receive("100")
    pending = books.send("10", pending=True)
    voided = books.void(pending)
    undone = books.reverse(original)
    for posted in (undone, pending, voided):
        with pytest.raises(InvalidRequest):
            books.reverse(posted)
    with pytest.raises(NotFound), transaction.atomic():
        posting.reverse(transaction_id=ids.new_id(), description="")
