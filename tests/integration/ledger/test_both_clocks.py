"""House accounts by both clocks with checkpoints along the way, against a plain sum over all entries."""

import random
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from ledger import accounts, checkpoints, invariants, queries
from ledger.models import Account, Checkpoint, CheckpointHour, CheckpointSum, Entry
from tests.integration.ledger import books
from tests.integration.ledger.conftest import raw
from tests.property.test_as_of import naive

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

START = datetime(2026, 5, 1, tzinfo=UTC)


def slow_posting(writer, bank, wallet, at):
    """A posting in a database transaction that stays open: recorded now, committed later."""
    writer.execute(
        """SELECT * FROM ledger_post(%s, 'single', 'MANUAL_ADJUSTMENT', %s::bigint[], ARRAY[-7, 7]::numeric[], %s, NULL,
                                     NULL, NULL, NULL, %s, '', NULL, NULL, NULL)""",
        [uuid.uuid4(), [bank, wallet], at, b"x" * 16],
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_question_is_answered_as_the_sum_would(seed):
    chance = random.Random(seed)
    bank, fees = books.bank(), accounts.ref("house/fees", "EUR")
    late, pending = books.trading(login="2002"), []
    books.receive("1000", effective_at=START)
    with raw("owner") as slow:
        for step in range(60):
            at = START + timedelta(minutes=chance.choice([step * 17, chance.randrange(60 * 17)]))
            if step % 20 == 3:
                slow.execute("BEGIN")
                slow_posting(slow, bank.id, late.id, at)
            if step % 20 == 12:
                slow.execute("COMMIT")
            if chance.random() < 0.2:
                checkpoints.take(account_id=bank.id)
                checkpoints.take(account_id=fees.id)
            act = chance.choice(["receive", "receive", "reserve", "settle", "void"])
            if act == "reserve" or not pending:
                pending.append(books.send("2", to=books.trading(), pending=True, effective_at=at))
            elif act in ("settle", "void"):
                getattr(books, act)(pending.pop(0), effective_at=at)
            books.receive(f"{chance.randrange(1, 99)}", effective_at=at)
    checkpoints.take(account_id=bank.id)
    books.receive("3", effective_at=START + timedelta(hours=2))
    assert Checkpoint.objects.filter(account=bank.id).count() > 4
    assert CheckpointHour.objects.filter(account=bank.id).count() > 12
    agree(Account.objects.get(pk=bank.id), chance)
    agree(Account.objects.get(pk=late.id), chance)
    assert invariants.run().clean


def test_blocks_of_checkpoints_say_what_their_hours_say():
    """More than a thousand checkpoints, so that blocks of both sizes are there, of entries that mostly came late."""
    chance = random.Random(4)
    bank = books.bank()
    for step in range(1024 + 3 * 32 + 5):
        at = START + timedelta(hours=chance.choice([step, chance.randrange(step + 1)]))
        books.receive(f"{chance.randrange(1, 99)}", effective_at=at)
        if step % 50 == 7:
            books.receive("2", pending=True, effective_at=at)
        checkpoints.take(account_id=bank.id)
    books.receive("3", effective_at=START + timedelta(hours=2))
    numbers = Checkpoint.objects.filter(account=bank.id).order_by("horizon").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 1024 + 3 * 32 + 6))
    blocks = CheckpointSum.objects.filter(account=bank.id).values_list("level", "horizon").distinct()
    assert Counter(level for level, _ in blocks) == {1: 35, 2: 1}
    agree(Account.objects.get(pk=bank.id), chance)
    assert invariants.run().clean


def agree(account, chance):
    entries = list(Entry.objects.filter(account=account))
    effective = sorted({entry.effective_at for entry in entries})
    recorded = sorted({entry.recorded_at for entry in entries})
    edge = timedelta(microseconds=1)
    for _ in range(150):
        asked = {
            "effective_at": chance.choice([None, effective[0] - edge, *effective, effective[-1] + timedelta(days=9)]),
            "recorded_at": chance.choice([None, recorded[0] - edge, *recorded, recorded[-1] + timedelta(days=9)]),
        }
        found = queries.as_of(account.pk, **asked)
        assert [found.balance, found.pending_in, found.pending_out] == naive(account, entries, *asked.values()), asked


def test_what_was_recorded_before_a_checkpoint_and_committed_after_it_counts_from_when_it_was_recorded():
    bank, wallet = books.bank(), books.trading()
    books.receive("100")
    with raw("owner") as slow, slow.transaction():
        slow_posting(slow, bank.id, wallet.id, None)
        books.receive("20")
        checkpoints.take(account_id=bank.id)
    then = Entry.objects.order_by("-recorded_at").first().recorded_at
    books.receive("1")
    checkpoints.take(account_id=bank.id)
    books.receive("2")
    assert Checkpoint.objects.filter(account=bank.id).count() == 2
    assert queries.as_of(bank.id, recorded_at=then).balance == 127
    rows = queries.trial_balance(recorded_at=then, effective_at=then)
    assert sum(row.debit for row in rows) == sum(row.credit for row in rows) == 127


def test_a_checkpoint_that_comes_too_late_is_not_kept():
    """Two that were asked for at once: the one with the lower horizon adds nothing and would count hours twice."""
    bank = books.bank()
    books.receive("100")
    checkpoints.take(account_id=bank.id)
    kept = Checkpoint.objects.get()
    with raw("owner") as owner:
        owner.execute(
            """INSERT INTO ledger_checkpoint (account_id, horizon, balance, pending_in, pending_out, entries, taken_at)
               VALUES (%s, %s, 0, 0, 0, 0, now())""",
            [bank.id, kept.horizon - 1],
        )
    assert list(Checkpoint.objects.all()) == [kept]
    assert invariants.run().clean
