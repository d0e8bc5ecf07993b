"""Many at once on the same money: exactly one wins, one key gives one transaction, deadlocks reach nobody."""

import random
import threading
from collections import Counter
from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError
from django.utils import timezone

from ledger import accounts, holds, invariants, posting, queries
from ledger.database import is_transient, unit_of_work
from ledger.errors import (
    AccountClosed,
    DomainError,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidTransition,
    OverReversal,
)
from ledger.models import Hold, Transaction
from ledger.posting import Draft, credit, debit
from tests.concurrency.crowd import at_once
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


def kinds(results):
    return Counter(type(result).__name__ for result in results)


def test_fifty_spend_the_same_hundred_and_exactly_one_wins():
    """Transfers, reservations, holds and batches, all of everything there is."""
    books.receive("100")
    wallet, ben, trading = books.wallet(), books.wallet(books.BEN), books.trading()
    legs = [debit(wallet, Decimal(100)), credit(ben, Decimal(100))]
    ways = [
        lambda: books.send("100", source=wallet, to=ben),
        lambda: books.send("100", source=wallet, to=trading, pending=True),
        lambda: books.hold("100", on=wallet),
        lambda: unit_of_work(lambda: posting.post_batch([Draft(reason="CLIENT_INTERNAL_TRANSFER", legs=legs)])),
        lambda: unit_of_work(lambda: posting.post(reason="MANUAL_ADJUSTMENT", legs=legs)),
    ]
    books.held()
    results = at_once(*(ways[index % len(ways)] for index in range(CROWD)))
    assert kinds(results)["InsufficientAvailable"] == CROWD - 1, kinds(results)
    assert queries.balance_of(wallet.id).available == 0
    assert Transaction.objects.count() == 2
    assert invariants.run().clean


def test_fifty_copies_of_one_key_are_one_transaction_with_one_answer():
    wallet = books.wallet()
    results = at_once(*[lambda: books.receive("40", to=wallet, idempotency_key="once")] * CROWD)
    assert len({(result.id, result.recorded_at) for result in results}) == 1
    assert sum(not result.replayed for result in results) == 1
    assert (books.balance(wallet), Transaction.objects.count()) == ("40", 1)
    assert invariants.run().clean


def test_one_business_reference_under_fifty_keys_is_one_transaction():
    wallet, source = books.wallet(), books.source("r1")
    works = [
        lambda key=index: books.receive("40", to=wallet, source=source, idempotency_key=f"k{key}")
        for index in range(CROWD)
    ]
    results = at_once(*works)
    assert len({result.id for result in results}) == 1
    assert books.balance(wallet) == "40"


def test_one_key_with_two_bodies_gives_one_of_them_and_refuses_the_other():
    wallet = books.wallet()
    amounts = ["40", "41"] * 10
    results = at_once(
        *[lambda amount=amount: books.receive(amount, to=wallet, idempotency_key="once") for amount in amounts]
    )
    won = books.balance(wallet)
    for amount, result in zip(amounts, results, strict=True):
        assert isinstance(result, IdempotencyKeyReused) == (amount != won)
    assert Transaction.objects.count() == 1


def test_overlapping_batches_post_every_draft_once():
    wallet, bank = books.wallet(), books.bank()

    def batch(numbers):
        legs = [debit(bank, Decimal(1)), credit(wallet, Decimal(1))]
        drafts = [Draft(reason="BANK_RECEIPT", legs=legs, source=books.source(f"r{n}")) for n in numbers]
        return unit_of_work(lambda: posting.post_batch(drafts))

    orders = [list(range(30)), list(range(29, -1, -1)), list(range(15, 45)), list(range(44, 14, -1))] * 3
    results = at_once(*[lambda numbers=numbers: batch(numbers) for numbers in orders])
    assert all(isinstance(result, list) for result in results), kinds(results)
    assert (books.balance(wallet), Transaction.objects.count()) == ("45", 45)
    assert invariants.run().clean


def crosswise(pair, meet, deadlocks):
    """A unit of work that takes two wallets one after the other; its first try waits in between for its opponent."""
    bank, tries = books.bank(), []

    def take(wallet):
        posting.post(reason="MANUAL_ADJUSTMENT", legs=[debit(wallet, Decimal(1)), credit(bank, Decimal(1))])

    def work():
        tries.append(1)
        take(pair[0])
        if len(tries) == 1:
            meet.wait(timeout=30)
        try:
            take(pair[1])
        except DatabaseError as error:
            assert is_transient(error)
            assert isinstance(error.__cause__, psycopg.errors.DeadlockDetected)
            deadlocks.append(pair)
            raise

    return lambda: unit_of_work(work)


def test_a_deadlock_storm_reaches_nobody():
    """Eight pairs of workers, each pair taking the same two wallets in opposite order: every pair locks itself up."""
    works, deadlocks, wallets = [], [], []
    for index in range(8):
        ada, ben = books.wallet(f"cl_a{index}"), books.wallet(f"cl_b{index}")
        wallets += [ada, ben]
        for wallet in (ada, ben):
            books.receive("10", to=wallet)
        meet = threading.Barrier(2)
        works += [crosswise((ada, ben), meet, deadlocks), crosswise((ben, ada), meet, deadlocks)]
    assert at_once(*works) == [None] * 16
    assert len(deadlocks) >= 8, "the storm did not happen"
    assert {books.balance(wallet) for wallet in wallets} == {"8"}
    assert invariants.run().clean


