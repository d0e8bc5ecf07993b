"""Many at once on one reservation, one original, one hold: each end happens once, parts never exceed the whole."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from ledger import accounts, invariants, posting, queries
from ledger.database import unit_of_work
from ledger.errors import (
    AlreadyReversed,
    DomainError,
    InsufficientAvailable,
    InvalidTransition,
    OverCapture,
    OverReversal,
)
from ledger.models import Event, Hold, Pending, Transaction
from ledger.money import Money
from ledger.posting import Posted, credit, debit
from tests.concurrency.crowd import at_once
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 40
FAR = datetime(2999, 1, 1, tzinfo=UTC)


LATE = {
    "posted": {"already_posted", "void_after_post"},
    "voided": {"already_voided", "post_after_void"},
    "expired": {"expired"},
}


def causes(results):
    """How often each answer was given; nothing but answers and refusals of ours may come."""
    assert all(isinstance(result, Posted | DomainError | bool | int) for result in results), results
    return Counter(getattr(result, "cause", None) or type(result).__name__ for result in results)


def test_reservations_count_in_the_floor_from_the_first_moment():
    books.receive("100")
    trading = books.trading()
    results = at_once(*[lambda: books.send("30", to=trading, pending=True)] * CROWD)
    assert sum(isinstance(result, InsufficientAvailable) for result in results) == CROWD - 3, causes(results)
    assert books.figures(books.wallet()) == ("100", "0", "90")
    assert invariants.run().clean


def test_a_post_a_void_and_a_status_race_for_one_reservation():
    books.receive("100")
    pending = books.send("40", to=books.trading(), pending=True, expires_on=["mt5.rejected"])
    ways = [
        lambda: books.settle(pending),
        lambda: books.void(pending),
        lambda: books.expire(pending, status="mt5.rejected"),
    ]
    results = at_once(*(ways[index % 3] for index in range(CROWD)))
    state = Pending.objects.get(pk=pending.id).state
    lost = LATE[state]
    counts = causes(results)
    assert counts.pop("Posted") == 1
    assert counts.keys() <= lost
    assert counts.total() == CROWD - 1
    assert books.figures(books.wallet())[0] == ("60" if state == "posted" else "100")
    assert Transaction.objects.filter(pending=pending.id).count() == 1
    assert invariants.run().clean


def test_when_its_time_has_come_only_the_clock_wins_and_only_once():
    books.receive("100")
    pending = books.send("40", to=books.trading(), pending=True, expires_at=FAR)
    books.time_is_up(pending)
    now = timezone.now()
    ways = [
        lambda: posting.expire_pending(now=now),
        lambda: books.settle(pending),
        lambda: books.void(pending),
        lambda: books.extend(pending, FAR),
    ]
    results = at_once(*(ways[index % 4] for index in range(CROWD)))
    ended = [result for result in results if isinstance(result, int)]
    assert sum(ended) == 1, results
    assert all(result.cause == "expired" for result in results if isinstance(result, DomainError))
    assert len([result for result in results if isinstance(result, InvalidTransition)]) == CROWD * 3 // 4
    assert Event.objects.filter(type="transaction.expired").count() == 1
    assert books.figures(books.wallet()) == ("100", "0", "0")
    assert invariants.run().clean


def test_the_last_moment_belongs_to_the_clock_or_to_whoever_put_it_off():
    """Extensions and posts against an end that comes while they run: what was extended is posted, nothing else is."""
    books.receive("100")
    reservations = [
        books.send("1", to=books.trading(), pending=True, expires_at=timezone.now() + timedelta(milliseconds=600))
        for _ in range(12)
    ]

    def extend_and_post(pending):
        try:
            books.extend(pending, FAR)
        except InvalidTransition:
            return False
        return isinstance(books.settle(pending), Posted)

    def clock():
        count = 0
        while timezone.now() < deadline:
            count += posting.expire_pending(now=timezone.now())
        return count

    deadline = timezone.now() + timedelta(seconds=2)
    results = at_once(clock, *[lambda p=p: extend_and_post(p) for p in reservations], clock)
    posted = sum(results[1:-1])
    assert posted + results[0] + results[-1] == len(reservations), results
    assert books.figures(books.wallet()) == (str(100 - posted), "0", "0")
    assert invariants.run().clean


def test_parts_of_a_reservation_never_exceed_it():
    books.receive("100")
    pending = books.send("60", to=books.trading(), pending=True)
    legs = [debit(books.wallet(), Decimal(7)), credit(books.trading(), Decimal(7))]
    ways = [
        lambda: books.settle(pending, amount=Money.of("7", "EUR")),
        lambda: books.settle(pending, legs=legs),
    ]
    results = at_once(*(ways[index % 2] for index in range(20)))
    assert causes(results) == {"Posted": 8, "over_post": 12}
    assert books.figures(books.wallet()) == ("44", "0", "4")
    books.void(pending)
    assert books.figures(books.wallet()) == ("44", "0", "0")
    assert invariants.run().clean


def test_parts_of_a_reversal_add_up_to_the_original_whoever_comes_when():
    """By amount and by entries, through both doors: shares are cut from what is really left."""
    books.receive("1000")
    fees, wallet, bank = books.fees(), books.wallet(), books.bank()
    legs = [debit(wallet, Decimal(100)), credit(fees, Decimal("33.33")), credit(bank, Decimal("66.67"))]
    original = unit_of_work(lambda: posting.post(reason="MANUAL_ADJUSTMENT", legs=legs))
    chosen = [debit(wallet, Decimal("0.50")), credit(bank, Decimal("0.50"))]
    back = [credit(wallet, Decimal("0.50")), debit(bank, Decimal("0.50"))]
    ways = [
        lambda: books.reverse(original, amount=Money.of("7.77", "EUR")),
        lambda: books.reverse(original, legs=chosen),
        lambda: unit_of_work(
            lambda: posting.post(reason="MANUAL_ADJUSTMENT_REVERSAL", legs=back, reverses=original.id)
        ),
    ]
    results = at_once(*(ways[index % 3] for index in range(48)))
    assert all(isinstance(result, Posted | OverReversal) for result in results), results
    refused = sum(isinstance(result, OverReversal) for result in results)
    assert refused, "there was enough for everyone"
    if left := Decimal(1000) - queries.balance_of(wallet.id).balance:
        assert books.reverse(original, amount=Money.of(left, "EUR")).remaining == 0
    assert (books.balance(wallet), books.balance(fees), books.balance(bank)) == ("1000", "0", "1000")
    assert invariants.run().clean


def test_the_rest_is_what_is_left_when_its_turn_comes():
    """Whoever asks for the rest while others take parts gets what they left, and is never told that it is too much."""
    books.receive("1000")
    original = unit_of_work(
        lambda: posting.post(
            reason="CLIENT_INTERNAL_TRANSFER",
            legs=[debit(books.wallet(), Decimal(100)), credit(books.trading(), Decimal(100))],
        )
    )
    parts = [lambda: books.reverse(original, amount=Money.of("7", "EUR"))] * 9
    rests = [lambda: books.reverse(original, rest=True)] * 3
    results = at_once(*parts[:3], rests[0], *parts[3:6], rests[1], *parts[6:], rests[2])
    done = [result for result in results if isinstance(result, Posted)]
    late = Counter(type(result) for result in results if not isinstance(result, Posted))
    assert late.keys() <= {AlreadyReversed, OverReversal}, results
    assert all(isinstance(result, Posted | AlreadyReversed) for result in (results[3], results[7], results[11]))
    assert len(done) == 10 - late[OverReversal]
    assert late[AlreadyReversed] == 2
    assert (books.balance(books.wallet()), books.balance(books.trading())) == ("1000", "0")
    assert invariants.run().clean


def test_captures_and_partial_releases_never_exceed_the_hold():
    books.receive("100")
    placed, payout = books.hold("60"), books.payout()
    ways = [
        lambda: books.capture(placed, to=payout, amount=Decimal(7)),
        lambda: books.release(placed, amount=Decimal(7)),
    ]
    results = at_once(*(ways[index % 2] for index in range(20)))
    assert sum(isinstance(result, Posted) for result in results) == 8
    assert all(isinstance(result, OverCapture) for result in results if not isinstance(result, Posted)), results
    hold = Hold.objects.get(pk=placed.hold_id)
    assert (hold.captured + hold.released, hold.remaining, books.balance(books.held())) == (56, 4, "4")
    assert invariants.run().clean


def test_one_key_of_many_partial_posts_is_one_part():
    books.receive("100")
    accounts.ref("house/fees", "EUR")
    pending = books.send("40", to=books.trading(), pending=True)
    works = [lambda: books.settle(pending, amount=Money.of("5", "EUR"), idempotency_key="once")] * CROWD
    results = at_once(*works)
    assert len({result.id for result in results}) == 1
    assert sum(not result.replayed for result in results) == 1
    assert books.figures(books.wallet()) == ("95", "0", "35")
