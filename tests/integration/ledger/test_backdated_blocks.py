"""Blocks of backdated entries: same answers with and without them, whatever is under way beside them."""

import random
import threading
from datetime import timedelta

import psycopg
import pytest

from ledger import checkpoints, invariants, queries
from ledger.errors import InvalidRequest
from ledger.models import Account, BackdatedBlock, Entry
from tests.concurrency.crowd import at_once
from tests.integration.ledger import books, late_books
from tests.integration.ledger.conftest import raw
from tests.property.test_as_of import naive

pytestmark = pytest.mark.django_db(transaction=True)


def levels(account_id):
    rows = BackdatedBlock.objects.filter(account_id=account_id).order_by("level", "last_seq")
    return [(row.level, row.first_seq, row.last_seq, row.entries) for row in rows]


def test_only_full_blocks_are_taken_and_no_answer_changes():
    wallet = books.wallet()
    late_books.late_receipts(7)
    books.receive("5", effective_at=late_books.START + timedelta(hours=1))
    late_books.late_receipts(7, after=late_books.START + timedelta(hours=2))
    before = late_books.answers(wallet.id)
    assert checkpoints.take_full_blocks(**late_books.SMALL) == 4
    assert levels(wallet.id) == [(0, 1, 5, 4), (0, 6, 11, 4), (0, 12, 15, 4), (1, 1, 15, 12)]
    assert checkpoints.take_full_blocks(**late_books.SMALL) == 0
    assert late_books.answers(wallet.id) == before
    books.receive("2", effective_at=late_books.START - timedelta(days=1))
    books.receive("3", effective_at=late_books.START - timedelta(days=2))
    assert checkpoints.take_full_blocks(**late_books.SMALL) == 1
    assert levels(wallet.id)[3] == (0, 16, 19, 4)
    late_books.agree(wallet.id)
    assert invariants.run().clean


def test_a_backlog_is_taken_in_several_runs():
    late_books.late_receipts(17)
    assert [checkpoints.take_full_blocks(**late_books.SMALL, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert invariants.run().clean


def test_house_accounts_have_none():
    with pytest.raises(InvalidRequest):
        checkpoints.take_block(account_id=books.bank().id)
    assert not BackdatedBlock.objects.exists()


def test_what_is_not_committed_is_in_no_block_and_keeps_nobody_waiting():
    wallet, trading = books.wallet(), books.trading()
    late_books.late_receipts(3)
    with raw("owner") as slow, slow.transaction():
        slow.execute(
            """SELECT * FROM ledger_post(gen_random_uuid(), 'single', 'MANUAL_ADJUSTMENT', %s::bigint[],
                   ARRAY[-7, 7]::numeric[], '2026-04-30', NULL, NULL, NULL, NULL, 'x', '', NULL, NULL, NULL)""",
            [[trading.id, wallet.id]],
        )
        assert not checkpoints.take_block(account_id=wallet.id, **late_books.SMALL)
    assert checkpoints.take_block(account_id=wallet.id, **late_books.SMALL)
    assert levels(wallet.id) == [(0, 1, 5, 4)]


def test_two_at_once_take_one():
    wallet = books.wallet().id
    late_books.late_receipts(5)
    take = "SELECT ledger_take_block(%s, 4, 3)"
    with raw("app") as one, raw("app") as two:
        with one.transaction():
            one.execute(take, [wallet])
            two.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                two.execute(take, [wallet])
        assert two.execute(take, [wallet]).fetchone() == (False,)
    assert levels(wallet) == [(0, 1, 5, 4)]
    assert invariants.run().clean


def test_blocks_are_taken_while_late_entries_are_posted():
    wallet, posters, posted = books.wallet(), 3, 25
    late_books.late_receipts(1)
    done, ready, taken = threading.Semaphore(0), threading.Event(), []

    def post(seed):
        def work():
            chance = random.Random(seed)
            for _ in range(posted):
                books.receive("1", effective_at=late_books.START - timedelta(minutes=chance.randrange(1, 600)))
            done.release()

        return work

    def take():
        running = posters
        while running:
            running -= done.acquire(blocking=False)
            taken.append(checkpoints.take_full_blocks(**late_books.SMALL))
        ready.set()

    results = at_once(*(post(seed) for seed in range(posters)), take, take_beside(ready))
    assert results[: posters + 1] == [None] * (posters + 1), results
    checkpoints.take_full_blocks(**late_books.SMALL)
    entries = [block[3] for block in levels(wallet.id)]
    assert entries == [4] * 19 + [12] * 6
    assert sum(1 for count in taken if count) > 2, "blocks were taken while others posted"
    agree_at_random(wallet.id)
    assert invariants.run().clean


def take_beside(ready):
    """A second taker, until the first one is done."""

    def work():
        while not ready.wait(0.001):
            checkpoints.take_full_blocks(**late_books.SMALL)

    return work


def agree_at_random(account_id):
    account, entries = Account.objects.get(pk=account_id), list(Entry.objects.filter(account=account_id))
    for asked in random.Random(5).sample(late_books.questions(account_id), 200):
        found = queries.as_of(account_id, effective_at=asked[0], recorded_at=asked[1])
        assert [found.balance, found.pending_in, found.pending_out] == naive(account, entries, *asked), asked