def test_single_postings_in_opposite_directions_never_deadlock():
    """Each locks in the order of account ids, whatever the order of its legs; nothing is tried twice."""
    wallets = [books.wallet(f"cl_{index}") for index in range(8)]
    for wallet in wallets:
        books.receive("100", to=wallet)

    def back_and_forth(seed):
        order = random.Random(seed)
        for _ in range(8):
            source, target = order.sample(wallets, 2)
            books.send("1", source=source, to=target)

    assert at_once(*[lambda seed=seed: back_and_forth(seed) for seed in range(32)]) == [None] * 32
    assert sum(queries.balance_of(wallet.id).balance for wallet in wallets) == 800
    assert invariants.run().clean


def test_one_reservation_is_resolved_once():
    books.receive("100")
    pending = books.send("40", to=books.trading(), pending=True)
    works = [lambda: books.settle(pending), lambda: books.void(pending)] * 10
    results = at_once(*works)
    assert sum(isinstance(result, InvalidTransition) for result in results) == 19, kinds(results)
    assert books.figures(books.wallet()) in {("60", "0", "0"), ("100", "0", "0")}
    assert invariants.run().clean


def test_one_hold_ends_once():
    books.receive("100")
    placed = books.hold("60")
    Hold.objects.filter(pk=placed.hold_id).update(expires_at="2020-01-01T00:00Z")
    payout = books.payout()
    now = timezone.now()
    ways = [
        lambda: books.capture(placed, to=payout),
        lambda: books.release(placed),
        lambda: unit_of_work(lambda: holds.expire(now=now)),
    ]
    results = at_once(*(ways * 7))
    ended = [result for result in results if not isinstance(result, DomainError) and result != 0]
    assert len(ended) == 1, results
    assert all(isinstance(result, InvalidTransition) for result in results if isinstance(result, DomainError))
    assert invariants.run().clean


def test_partial_captures_never_exceed_the_hold():
    books.receive("100")
    placed, payout = books.hold("60"), books.payout()
    results = at_once(*[lambda: books.capture(placed, to=payout, amount=Decimal(7))] * 20)
    assert kinds(results)["Posted"] == 8
    assert (books.balance(books.held()), books.balance(payout)) == ("4", "56")
    assert invariants.run().clean


def test_one_original_is_reversed_once():
    original = books.receive("100")
    books.receive("1000")
    results = at_once(*[lambda: books.reverse(original)] * 20)
    assert sum(isinstance(result, OverReversal) for result in results) == 19, kinds(results)
    assert books.balance(books.wallet()) == "1000"
    assert invariants.run().clean


def test_reversals_of_house_postings_alone_are_serial_too():
    """No balance row is locked between two house accounts: the original itself is."""
    legs = [debit(books.bank(), Decimal(10)), credit(books.fees(), Decimal(10))]
    original = unit_of_work(lambda: posting.post(reason="MANUAL_ADJUSTMENT", legs=legs))
    results = at_once(*[lambda: books.reverse(original)] * 20)
    assert sum(isinstance(result, OverReversal) for result in results) == 19, kinds(results)
    assert books.balance(books.bank()) == "0"
    assert invariants.run().clean


def test_closing_a_house_account_and_posting_to_it_exclude_each_other():
    fees, wallet = books.fees(), books.wallet()
    books.receive("100")
    legs = [debit(wallet, Decimal(1)), credit(fees, Decimal(1))]

    def close():
        accounts.set_status(account_id=fees.id, status="closed")

    def pay():
        return unit_of_work(lambda: posting.post(reason="MANUAL_ADJUSTMENT", legs=legs))

    results = at_once(*[pay] * 5, close, *[pay] * 5)
    closed = results[5] is None
    paid = sum(isinstance(result, posting.Posted) for result in results)
    assert (closed and paid == 0) or (not closed and paid == 10), results
    assert all(isinstance(result, AccountClosed | InvalidTransition | posting.Posted | None) for result in results)
    assert invariants.run().clean


def test_a_wallet_opened_by_fifty_at_once_is_one_wallet():
    results = at_once(*[lambda: accounts.ref("client/cl_new/wallet", "EUR")] * CROWD)
    assert len({result.id for result in results}) == 1


def test_the_books_are_right_in_every_snapshot_while_money_moves():
    wallets = [books.wallet(f"cl_{index}") for index in range(4)]
    for wallet in wallets:
        books.receive("100", to=wallet)
    stop = []

    def move(seed):
        order = random.Random(seed)
        while not stop:
            source, target = order.sample(wallets, 2)
            try:
                books.send(str(order.randint(1, 60)), source=source, to=target)
            except InsufficientAvailable:
                continue

    def watch():
        try:
            return [invariants.run().findings for _ in range(5)]
        finally:
            stop.append(True)

    results = at_once(watch, *[lambda seed=seed: move(seed) for seed in range(3)])
    assert results[0] == [[]] * 5
    assert sum(queries.balance_of(wallet.id).balance for wallet in wallets) == 400
