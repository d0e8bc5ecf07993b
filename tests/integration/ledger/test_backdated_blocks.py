"""Blocks of backdated entries: same answers with and without them, and whatever is wrong with one is found."""

import itertools
import random
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from ledger import checkpoints, invariants, queries, rebuilding
from ledger.errors import InvalidRequest
from ledger.models import Account, BackdatedBlock, BackdatedSum, Entry
from tests.concurrency.crowd import at_once
from tests.integration.ledger import books
from tests.integration.ledger.conftest import raw, superuser
from tests.integration.ledger.test_corruption import BEN, WALLET, execute
from tests.property.test_as_of import naive

START = datetime(2026, 5, 1, tzinfo=UTC)
SMALL = {"entries": 4, "blocks": 3}
CHECK = "backdated_blocks"


def late_receipts(count, *, to=None, seed=1, after=START):
    """One receipt in time, then `count` that took effect before it, some of them at the same time."""
    chance = random.Random(seed)
    books.receive("1", to=to, effective_at=after)
    for _ in range(count):
        books.receive(f"{chance.randrange(1, 99)}", to=to, effective_at=after - timedelta(hours=chance.randrange(1, 9)))


def questions(account_id):
    """Every pair of times that could matter."""
    entries = Entry.objects.filter(account=account_id)
    effective = [None, *sorted(set(entries.values_list("effective_at", flat=True)))]
    recorded = [None, *sorted(set(entries.values_list("recorded_at", flat=True)))]
    return list(itertools.product(effective, recorded))


def answers(account_id):
    found = (queries.as_of(account_id, effective_at=at, recorded_at=known) for at, known in questions(account_id))
    return [(each.balance, each.pending_in, each.pending_out) for each in found]


def agree(account_id):
    account, entries = Account.objects.get(pk=account_id), list(Entry.objects.filter(account=account_id))
    for asked, answer in zip(questions(account_id), answers(account_id), strict=True):
        assert list(answer) == naive(account, entries, *asked), asked


def levels(account_id):
    rows = BackdatedBlock.objects.filter(account_id=account_id).order_by("level", "last_seq")
    return [(row.level, row.first_seq, row.last_seq, row.entries) for row in rows]


@pytest.mark.django_db(transaction=True)
def test_only_full_blocks_are_taken_and_no_answer_changes():
    wallet = books.wallet()
    late_receipts(7)
    books.receive("5", effective_at=START + timedelta(hours=1))
    late_receipts(7, after=START + timedelta(hours=2))
    before = answers(wallet.id)
    assert checkpoints.take_full_blocks(**SMALL) == 4
    assert levels(wallet.id) == [(0, 1, 5, 4), (0, 6, 11, 4), (0, 12, 15, 4), (1, 1, 15, 12)]
    assert checkpoints.take_full_blocks(**SMALL) == 0
    assert answers(wallet.id) == before
    books.receive("2", effective_at=START - timedelta(days=1))
    books.receive("3", effective_at=START - timedelta(days=2))
    assert checkpoints.take_full_blocks(**SMALL) == 1
    assert levels(wallet.id)[3] == (0, 16, 19, 4)
    agree(wallet.id)
    assert invariants.run().clean


