"""Reservations and holds that end by themselves: by the clock, by an outside status, later than first said."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import holds, ids, invariants, posting, queries
from ledger.errors import (
    Expired,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidRequest,
    NeverExpires,
    NotDue,
    NotFound,
    NotLater,
    StatusNotDeclared,
)
from ledger.models import Event, Hold, Pending, Transaction
from ledger.money import Money
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db

SOON = datetime(2999, 1, 1, tzinfo=UTC)
LATER = SOON + timedelta(days=1)


@pytest.fixture(autouse=True)
def the_books_are_right_afterwards():
    yield
    assert invariants.run().findings == []


@pytest.fixture
def pending():
    """40 of 100 on their way to trading, until SOON or until the platform says no."""
    books.receive("100")
    return books.send(
        "40", to=books.trading(), pending=True, expires_at=SOON, expires_on=["mt5.rejected", "mt5.no_money"]
    )


def state(posted):
    return queries.states_of([posted.id])[posted.id]


def wallet():
    return books.figures(books.wallet())


def test_the_clock_gives_back_what_is_left(pending):
    books.settle(pending, amount=Money.of("15", "EUR"))
    assert posting.expire_pending(now=timezone.now()) == 0
    books.time_is_up(pending)
    assert posting.expire_pending(now=timezone.now()) == 1
    assert (wallet(), books.balance(books.trading()), state(pending)) == (("85", "0", "0"), "15", "expired")
    ended = Transaction.objects.get(pending=pending.id, phase="expire")
    assert (ended.source_kind, ended.source_id, state(ended)) == ("pending_expiry", pending.public_id, "expired")
    event = Event.objects.get(type="transaction.expired")
    assert (event.object_ref, event.client_ref, event.actor) == (pending.public_id, books.ADA, "system:schedule")
    assert posting.expire_pending(now=timezone.now()) == 0
    assert Event.objects.filter(type="transaction.expired").count() == 1


def test_past_its_end_it_can_only_expire_even_if_the_clock_has_not_come_round(pending):
    """Until then the money stays reserved: nobody may count on it early, nobody may still take it."""
    books.time_is_up(pending)
    for verb in (books.settle, books.void, lambda p: books.extend(p, LATER)):
        with pytest.raises(Expired) as refused:
            verb(pending)
        assert (refused.value.code, refused.value.data["state"]) == ("invalid_transition", "pending")
    with pytest.raises(InsufficientAvailable):
        books.send("60.01")
    assert wallet() == ("100", "0", "40")
    books.expire(pending)
    assert wallet() == ("100", "0", "0")


def test_a_replay_is_answered_long_after_the_end(pending):
    first = books.settle(pending, amount=Money.of("10", "EUR"), idempotency_key="k")
    books.time_is_up(pending)
    assert books.settle(pending, amount=Money.of("10", "EUR"), idempotency_key="k").id == first.id
    assert wallet() == ("90", "0", "30")


def test_by_the_clock_it_does_not_expire_before_its_time(pending):
    with pytest.raises(NotDue):
        books.expire(pending)
    assert posting.expire_pending(now=LATER) == 0, "the caller's clock is wrong, the database's is not"
    with pytest.raises(NotDue):
        books.expire(books.send("1", pending=True))  # has no end at all
    assert wallet() == ("100", "0", "41")


def test_a_status_that_it_names_ends_it(pending):
    ended = books.expire(
        pending, status="mt5.rejected", source=books.source("o-1", kind="order"), description="No margin"
    )
    again = books.expire(
        pending, status="mt5.rejected", source=books.source("o-1", kind="order"), description="No margin"
    )
    assert (again.id, again.replayed, wallet(), state(pending)) == (ended.id, True, ("100", "0", "0"), "expired")
    assert Transaction.objects.get(pk=ended.id).metadata == {"status": "mt5.rejected"}
    with pytest.raises(Expired):
        books.settle(pending)


def test_a_status_that_it_does_not_name_ends_nothing(pending):
    with pytest.raises(StatusNotDeclared) as refused:
        books.expire(pending, status="mt5.placed")
    assert refused.value.data["declared"] == ["mt5.rejected", "mt5.no_money"]
    other = books.send("1", pending=True)
    with pytest.raises(StatusNotDeclared):
        books.expire(other, status="mt5.rejected")
    assert wallet() == ("100", "0", "41")


@pytest.mark.parametrize(
    "words",
    [
        {"expires_on": ["rejected"]},
        {"expires_on": ["MT5.Rejected"]},
        {"expires_on": ["mt5.rejected "]},
        {"expires_on": [f"mt5.s{n}" for n in range(11)]},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_an_end_that_makes_no_sense_is_refused(words):
    books.receive("100")
    with pytest.raises(InvalidRequest) as refused:
        books.send("1", pending=True, **words)
    assert refused.value.param == next(iter(words))
    with pytest.raises(InvalidRequest):
        books.send("1", **words)  # nothing to end
    assert (wallet(), Pending.objects.count()) == (("100", "0", "0"), 0)


def test_the_end_is_part_of_what_a_key_stands_for():
    books.receive("100")
    first = books.send("1", pending=True, expires_at=SOON, idempotency_key="k")
    assert books.send("1", pending=True, expires_at=SOON, idempotency_key="k").id == first.id
    with pytest.raises(IdempotencyKeyReused):
        books.send("1", pending=True, expires_at=LATER, idempotency_key="k")


def test_an_end_can_be_put_off_and_the_event_says_by_whom_and_why(pending):
    assert books.extend(pending, LATER, reason="Platform maintenance") is True
    assert books.extend(pending, LATER) is False  # the same again
    assert Pending.objects.get(pk=pending.id).expires_at == LATER
    event = Event.objects.get(type="transaction.extended")
    assert (event.object_ref, event.actor, event.data["reason"]) == (pending.public_id, "test", "Platform maintenance")
    assert (event.before["expires_at"], event.after["expires_at"]) == (SOON.isoformat(), LATER.isoformat())


def test_an_end_is_never_moved_back_nor_given_to_what_has_none(pending):
    with pytest.raises(NotLater):
        books.extend(pending, SOON - timedelta(seconds=1))
    with pytest.raises(NeverExpires):
        books.extend(books.send("1", pending=True), SOON)
    with pytest.raises(InvalidRequest):
        books.extend(pending, LATER, reason=" ")
    with pytest.raises(NotFound), transaction.atomic():
        posting.extend(pending_id=ids.new_id(), expires_at=SOON, reason="x", actor=books.Somebody(), now=timezone.now())
    assert Pending.objects.get(pk=pending.id).expires_at == SOON
    assert not Event.objects.exists()


@pytest.fixture
def held():
    """60 of 100 held until SOON."""
    books.receive("100")
    return books.hold("60", expires_at=SOON)


def put_off(placed, expires_at):
    with transaction.atomic():
        return holds.extend(
            hold_id=placed.hold_id,
            expires_at=expires_at,
            reason="Papers late",
            actor=books.Somebody(),
            now=timezone.now(),
        )


def hold_is_due(placed):
    Hold.objects.filter(pk=placed.hold_id).update(expires_at=timezone.now() - timedelta(milliseconds=1))


def test_a_hold_past_its_end_can_only_expire(held):
    hold_is_due(held)
    for verb in (books.capture, books.release, lambda h: put_off(h, LATER)):
        with pytest.raises(Expired):
            verb(held)
    assert books.balance(books.held()) == "60"
    assert holds.expire(now=timezone.now()) == 1
    assert (books.balance(books.held()), books.balance(books.wallet())) == ("0", "100")
    event = Event.objects.get(type="hold.expired")
    assert (event.object_ref, event.client_ref, event.actor) == (held.public_id, books.ADA, "system:schedule")


def test_a_holds_end_can_be_put_off_never_moved_back(held):
    assert put_off(held, LATER) is True
    assert put_off(held, LATER) is False
    with pytest.raises(NotLater):
        put_off(held, SOON)
    with pytest.raises(NeverExpires):
        put_off(books.hold("1"), SOON)
    assert Hold.objects.get(pk=held.hold_id).expires_at == LATER
    event = Event.objects.get(type="hold.extended")
    assert (event.object_ref, event.client_ref, event.data["reason"]) == (held.public_id, books.ADA, "Papers late")


def test_nothing_is_held_into_the_past():
    books.receive("100")
    with pytest.raises(InvalidRequest) as refused:
        books.hold("1", expires_at=timezone.now())
    assert (refused.value.param, books.balance(books.held()), Hold.objects.count()) == ("expires_at", "0", 0)


def test_an_owners_holds_are_listed_with_who_and_why(held):
    books.receive("9", to=books.wallet(books.BEN))
    books.hold("9", on=books.wallet(books.BEN))
    ended = books.hold("5", kind="aml_review", reason="source of funds")
    books.release(ended, amount=Decimal(2))
    books.release(ended)
    listed = [(hold.kind, hold.reason, hold.actor, hold.state) for hold in holds.of(books.ADA)]
    assert listed == [("withdrawal", "payout asked for", "test", "active")]
    assert [hold.state for hold in holds.of(books.ADA, everything=True)] == ["released", "active"]
