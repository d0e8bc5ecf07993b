"""Batches and conditions against each other: one version is spent once, one name is one transaction."""

import threading
import time
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection, transaction

from ledger import accounts, invariants, posting, queries
from ledger.database import unit_of_work
from ledger.errors import ChainBroken, ConditionNotMet, InsufficientAvailable, VersionConflict
from ledger.models import Transaction
from ledger.posting import Draft, Posted, available_gte, credit, debit, if_version
from tests.concurrency.crowd import at_once
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


def kinds(results):
    return Counter(type(result).__name__ for result in results)


def transfer(amount, *conditions, **words):
    legs = [debit(books.wallet(), Decimal(amount)), credit(books.wallet(books.BEN), Decimal(amount))]
    return {"reason": "CLIENT_INTERNAL_TRANSFER", "legs": legs, "conditions": conditions, **words}


def test_fifty_post_on_the_same_version_and_exactly_one_wins():
    """Single postings and batches; there is money for all of them, only the version decides."""
    books.receive("1000")
    wallet = books.wallet()
    seen = if_version(wallet, queries.balance_of(wallet.id).seq)
    books.wallet(books.BEN)
    ways = [
        lambda: unit_of_work(lambda: posting.post(**transfer("1", seen))),
        lambda: unit_of_work(lambda: posting.post(**transfer("1", seen, pending=True))),
        lambda: unit_of_work(lambda: posting.post_batch([Draft(**transfer("1", seen))])),
        lambda: unit_of_work(lambda: posting.post_each([Draft(**transfer("1", seen))]))[0],
    ]
    results = at_once(*(ways[index % len(ways)] for index in range(CROWD)))
    assert sum(isinstance(result, VersionConflict) for result in results) == CROWD - 1, kinds(results)
    assert Transaction.objects.count() == 2
    assert queries.balance_of(wallet.id).available == 999
    assert invariants.run().clean


def test_fifty_that_want_ninety_available_leave_the_account_just_below_it():
    books.receive("100")
    wallet = books.wallet()
    enough = available_gte(wallet, Decimal(90))
    books.wallet(books.BEN)
    results = at_once(*[lambda: unit_of_work(lambda: posting.post(**transfer("4", enough)))] * CROWD)
    assert kinds(results) == {"Posted": 3, "ConditionNotMet": CROWD - 3}
    assert any(isinstance(result, ConditionNotMet) for result in results)
    assert books.balance(wallet) == "88"


def test_partial_batches_and_chains_share_out_what_there_is():
    """Twenty batches of three, one of them a chain of two: whatever is refused, nothing is lost or spent twice."""
    books.receive("50")
    wallet, ben = books.wallet(), books.wallet(books.BEN)
    drafts = [Draft(**transfer("3")), Draft(**transfer("2", chain="c")), Draft(**transfer("5", chain="c"))]
    results = at_once(*[lambda: unit_of_work(lambda: posting.post_each(drafts))] * 20)
    assert all(isinstance(result, list) for result in results), kinds(results)
    spent = 0
    for first, second, third in results:
        assert isinstance(first, Posted | InsufficientAvailable)
        assert isinstance(second, Posted) == isinstance(third, Posted)
        assert isinstance(second, Posted | ChainBroken | InsufficientAvailable)
        spent += 3 * isinstance(first, Posted) + 7 * isinstance(second, Posted)
    assert books.balance(ben) == str(spent)
    assert Decimal(books.balance(wallet)) == 50 - spent < 3
    assert invariants.run().clean


@pytest.mark.parametrize("commits", [True, False])
def test_a_name_that_somebody_else_is_just_writing_is_looked_for_again(commits):
    """The batch finds the name free, then waits for the other's header: afterwards it replays it, or has it itself."""
    written, waited = threading.Event(), []  # that it did wait is counted
    bank, ada, ben = books.bank(), books.wallet(), books.wallet(books.BEN)
    legs = [debit(bank, Decimal(1)), credit(ada, Decimal(1))]

    def other():
        with transaction.atomic():
            posting.post(reason="BANK_RECEIPT", legs=legs, idempotency_key="once")
            written.set()
            until = time.monotonic() + 30
            while not (waiting := blocked()) and time.monotonic() < until:
                time.sleep(0.01)
            if waiting:
                waited.append(waiting)
            transaction.set_rollback(not commits)

    def batch():
        written.wait(timeout=30)
        # No balance row in common: only the name makes it wait.
        own = Draft(reason="BANK_RECEIPT", legs=[debit(bank, Decimal(2)), credit(ben, Decimal(2))])
        same = Draft(
            reason="BANK_RECEIPT", legs=[debit(bank, Decimal(1)), credit(ben, Decimal(1))], idempotency_key="once"
        )
        return unit_of_work(lambda: posting.post_each([own, same]))

    _, (own, same) = at_once(other, batch)
    assert waited, "nobody waited"
    assert isinstance(own, Posted)
    if commits:  # the other's content was another one
        assert same.code == "idempotency_key_reused"
        assert (books.balance(ada), books.balance(ben)) == ("1", "2")
    else:
        assert not same.replayed
        assert (books.balance(ada), books.balance(ben)) == ("0", "3")
    assert invariants.run().clean


def blocked():
    """How many sessions of this database wait for somebody's transaction to end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid'"
        )
        return cursor.fetchone()[0]


def test_nobody_closes_a_house_account_between_judgement_and_entry():
    """Closing waits for the batch, or the batch sees it closed: never half of either."""
    fees, bank = accounts.ref("house/suspense", "EUR"), books.bank()
    legs = [debit(bank, Decimal(1)), credit(fees, Decimal(1))]
    undo = [debit(fees, Decimal(1)), credit(bank, Decimal(1))]
    there = [Draft(reason="MANUAL_ADJUSTMENT", legs=legs), Draft(reason="MANUAL_ADJUSTMENT", legs=undo)]
    works = [lambda: unit_of_work(lambda: posting.post_each(there))] * 8
    works.insert(3, lambda: accounts.set_status(account_id=fees.id, status="closed"))
    results = at_once(*works)
    outcomes = [
        tuple(getattr(answer, "code", "ok") for answer in result) for result in results if isinstance(result, list)
    ]
    assert set(outcomes) <= {("ok", "ok"), ("account_closed", "account_closed")}
    assert len(outcomes) == 8, kinds(results)
    assert invariants.run().clean
