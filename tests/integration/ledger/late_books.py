"""Books whose entries came late, and every question that could be asked about their past."""

import itertools
import random
from datetime import UTC, datetime, timedelta

from ledger import queries
from ledger.models import Account, Entry
from tests.integration.ledger import books
from tests.property.test_as_of import naive

START = datetime(2026, 5, 1, tzinfo=UTC)
SMALL = {"entries": 4, "blocks": 3}


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