@pytest.mark.django_db(transaction=True)
def test_a_backlog_is_taken_in_several_runs():
    late_receipts(17)
    assert [checkpoints.take_full_blocks(**SMALL, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert invariants.run().clean


@pytest.mark.django_db(transaction=True)
def test_house_accounts_have_none():
    with pytest.raises(InvalidRequest):
        checkpoints.take_block(account_id=books.bank().id)
    assert not BackdatedBlock.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_not_committed_is_in_no_block_and_keeps_nobody_waiting():
    wallet, trading = books.wallet(), books.trading()
    late_receipts(3)
    with raw("owner") as slow, slow.transaction():
        slow.execute(
            """SELECT * FROM ledger_post(gen_random_uuid(), 'single', 'MANUAL_ADJUSTMENT', %s::bigint[],
                   ARRAY[-7, 7]::numeric[], '2026-04-30', NULL, NULL, NULL, NULL, 'x', '', NULL, NULL, NULL)""",
            [[trading.id, wallet.id]],
        )
        assert not checkpoints.take_block(account_id=wallet.id, **SMALL)
    assert checkpoints.take_block(account_id=wallet.id, **SMALL)
    assert levels(wallet.id) == [(0, 1, 5, 4)]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_one():
    wallet = books.wallet().id
    late_receipts(5)
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


@pytest.mark.django_db(transaction=True)
def test_blocks_are_taken_while_late_entries_are_posted():
    wallet, posters, posted = books.wallet(), 3, 25
    late_receipts(1)
    done, ready, taken = threading.Semaphore(0), threading.Event(), []

    def post(seed):
        def work():
            chance = random.Random(seed)
            for _ in range(posted):
                books.receive("1", effective_at=START - timedelta(minutes=chance.randrange(1, 600)))
            done.release()

        return work

    def take():
        running = posters
        while running:
            running -= done.acquire(blocking=False)
            taken.append(checkpoints.take_full_blocks(**SMALL))
        ready.set()

    results = at_once(*(post(seed) for seed in range(posters)), take, take_beside(ready))
    assert results[: posters + 1] == [None] * (posters + 1), results
    checkpoints.take_full_blocks(**SMALL)
    entries = [block[3] for block in levels(wallet.id)]
    assert entries == [4] * 19 + [12] * 6
    assert sum(1 for count in taken if count) > 2, "blocks were taken while others posted"
    agree_at_random(wallet.id)
    assert invariants.run().clean


def take_beside(ready):
    """A second taker, until the first one is done."""

    def work():
        while not ready.wait(0.001):
            checkpoints.take_full_blocks(**SMALL)

    return work


def agree_at_random(account_id):
    account, entries = Account.objects.get(pk=account_id), list(Entry.objects.filter(account=account_id))
    for asked in random.Random(5).sample(questions(account_id), 200):
        found = queries.as_of(account_id, effective_at=asked[0], recorded_at=asked[1])
        assert [found.balance, found.pending_in, found.pending_out] == naive(account, entries, *asked), asked


@pytest.fixture(scope="module")
def late_book(django_db_setup, django_db_blocker):
    """Two wallets with blocks of both levels, kept for the module."""
    with django_db_blocker.unblock():
        try:
            late_receipts(26)
            late_receipts(13, to=books.wallet(books.BEN), seed=2)
            assert checkpoints.take_full_blocks(**SMALL) == 12
            yield books.wallet().id
        finally:
            call_command("flush", verbosity=0, interactive=False)
            connections.close_all()


FIRST = f"account_id = {WALLET} AND level = 0 AND last_seq = 5"
MOST = f"(SELECT max(x.effective_at) FROM ledger_backdated_sum x WHERE x.account_id = {WALLET} AND x.last_seq = 5)"
ALTERED = {
    "a sum": (f"UPDATE ledger_backdated_sum SET balance = balance + 1 WHERE {FIRST}", "0/5"),
    "one sum of a large block": (
        f"""UPDATE ledger_backdated_sum SET pending_in = 1 WHERE account_id = {WALLET} AND level = 1 AND last_seq = 13
               AND effective_at = (SELECT max(effective_at) FROM ledger_backdated_sum
                                    WHERE account_id = {WALLET} AND level = 1 AND last_seq = 13)""",
        "1/13",
    ),
    "what is pending": (f"UPDATE ledger_backdated_sum SET pending_out = 1 WHERE {FIRST}", "0/5"),
    "a sum gone": (f"DELETE FROM ledger_backdated_sum WHERE {FIRST} AND effective_at = {MOST}", "0/5"),
    "all sums of a block gone": (f"DELETE FROM ledger_backdated_sum WHERE {FIRST}", "0/5"),
    "a sum too many": (
        f"""INSERT INTO ledger_backdated_sum (account_id, level, last_seq, effective_at, balance, pending_in,
                   pending_out)
            SELECT account_id, level, last_seq, effective_at - interval '1 minute', balance, pending_in, pending_out
              FROM ledger_backdated_sum WHERE {FIRST} LIMIT 1""",
        "0/5",
    ),
    "a sum at another time": (
        f"UPDATE ledger_backdated_sum SET effective_at = effective_at - interval '1 minute' WHERE {FIRST}",
        "0/5",
    ),
    "a block gone, its sums not": (f"DELETE FROM ledger_backdated_block WHERE {FIRST}", "0/5"),
    "a block and its sums gone": (
        f"DELETE FROM ledger_backdated_block WHERE {FIRST}; DELETE FROM ledger_backdated_sum WHERE {FIRST}",
        "0/9",
    ),
    "where a block begins": (f"UPDATE ledger_backdated_block SET first_seq = 3 WHERE {FIRST}", "0/5"),
    "where a block ends": (
        f"""UPDATE ledger_backdated_block SET last_seq = 6 WHERE {FIRST};
            UPDATE ledger_backdated_sum SET last_seq = 6 WHERE {FIRST}""",
        "0/6",
    ),
    "a count": (f"UPDATE ledger_backdated_block SET entries = 5 WHERE {FIRST}", "0/5"),
    "the latest time": (f"UPDATE ledger_backdated_block SET effective_high = now() WHERE {FIRST}", "0/5"),
    "a level that there is not": (
        f"UPDATE ledger_backdated_block SET level = 2 WHERE account_id = {WALLET} AND level = 1",
        "2/13",
    ),
    "a block of numbers to come": (
        f"""INSERT INTO ledger_backdated_block (account_id, level, first_seq, last_seq, entries, effective_high,
                   taken_at, xid)
            SELECT account_id, 0, 26, 99, 2, effective_high, taken_at, xid FROM ledger_backdated_block WHERE {FIRST}""",
        "0/99",
    ),
}


def wrong():
    return {finding.reference for finding in invariants.run().findings if finding.check == CHECK}


@pytest.mark.django_db
@pytest.mark.parametrize(("sql", "row"), ALTERED.values(), ids=ALTERED)
def test_what_is_altered_is_found_and_goes_with_all_blocks_of_its_account(late_book, sql, row):
    right = answers(late_book)
    with superuser():
        assert invariants.run().clean
        kept = BackdatedSum.objects.exclude(account_id=late_book).count()
        execute(sql, {})
        assert f"{late_book}/{row}" in wrong()
        execute("SET LOCAL session_replication_role = origin", {})
        changes = rebuilding.rebuild(dry_run=False)
        assert {change.object for change in changes} == {"backdated block"}
        assert not BackdatedBlock.objects.filter(account_id=late_book).exists()
        assert BackdatedSum.objects.count() == kept > 0
        assert answers(late_book) == right
        assert checkpoints.take_full_blocks(**SMALL) == 8
        assert answers(late_book) == right
        assert invariants.run().clean


@pytest.mark.django_db
def test_an_entry_altered_below_a_block_is_noticed_there_too(late_book):
    with superuser():
        execute(f"UPDATE ledger_entry SET effective_at = '2026-01-01' WHERE account_id = {WALLET} AND seq = 3", {})
        assert wrong() == {f"{late_book}/0/5", f"{late_book}/1/13"}


@pytest.mark.django_db
def test_a_look_at_what_is_new_looks_at_new_blocks(late_book):
    with superuser():
        assert invariants.run().clean
        execute(f"UPDATE ledger_backdated_sum SET balance = balance + 1 WHERE account_id = {BEN}", {})
        assert CHECK not in {finding.check for finding in invariants.run(incremental=True).findings}
        execute("UPDATE ledger_backdated_block SET xid = pg_current_xact_id()::text::bigint", {})
        assert CHECK in {finding.check for finding in invariants.run(incremental=True).findings}


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["ledger_backdated_block", "ledger_backdated_sum"])
def test_blocks_are_neither_changed_nor_deleted_nor_emptied(late_book, table):
    with raw("owner") as owner:
        for sql in (f"UPDATE {table} SET level = 5", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(psycopg.Error, match="append_only"):
                owner.execute(sql)
