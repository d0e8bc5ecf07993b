"""Somebody with every right alters a block of backdated entries: it is found, named, and removed to be taken anew."""

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from ledger import checkpoints, invariants, rebuilding
from ledger.models import BackdatedBlock, BackdatedSum
from tests.integration.ledger import books, late_books
from tests.integration.ledger.conftest import raw, superuser
from tests.integration.ledger.test_corruption import BEN, WALLET, execute

# What is new is so from a horizon on: not beside parallel workers.
pytestmark = [pytest.mark.django_db, pytest.mark.alone]

CHECK = "backdated_blocks"


@pytest.fixture(scope="module")
def late_book(django_db_setup, django_db_blocker):
    """Two wallets with blocks of both levels, kept for the module."""
    with django_db_blocker.unblock():
        try:
            late_books.late_receipts(26)
            late_books.late_receipts(13, to=books.wallet(books.BEN), seed=2)
            assert checkpoints.take_full_blocks(**late_books.SMALL) == 12
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


@pytest.mark.parametrize(("sql", "row"), ALTERED.values(), ids=ALTERED)
def test_what_is_altered_is_found_and_goes_with_all_blocks_of_its_account(late_book, sql, row):
    right = late_books.answers(late_book)
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
        assert late_books.answers(late_book) == right
        assert checkpoints.take_full_blocks(**late_books.SMALL) == 8
        assert late_books.answers(late_book) == right
        assert invariants.run().clean


def test_an_entry_altered_below_a_block_is_noticed_there_too(late_book):
    with superuser():
        execute(f"UPDATE ledger_entry SET effective_at = '2026-01-01' WHERE account_id = {WALLET} AND seq = 3", {})
        assert wrong() == {f"{late_book}/0/5", f"{late_book}/1/13"}


def test_a_look_at_what_is_new_looks_at_new_blocks(late_book):
    with superuser():
        assert invariants.run().clean
        execute(f"UPDATE ledger_backdated_sum SET balance = balance + 1 WHERE account_id = {BEN}", {})
        assert CHECK not in {finding.check for finding in invariants.run(incremental=True).findings}
        execute("UPDATE ledger_backdated_block SET xid = pg_current_xact_id()::text::bigint", {})
        assert CHECK in {finding.check for finding in invariants.run(incremental=True).findings}


@pytest.mark.parametrize("table", ["ledger_backdated_block", "ledger_backdated_sum"])
def test_blocks_are_neither_changed_nor_deleted_nor_emptied(late_book, table):
    with raw("owner") as owner:
        for sql in (f"UPDATE {table} SET level = 5", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(psycopg.Error, match="append_only"):
                owner.execute(sql)
