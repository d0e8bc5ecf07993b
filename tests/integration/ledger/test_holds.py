"""Holds: every state, every verb in it, and what the wallet and the held account say."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import accounts, holds, ids, invariants
from ledger.errors import (
    AccountFrozen,
    CurrencyMismatch,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidAmount,
    InvalidRequest,
    InvalidTransition,
    NotFound,
    OverCapture,
    OverRelease,
    ReasonNotAllowed,
)
from ledger.models import Hold
from ledger.posting import credit, debit, post
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_right_afterwards():
    yield
    assert invariants.run().findings == []


@pytest.fixture
def placed():
    """60 of 100 held."""
    books.receive("100")
    return books.hold("60")


def row(placed):
    found = Hold.objects.get(pk=placed.hold_id)
    return found.state, books.plain(found.captured), books.plain(found.released), books.plain(found.remaining)


def held():
    return books.balance(books.wallet()), books.balance(books.held())


def part(amount):
    return lambda placed: books.capture(placed, amount=Decimal(amount))


def give(amount):
    return lambda placed: books.release(placed, amount=Decimal(amount))


def expire(placed):
    Hold.objects.filter(pk=placed.hold_id).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert holds.expire(now=timezone.now()) == 1


def test_placing_moves_it_to_the_held_account(placed):
    assert (held(), row(placed)) == (("40", "60"), ("active", "0", "0", "60"))
    with pytest.raises(InsufficientAvailable):
        books.send("41")
    with pytest.raises(InsufficientAvailable):
        books.hold("41")


# What was done before → verb → state, captured, released, wallet, held.
MATRIX = [
    ([], books.capture, ("captured", "60", "0", "0"), ("40", "0")),
    ([], part("60"), ("captured", "60", "0", "0"), ("40", "0")),
    ([], part("25"), ("partly_captured", "25", "0", "35"), ("40", "35")),
    ([], books.release, ("released", "0", "60", "0"), ("100", "0")),
    ([], expire, ("expired", "0", "60", "0"), ("100", "0")),
    ([part("25")], part("5"), ("partly_captured", "30", "0", "30"), ("40", "30")),
    ([part("25")], books.capture, ("captured", "60", "0", "0"), ("40", "0")),
    ([part("25")], books.release, ("released", "25", "35", "0"), ("75", "0")),
    ([part("25")], expire, ("expired", "25", "35", "0"), ("75", "0")),
    ([], give("20"), ("active", "0", "20", "40"), ("60", "40")),
    ([], give("60"), ("released", "0", "60", "0"), ("100", "0")),
    ([part("25")], give("20"), ("partly_captured", "25", "20", "15"), ("60", "15")),
    ([give("20")], part("25"), ("partly_captured", "25", "20", "15"), ("60", "15")),
    ([give("20")], books.capture, ("captured", "40", "20", "0"), ("60", "0")),
    ([give("20")], books.release, ("released", "0", "60", "0"), ("100", "0")),
    ([part("25"), give("20")], books.release, ("released", "25", "35", "0"), ("75", "0")),
    ([part("25"), give("20")], part("15"), ("captured", "40", "20", "0"), ("60", "0")),
    ([give("20")], expire, ("expired", "0", "60", "0"), ("100", "0")),
]


@pytest.mark.parametrize(("before", "verb", "expected", "balances"), MATRIX)
def test_what_each_verb_makes_of_an_open_hold(placed, before, verb, expected, balances):
    for step in before:
        step(placed)
    verb(placed)
    assert (row(placed), held()) == (expected, balances)
    assert (Hold.objects.get().ended_at is not None) == (expected[3] == "0")


@pytest.mark.parametrize(
    ("end", "capture", "release"),
    [
        (books.capture, "already_captured", "release_after_capture"),
        (books.release, "capture_after_release", "already_released"),
        (expire, "expired", "expired"),
    ],
    ids=["captured", "released", "expired"],
)
@pytest.mark.parametrize(
    ("verb", "wrong"),
    [(books.capture, "capture"), (part("1"), "capture"), (books.release, "release"), (give("1"), "release")],
    ids=["capture", "part", "release", "give"],
)
def test_what_has_ended_stays_ended_and_each_wrong_move_has_its_cause(placed, end, capture, release, verb, wrong):
    cause = capture if wrong == "capture" else release
    end(placed)
    before = row(placed), held()
    with pytest.raises(InvalidTransition) as refused:
        verb(placed)
    assert (refused.value.code, refused.value.cause) == ("invalid_transition", cause)
    assert holds.expire(now=timezone.now() + timedelta(days=9)) == 0
    assert (row(placed), held()) == before


def test_no_more_than_is_held_can_be_captured(placed):
    for amount in ("60.01", "1000"):
        with pytest.raises(OverCapture):
            books.capture(placed, amount=Decimal(amount))
    books.capture(placed, amount=Decimal(50))
    with pytest.raises(OverCapture):
        books.capture(placed, amount=Decimal("10.01"))
    assert held() == ("40", "10")


def test_no_more_than_is_held_can_be_given_back(placed):
    books.release(placed, amount=Decimal(50))
    with pytest.raises(OverRelease) as refused:
        books.release(placed, amount=Decimal("10.01"))
    assert (refused.value.code, refused.value.cause) == ("over_capture", "over_release")
    assert held() == ("90", "10")


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_amounts_that_cannot_be_are_refused(placed, amount):
    with pytest.raises(InvalidAmount):
        books.capture(placed, amount=Decimal(amount))
    with pytest.raises(InvalidAmount):
        books.release(placed, amount=Decimal(amount))
    with pytest.raises(InvalidAmount):
        books.hold(amount)
    with pytest.raises(InvalidAmount):
        books.capture(placed, amount=0.5)
    assert held() == ("40", "60")


def test_a_capture_goes_where_its_reason_allows_in_the_same_currency(placed):
    with pytest.raises(CurrencyMismatch):
        books.capture(placed, to=books.payout("USD"))
    with pytest.raises(ReasonNotAllowed):
        books.capture(placed, to=books.fees())
    with pytest.raises(InvalidRequest):
        books.capture(placed, to=books.held(books.BEN), reason="MANUAL_ADJUSTMENT")
    with pytest.raises(InvalidRequest):
        books.capture(placed, reason="NO_SUCH_REASON")
    books.capture(placed, to=books.fees(), reason="WITHDRAWAL_FEE", amount=Decimal(1))
    assert (held(), books.balance(books.fees())) == (("40", "59"), "1")


def test_only_a_clients_cash_can_be_held():
    for account in (books.bank(), books.fees()):
        with pytest.raises(InvalidRequest):
            books.hold("1", on=account)
    with pytest.raises(InvalidRequest):
        books.hold("1", on=books.trading())
    with pytest.raises(InvalidRequest):
        books.hold("1", kind="whim")


def test_a_pocket_can_be_held_and_gets_its_money_back():
    pocket = accounts.ref("client/cl_ada/pocket/savings", "EUR")
    books.receive("10")
    books.send("10", to=pocket)
    placed = books.hold("4", on=pocket)
    assert (books.balance(pocket), books.balance(books.held())) == ("6", "4")
    books.release(placed)
    assert books.balance(pocket) == "10"


def test_nothing_else_moves_a_held_account(placed):
    for legs in (
        [debit(books.held(), Decimal(1)), credit(books.bank(), Decimal(1))],
        [debit(books.wallet(), Decimal(1)), credit(books.held(), Decimal(1))],
    ):
        with pytest.raises(InvalidRequest), transaction.atomic():
            post(reason="MANUAL_ADJUSTMENT", legs=legs)
        with pytest.raises(InvalidRequest), transaction.atomic():
            post(reason="MANUAL_ADJUSTMENT", legs=legs, pending=True)
    with pytest.raises(InvalidRequest):
        books.reverse(placed.posted)
    assert held() == ("40", "60")


def test_the_same_key_gives_the_same_hold(placed):
    first = books.hold("5", idempotency_key="k")
    assert books.hold("5", idempotency_key="k").hold_id == first.hold_id
    with pytest.raises(IdempotencyKeyReused):
        books.hold("6", idempotency_key="k")
    once = books.capture(first, amount=Decimal(2), idempotency_key="c")
    again = books.capture(first, amount=Decimal(2), idempotency_key="c")
    assert (again.id, again.replayed) == (once.id, True)
    assert held() == ("35", "63")


def test_a_freeze_stops_new_holds_but_not_their_end(placed):
    for account in (books.wallet(), books.held()):
        accounts.set_status(account_id=account.id, status="frozen")
    with pytest.raises(AccountFrozen):
        books.hold("1")
    books.capture(placed, amount=Decimal(10))
    books.release(placed)
    assert held() == ("90", "0")


def test_expiry_leaves_what_has_more_time_and_goes_past_what_ended_meanwhile():
    books.receive("100")
    due = books.hold("10", expires_at=timezone.now() + timedelta(hours=1))
    later = books.hold("20", expires_at=timezone.now() + timedelta(hours=1))
    now = timezone.now()
    Hold.objects.filter(pk=due.hold_id).update(expires_at=now)
    books.hold("30")
    assert holds.expire(now=now) == 1
    assert (row(due)[0], row(later)[0], held()) == ("expired", "active", ("50", "50"))
    assert holds.expire(now=now) == 0


def test_an_unknown_hold_is_not_found(placed):
    with pytest.raises(NotFound), transaction.atomic():
        holds.release(hold_id=ids.new_id())


def test_a_chargeback_may_be_captured_from_a_hold(placed):
    books.capture(placed, to=books.clearing(), reason="CHARGEBACK", amount=Decimal(20))
    assert (held(), books.balance(books.clearing())) == (("40", "40"), "-20")
