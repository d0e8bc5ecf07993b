"""Two-phase transactions: reserve, then post all or a part, or give back."""

from decimal import Decimal

import pytest
from django.db import transaction

from ledger import accounts, ids, invariants, posting, queries
from ledger.errors import (
    AccountFrozen,
    CurrencyMismatch,
    DuplicateReference,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidRequest,
    InvalidTransition,
    NotFound,
    OverCapture,
)
from ledger.models import Pending, Transaction
from ledger.money import Money
from ledger.posting import credit, debit
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db

EUR = "EUR"


@pytest.fixture(autouse=True)
def the_books_are_right_afterwards():
    yield
    assert invariants.run().findings == []


@pytest.fixture
def pending():
    """40 of 100 on their way from the wallet to trading."""
    books.receive("100")
    return books.send("40", to=books.trading(), pending=True)


def state(posted):
    return queries.transaction_state(Transaction.objects.get(pk=posted.id))


def test_what_is_reserved_is_not_available_and_not_yet_there(pending):
    assert books.figures(books.wallet()) == ("100", "0", "40")
    assert books.figures(books.trading()) == ("0", "40", "0")
    assert queries.balance_of(books.wallet().id).available == 60
    assert state(pending) == "pending"
    with pytest.raises(InsufficientAvailable):
        books.send("60.01")


def test_posting_moves_it(pending):
    posted = books.settle(pending)
    assert posted.remaining == 0
    assert books.figures(books.wallet()) == ("60", "0", "0")
    assert books.figures(books.trading()) == ("40", "0", "0")
    assert (state(pending), state(posted)) == ("posted", "posted")


def test_voiding_gives_it_back(pending):
    voided = books.void(pending)
    assert books.figures(books.wallet()) == ("100", "0", "0")
    assert books.figures(books.trading()) == ("0", "0", "0")
    assert (state(pending), state(voided)) == ("voided", "voided")


def test_it_may_be_posted_in_parts_and_the_rest_voided(pending):
    assert books.settle(pending, amount=Money.of("15", EUR)).remaining == 25
    assert books.figures(books.wallet()) == ("85", "0", "25")
    assert books.settle(pending, amount=Money.of("5", EUR)).remaining == 20
    assert state(pending) == "pending"
    books.void(pending)
    assert books.figures(books.wallet()) == ("80", "0", "0")
    assert books.balance(books.trading()) == "20"
    assert state(pending) == "voided"


def test_no_more_than_remains_can_be_posted(pending):
    with pytest.raises(OverCapture) as refused:
        books.settle(pending, amount=Money.of("40.01", EUR))
    assert refused.value.data["remaining"] == "40"
    books.settle(pending, amount=Money.of("30", EUR))
    with pytest.raises(OverCapture):
        books.settle(pending, amount=Money.of("10.01", EUR))
    assert books.figures(books.wallet()) == ("70", "0", "10")


@pytest.mark.parametrize("first", [books.settle, books.void])
@pytest.mark.parametrize("second", [books.settle, books.void])
def test_what_has_ended_stays_ended(pending, first, second):
    first(pending)
    before = books.figures(books.wallet())
    with pytest.raises(InvalidTransition):
        second(pending)
    assert books.figures(books.wallet()) == before


def test_an_amount_in_another_currency_is_refused(pending):
    with pytest.raises(CurrencyMismatch):
        books.settle(pending, amount=Money.of("10", "USD"))
    assert books.figures(books.wallet()) == ("100", "0", "40")


def test_a_resolution_repeated_is_answered_again(pending):
    first = books.settle(pending, amount=Money.of("10", EUR), idempotency_key="k")
    again = books.settle(pending, amount=Money.of("10", EUR), idempotency_key="k")
    assert (again.id, again.replayed) == (first.id, True)
    with pytest.raises(IdempotencyKeyReused):
        books.settle(pending, amount=Money.of("11", EUR), idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        books.void(pending, idempotency_key="k")
    source = books.source("s1")
    done = books.settle(pending, source=source)
    assert books.settle(pending, source=source).id == done.id  # long after it has ended
    with pytest.raises(DuplicateReference):
        books.void(pending, source=source)
    assert books.figures(books.wallet()) == ("60", "0", "0")


def test_only_pending_transactions_can_be_resolved():
    receipt = books.receive("10")
    with pytest.raises(NotFound):
        books.settle(receipt)
    with pytest.raises(NotFound), transaction.atomic():
        posting.void(pending_id=ids.new_id())


def test_several_legs_are_posted_whole_or_not_at_all():
    books.receive("100")
    with transaction.atomic():
        pending = posting.post(
            reason="MANUAL_ADJUSTMENT",
            legs=[
                debit(books.wallet(), Decimal(50)),
                credit(books.fees(), Decimal(2)),
                credit(books.trading(), Decimal(48)),
            ],
            pending=True,
        )
    with pytest.raises(InvalidRequest, match="two-legged"):
        books.settle(pending, amount=Money.of("10", EUR))
    books.settle(pending)
    assert (books.balance(books.wallet()), books.balance(books.fees())) == ("50", "2")


def test_several_currencies_can_wait_together():
    books.receive("100", to=books.wallet(currency="USD"))
    fx = {currency: accounts.ref("house/fx", currency) for currency in ("USD", "EUR")}
    with transaction.atomic():
        pending = posting.post(
            reason="FX_CONVERSION",
            legs=[
                debit(books.wallet(currency="USD"), Decimal(11)),
                credit(fx["USD"], Decimal(11)),
                debit(fx["EUR"], Decimal(10)),
                credit(books.wallet(), Decimal(10)),
            ],
            pending=True,
        )
    assert books.figures(books.wallet()) == ("0", "10", "0")
    books.settle(pending)
    assert (books.balance(books.wallet()), books.balance(books.wallet(currency="USD"))) == ("10", "89")


def test_an_account_frozen_meanwhile_still_settles_what_was_reserved(pending):
    """The money is spoken for, the other side may have acted on it: a freeze stops what is new."""
    accounts.set_status(account_id=books.wallet().id, status="frozen")
    with pytest.raises(AccountFrozen):
        books.send("1", to=books.trading(), pending=True)
    books.settle(pending, amount=Money.of("30", EUR))
    books.void(pending)
    assert books.figures(books.wallet()) == ("70", "0", "0")


def test_an_account_with_something_pending_cannot_be_closed(pending):
    with pytest.raises(InvalidTransition):
        accounts.set_status(account_id=books.trading().id, status="closed")


def test_a_posted_part_can_be_reversed_by_itself(pending):
    part = books.settle(pending, amount=Money.of("15", EUR))
    books.settle(pending)
    books.reverse(part)
    assert (books.balance(books.wallet()), books.balance(books.trading())) == ("75", "25")
    assert (state(part), state(pending)) == ("reversed", "partly_reversed")


def test_a_reservation_keeps_its_own_row_in_order(pending):
    row = Pending.objects.get(pk=pending.id)
    assert (row.amount, row.remaining, row.state) == (40, 40, "pending")
    books.settle(pending)
    row.refresh_from_db()
    assert (row.remaining, row.state) == (0, "posted")
