"""Two-phase transactions: reserve, then post all or parts, or give back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import accounts, ids, invariants, posting, queries
from ledger.errors import (
    AccountFrozen,
    CurrencyMismatch,
    DuplicateReference,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidRequest,
    InvalidTransition,
    NotDivisible,
    NotFound,
    OverCapture,
    OverPost,
    Unbalanced,
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
    assert (refused.value.code, refused.value.cause) == ("over_capture", "over_post")
    books.settle(pending, amount=Money.of("30", EUR))
    with pytest.raises(OverCapture):
        books.settle(pending, amount=Money.of("10.01", EUR))
    assert books.figures(books.wallet()) == ("70", "0", "10")


def run_out(pending):
    books.time_is_up(pending)
    books.expire(pending)


def put_off(pending):
    books.extend(pending, datetime(2999, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("first", "second", "cause"),
    [
        (books.settle, books.settle, "already_posted"),
        (books.settle, books.void, "void_after_post"),
        (books.settle, books.expire, "already_posted"),
        (books.settle, put_off, "already_posted"),
        (books.void, books.settle, "post_after_void"),
        (books.void, books.void, "already_voided"),
        (books.void, books.expire, "already_voided"),
        (books.void, put_off, "already_voided"),
        *[(run_out, late, "expired") for late in (books.settle, books.void, books.expire, put_off)],
    ],
)
def test_what_has_ended_stays_ended_and_each_wrong_move_has_its_cause(pending, first, second, cause):
    first(pending)
    before = books.figures(books.wallet()), state(pending)
    with pytest.raises(InvalidTransition) as refused:
        second(pending)
    assert (refused.value.code, refused.value.cause) == ("invalid_transition", cause)
    assert (books.figures(books.wallet()), state(pending)) == before


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


@pytest.fixture
def deal():
    """33 dollars out of the wallet for 20 euros into it, with a fee and a spread: six entries, two currencies."""
    books.receive("100", to=books.wallet(currency="USD"))
    return books.deal()


def fx(amount):
    """What one deal's six accounts hold: wallet and fee in dollars, wallet and spread in euros."""
    spread = accounts.ref("house/fx-spread", EUR)
    return (
        books.figures(books.wallet(currency="USD")),
        books.balance(books.fees("USD")),
        books.figures(books.wallet()),
        books.balance(spread),
    ) == amount


def test_many_legs_are_posted_in_proportion_until_they_are_used_up(deal):
    assert fx((("100", "0", "33"), "0", ("0", "20", "0"), "0"))
    first = books.settle(deal, amount=Money.of("16.5", "USD"))  # a half of everything
    assert first.remaining == Decimal("27.5")
    assert fx((("83.5", "0", "16.5"), "1.5", ("10", "10", "0"), "1"))
    books.settle(deal, amount=Money.of("1.1", EUR))  # a tenth of what is left, told by the other currency
    assert fx((("81.85", "0", "14.85"), "1.65", ("11", "9", "0"), "1.1"))
    assert books.settle(deal).remaining == 0
    assert fx((("67", "0", "0"), "3", ("20", "0", "0"), "2"))
    assert state(deal) == "posted"


def test_a_part_that_does_not_divide_exactly_is_refused_and_given_by_entries_instead(deal):
    with pytest.raises(NotDivisible) as refused:
        books.settle(deal, amount=Money.of("1", "USD"))
    assert (refused.value.code, refused.value.cause, refused.value.param) == (
        "invalid_request",
        "not_divisible",
        "amount",
    )
    assert fx((("100", "0", "33"), "0", ("0", "20", "0"), "0"))
    part = [debit(books.wallet(currency="USD"), Decimal(1)), credit(books.fees("USD"), Decimal(1))]
    assert books.settle(deal, legs=part).remaining == 54
    assert fx((("99", "0", "32"), "1", ("0", "20", "0"), "0"))
    with pytest.raises(OverPost) as refused:
        books.settle(
            deal, legs=[debit(books.wallet(currency="USD"), Decimal(3)), credit(books.fees("USD"), Decimal(3))]
        )
    assert (refused.value.data["remaining"], refused.value.data["wanted"]) == ("2", "3")
    books.void(deal)
    assert fx((("99", "0", "0"), "1", ("0", "0", "0"), "0"))


def test_of_entries_that_are_all_too_much_the_first_one_given_is_named(deal):
    dollars = books.wallet(currency="USD")
    entries = [debit(dollars, Decimal(90)), credit(books.fees("USD"), Decimal(90))]
    for legs in (entries, entries[::-1]):
        with pytest.raises(OverPost) as refused:
            books.settle(deal, legs=legs)
        assert refused.value.data["account_id"] == legs[0].account.id


def test_only_what_was_reserved_can_be_posted_by_entries(deal):
    dollars = books.wallet(currency="USD")
    for legs, cause in (
        ([debit(dollars, Decimal(1)), credit(books.wallet(books.BEN, "USD"), Decimal(1))], OverPost),
        ([credit(dollars, Decimal(1)), debit(books.fees("USD"), Decimal(1))], OverPost),
        ([debit(dollars, Decimal(2)), credit(books.fees("USD"), Decimal(1))], Unbalanced),
        ([debit(dollars, Decimal(1))], Unbalanced),
    ):
        with pytest.raises(cause):
            books.settle(deal, legs=legs)
    with pytest.raises(InvalidRequest):
        books.settle(deal, amount=Money.of("1", "USD"), legs=legs)
    assert fx((("100", "0", "33"), "0", ("0", "20", "0"), "0"))


def test_two_legs_on_one_account_are_taken_from_together():
    books.receive("100")
    with transaction.atomic():
        pending = posting.post(
            reason="MANUAL_ADJUSTMENT",
            legs=[
                debit(books.wallet(), Decimal(10)),
                debit(books.wallet(), Decimal(20)),
                credit(books.trading(), Decimal(30)),
            ],
            pending=True,
        )
    books.settle(pending, amount=Money.of("12.5", EUR))
    assert books.figures(books.wallet()) == ("87.5", "0", "17.5")
    books.settle(pending)
    assert books.figures(books.wallet()) == ("70", "0", "0")


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


def test_a_reservation_of_later_does_not_end_before_it_begins():
    """Without a wish of its own, what ends it is of now and no earlier than it: at no moment is there more to spend."""
    books.receive("100")
    later = timezone.now() + timedelta(hours=3)
    voided = books.void(books.send("40", to=books.trading(), pending=True, effective_at=later))
    posted = books.settle(books.send("5", to=books.trading(), pending=True, effective_at=later))
    assert {found.effective_at for found in Transaction.objects.filter(pk__in=[voided.id, posted.id])} == {later}
    for moment in (later - timedelta(hours=1), later):
        found = queries.as_of(books.wallet().id, effective_at=moment)
        assert found.pending_out == 0
        assert found.balance == (100 if moment < later else 95)
