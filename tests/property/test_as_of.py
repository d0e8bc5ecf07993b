"""As-of balances by either clock, against a plain sum over all entries, with backdating at random."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import accounts, checkpoints, posting, queries
from ledger.models import BackdatedBlock, Entry
from ledger.posting import Leg

START = datetime(2026, 5, 1, tzinfo=UTC)
CODES = ["bank/sepa/client-money", "client/ada/trading/mt5/1", "client/ben/trading/mt5/2"]

moves = st.tuples(
    st.sampled_from([(0, 1), (1, 2), (2, 1), (1, 0), (1, 1)]),  # from, to
    st.integers(1, 9),
    st.integers(0, 6),  # effective on that day
    st.sampled_from(["post", "post", "pending", "settle", "void"]),
)


def play(history, refs, after_each=lambda: None):
    """Post the history; what it reserves is settled or voided by later moves of that kind."""
    waiting = []
    for (source, target), amount, day, verb in history:
        effective_at = START + timedelta(days=day)
        if verb in {"settle", "void"} and waiting:
            resolve = posting.settle if verb == "settle" else posting.void
            resolve(pending_id=waiting.pop(0), effective_at=effective_at)
            after_each()
            continue
        posted = posting.post(
            reason="MANUAL_ADJUSTMENT",
            legs=[Leg(refs[source], Decimal(-amount)), Leg(refs[target], Decimal(amount))],
            effective_at=effective_at,
            pending=verb == "pending",
        )
        waiting += [posted.id] if verb == "pending" else []
        after_each()


def naive(account, entries, effective_at, recorded_at):
    """(balance, pending in, pending out) by adding up every entry that counts."""
    figures = [Decimal(0)] * 3
    for entry in entries:
        late = effective_at is not None and entry.effective_at > effective_at
        if entry.account_id != account.id or late or (recorded_at is not None and entry.recorded_at > recorded_at):
            continue
        change = entry.amount * account.sign
        if entry.layer == Entry.Layer.POSTED:
            figures[0] += change
        elif (entry.layer == Entry.Layer.PENDING) == (change > 0):
            figures[1] += change
        else:
            figures[2] -= change
    return figures


def agree(refs):
    """Every question at every time that could matter, on its edges and between them."""
    entries = list(Entry.objects.all())
    times = sorted({entry.effective_at for entry in entries})
    effective = [None, times[0] - timedelta(seconds=1), *times, times[-1] + timedelta(seconds=1)]
    recorded = sorted({entry.recorded_at for entry in entries})
    known = [None, recorded[0] - timedelta(seconds=1), recorded[len(recorded) // 2], recorded[-1]]
    for account in refs:
        for effective_at in effective:
            for recorded_at in known:
                found = queries.as_of(account.id, effective_at=effective_at, recorded_at=recorded_at)
                expected = naive(account, entries, effective_at, recorded_at)
                assert [found.balance, found.pending_in, found.pending_out] == expected, (
                    account,
                    effective_at,
                    recorded_at,
                )


@pytest.mark.django_db
@given(history=st.lists(moves, min_size=1, max_size=14), checkpoint=st.booleans())
def test_as_of_is_the_sum_of_what_counts(history, checkpoint):
    with transaction.atomic():
        refs = [accounts.ref(code, "EUR") for code in CODES]
        play(history, refs)
        if checkpoint:
            checkpoints.take(account_id=refs[0].id)
        agree(refs)
        transaction.set_rollback(True)


@pytest.mark.django_db
@given(
    history=st.lists(moves, min_size=12, max_size=40),
    entries=st.integers(1, 3),
    blocks=st.integers(2, 3),
    every=st.integers(1, 9),
)
def test_as_of_is_the_sum_of_what_counts_whatever_blocks_were_taken(history, entries, blocks, every):
    """Blocks so small that histories of a few moves have some of both levels, and some that are not full yet."""
    with transaction.atomic():
        refs = [accounts.ref(code, "EUR") for code in CODES]
        moved = iter(range(1, 1000))

        def take_some():
            if next(moved) % every == 0:
                checkpoints.take_full_blocks(entries=entries, blocks=blocks)

        play(history, refs, after_each=take_some)
        agree(refs)
        for account in refs:
            checked = list(BackdatedBlock.objects.filter(account_id=account.id, level=0))
            late = Entry.objects.filter(account=account.id, backdated=True).count()
            assert late - entries * (1 + every) < sum(block.entries for block in checked) <= late
        transaction.set_rollback(True)
