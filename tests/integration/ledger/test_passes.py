"""Passes stand for checks that then do not run: they may only be right when none of these would find anything."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import invariants
from ledger.checks import every, passes
from ledger.models import Account, Checkpoint, Entry
from tests.integration.ledger import books
from tests.integration.ledger.test_corruption import ALTERATIONS, execute, keys

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db, pytest.mark.alone]

EVERYTHING_IS_NEW = 1
STOOD_FOR = {name for each in passes.PASSES for name in each.checks}
ANYWHERE = 6  # rows that are altered in each column, and in each way

CHANGES = {
    "account_id": ("account_id + 1", "(SELECT min(id) FROM ledger_account)", "123456789012"),
    "seq": ("seq + 1", "seq - 1", "-seq", "NULL", "1"),
    "effective_at": ("effective_at + interval '1 day'", "effective_at - interval '1 day'", "'infinity'"),
    "recorded_at": ("recorded_at + interval '1 day'", "recorded_at - interval '1 day'"),
    "xid": ("xid + 1", "-xid"),
    "transaction_id": ("(SELECT min(id::text)::uuid FROM ledger_transaction)", "gen_random_uuid()"),
    "leg": ("leg + 1", "leg + 20", "-leg", "0"),
    "layer": ("(layer + 1) % 3", "(layer + 2) % 3", "layer - 3", "layer + 4"),
    "backdated": ("NOT backdated",),
    "currency": ("'GBP'",),
    "amount": ("-amount", "amount + 0.01", "amount * 10", "amount + 0.000001", "0", "'NaN'"),
    "balance_after": ("balance_after + 0.01", "balance_after - 100", "NULL", "coalesce(balance_after, 0)", "'NaN'"),
    "pending_in_after": ("pending_in_after + 1", "-pending_in_after", "NULL", "coalesce(pending_in_after, 0)"),
    "pending_out_after": ("pending_out_after + 1", "-pending_out_after", "NULL", "coalesce(pending_out_after, 0)"),
}


def proven(since):
    return set(passes.recently_proven(since) if since else passes.proven())


def found(since):
    """The checks that find something, each asked for itself."""
    wrong = set()
    with connection.cursor() as cursor:
        for check in every():
            if check.name in STOOD_FOR | set(passes.RECENT.checks):
                cursor.execute(f"SELECT EXISTS ({check.query(since)})")
                if cursor.fetchone()[0]:
                    wrong.add(check.name)
    return wrong


def test_a_book_that_is_right_needs_no_check_that_a_pass_stands_for(kept_book):
    assert Account.objects.filter(running=True).exists() and Checkpoint.objects.exists()
    assert proven(0) == STOOD_FOR
    assert proven(EVERYTHING_IS_NEW) == set(passes.RECENT.checks)
    assert invariants.run().clean


@pytest.mark.parametrize("since", [0, EVERYTHING_IS_NEW])
@pytest.mark.parametrize("alteration", ALTERATIONS, ids=str)
def test_no_check_is_passed_over_that_finds_an_alteration(unguarded, alteration, since):
    execute(alteration.sql, keys(unguarded))
    assert not found(since) & proven(since)


@pytest.mark.parametrize("column", CHANGES)
def test_no_check_is_passed_over_that_finds_a_change_anywhere(unguarded, column):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_entry ORDER BY id")
        entries = [key for (key,) in cursor.fetchall()]
    chosen = Random(column).sample(entries, min(ANYWHERE, len(entries)))
    seen = 0
    for key, change in product(chosen, CHANGES[column]):
        with suppress(IntegrityError), transaction.atomic():  # some numbers are taken
            execute(f"UPDATE ledger_entry SET {column} = {change} WHERE id = {key}", {})
            for since in (0, EVERYTHING_IS_NEW):
                wrong = found(since)
                assert not wrong & proven(since), (key, change, since, wrong)
                seen += bool(wrong)
            transaction.set_rollback(True)
    assert seen > len(chosen)


def test_a_pass_leaves_the_planner_as_it_found_it(kept_book):
    with connection.cursor() as cursor:
        names = sorted({name for each in (*passes.PASSES, passes.RECENT) for name in each.off})
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [names])
        before = dict(cursor.fetchall())
        passes.proven()
        passes.recently_proven(EVERYTHING_IS_NEW)
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [names])
        assert dict(cursor.fetchall()) == before
    assert set(before.values()) == {"on"}


@pytest.mark.django_db(transaction=True)
def test_entries_that_come_late_are_no_alarm(transactional_db):
    now = datetime.now(UTC)
    wallet = books.wallet("cl_late")
    for days in (5, 20, 19, 22, 3, 4, 1, 30, 2):
        books.receive("10", to=wallet, effective_at=now - timedelta(days=days))
    assert Entry.objects.filter(account=wallet.id, backdated=True).count() == 6
    assert proven(0) == STOOD_FOR
    assert proven(EVERYTHING_IS_NEW) == set(passes.RECENT.checks)
