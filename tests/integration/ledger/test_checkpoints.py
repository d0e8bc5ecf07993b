"""Checkpoints of house accounts: same answers with and without them, whatever is under way beside them."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from ledger import checkpoints, invariants, posting, queries
from ledger.errors import InvalidRequest
from ledger.models import Checkpoint
from ledger.posting import credit, debit
from tests.integration.ledger import books
from tests.integration.ledger.conftest import raw

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]


def test_a_checkpoint_changes_no_answer_and_later_entries_add_to_it():
    books.receive("100")
    books.send("10", to=books.trading(), pending=True)
    assert checkpoints.take(account_id=books.bank().id)
    assert books.balance(books.bank()) == "100"
    books.receive("5")
    assert books.balance(books.bank()) == "105"
    assert queries.as_of(books.bank().id, effective_at=timezone.now() + timedelta(days=1)).balance == 105
    assert checkpoints.take(account_id=books.bank().id)
    assert not checkpoints.take(account_id=books.bank().id)  # nothing new
    kept = Checkpoint.objects.filter(account=books.bank().id).order_by("horizon")
    assert [(books.plain(each.balance), each.entries) for each in kept] == [("100", 1), ("105", 2)]
    assert invariants.run().clean


def test_reservations_on_a_house_account_are_in_its_checkpoint():
    books.receive("100")
    with transaction.atomic():
        legs = [debit(books.wallet(), Decimal(10)), credit(books.fees(), Decimal(10))]
        pending = posting.post(reason="MANUAL_ADJUSTMENT", legs=legs, pending=True)
    checkpoints.take(account_id=books.fees().id)
    assert books.figures(books.fees()) == ("0", "10", "0")
    books.settle(pending)
    assert books.figures(books.fees()) == ("10", "0", "0")
    checkpoints.take(account_id=books.fees().id)
    assert books.figures(books.fees()) == ("10", "0", "0")
    assert invariants.run().clean


def test_running_accounts_need_none():
    with pytest.raises(InvalidRequest):
        checkpoints.take(account_id=books.wallet().id)


def test_only_what_is_due_is_taken():
    books.receive("100")
    now = timezone.now()
    assert checkpoints.take_due(now=now) == 1
    books.receive("1")
    assert checkpoints.take_due(now=now) == 0
    assert checkpoints.take_due(now=now + timedelta(hours=2)) == 1
    assert checkpoints.take_due(now=now + timedelta(hours=4)) == 0  # older than an hour, but nothing new


def test_a_slow_posting_with_a_low_number_is_not_lost():
    """Numbers are given in order, commits are not: the slow transaction has a number below the fast one's."""
    books.receive("100")
    books.receive("1")
    bank, wallet = books.bank().id, books.trading().id
    with raw("owner") as slow, slow.transaction():
        slow.execute(
            """SELECT * FROM ledger_post(gen_random_uuid(), 'single', 'MANUAL_ADJUSTMENT', %s, %s, NULL, NULL, NULL,
                                             NULL, NULL, 'x', '', NULL, NULL, NULL)""",
            [[bank, wallet], [-7, 7]],
        )
        books.receive("20")
        checkpoints.take(account_id=bank)
        horizon = Checkpoint.objects.get().horizon
        number = slow.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()[0]
        assert horizon <= number
        assert books.balance(books.bank()) == "121"
    assert books.balance(books.bank()) == "128"
    checkpoints.take(account_id=bank)
    assert books.balance(books.bank()) == "128"
    assert invariants.run().clean


def test_two_at_once_take_one():
    books.receive("100")
    bank = books.bank().id
    with raw("app") as other, other.transaction():
        other.execute("SELECT ledger_take_checkpoint(%s)", [bank])
        # The same horizon: whoever comes second waits for the first.
        with raw("app") as second, pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute("SET lock_timeout = '100ms'")
            second.execute("SELECT ledger_take_checkpoint(%s)", [bank])
    checkpoints.take(account_id=bank)
    assert Checkpoint.objects.filter(account=bank).count() == 1


def test_the_schedule_takes_full_blocks_of_backdated_entries_too(monkeypatch):
    monkeypatch.setattr(checkpoints.take_full_blocks, "__kwdefaults__", {"entries": 2, "blocks": 2, "limit": 9})
    now = timezone.now()
    books.receive("100", effective_at=now)
    for days in (3, 1, 2, 5):
        books.receive("1", effective_at=now - timedelta(days=days))
    assert checkpoints.take_due(now=now) == 1 + 3  # of the bank; two small ones and the large one of both
    assert checkpoints.take_due(now=now) == 0
    assert queries.as_of(books.wallet().id, effective_at=now - timedelta(days=2)).balance == 3
    assert invariants.run().clean
