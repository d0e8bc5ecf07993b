"""Kept sums, so that no balance, now or in the past, ever means adding up a whole history: checkpoints of house
accounts, and of running accounts blocks of their backdated entries.

Both are a convenience, never a source: `verify_ledger` recomputes each one.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Max, Q

from ledger import database
from ledger.models import Account, Checkpoint

EVERY = timedelta(hours=1)
# A question reads up to about twice as many entries one by one as a small block has, and one sum of each block.
BLOCK_ENTRIES = 1024
LARGE_BLOCKS = 64  # as many small blocks are a large one
BLOCKS_AT_ONCE = 1000  # the rest of a long backlog is for the next run

_FULL_BLOCKS = """
    SELECT b.account_id
      FROM ledger_balance b
     CROSS JOIN LATERAL (SELECT coalesce(max(x.last_seq), 0) AS last_seq FROM ledger_backdated_block x
                          WHERE x.account_id = b.account_id AND x.level = 0) k
     CROSS JOIN LATERAL (SELECT e.seq FROM ledger_entry e
                          WHERE e.account_id = b.account_id AND e.backdated AND e.seq > k.last_seq
                          ORDER BY e.seq OFFSET %(entries)s - 1 LIMIT 1) e
     WHERE b.seq - k.last_seq >= %(entries)s
     ORDER BY b.account_id
"""


def take_due(*, now: datetime, every: timedelta = EVERY) -> int:
    """Take a checkpoint of every house account whose last one is older than `every`, and every block that is full;
    returns how many of both were written.

    Accounts without new entries get none. Each is a transaction of its own; safe to run twice at once."""
    return _take_due_checkpoints(now, every) + take_full_blocks()


def take_full_blocks(*, entries: int = BLOCK_ENTRIES, blocks: int = LARGE_BLOCKS, limit: int = BLOCKS_AT_ONCE) -> int:
    """Take the blocks of backdated entries that are full, at most `limit` of them; returns how many were written.

    Each is a transaction of its own, for which no posting waits; safe to run twice at once."""
    with connection.cursor() as cursor:
        cursor.execute(_FULL_BLOCKS, {"entries": entries})
        accounts = [account_id for (account_id,) in cursor.fetchall()]
    taken = 0
    for account_id in accounts:
        while taken < limit and take_block(account_id=account_id, entries=entries, blocks=blocks):
            taken += 1
    return taken


def take_block(*, account_id: int, entries: int = BLOCK_ENTRIES, blocks: int = LARGE_BLOCKS) -> bool:
    """Take the next full block of one running account: a large one of `blocks` small ones, else a small one of
    `entries` backdated entries; False when none is full.

    Raises InvalidRequest for a house account."""
    with transaction.atomic():
        parameters = [(account_id, "bigint"), (entries, "int"), (blocks, "int")]
        return bool(database.call("ledger_take_block", parameters)["ledger_take_block"])


def _take_due_checkpoints(now: datetime, every: timedelta) -> int:
    due = (
        Account.objects.filter(running=False)
        .annotate(last=Max("checkpoints__taken_at"))
        .filter(Q(last__isnull=True) | Q(last__lte=now - every))
        .order_by(F("last").asc(nulls_first=True), "pk")
        .values_list("pk", flat=True)
    )
    return sum(take(account_id=account_id) for account_id in list(due))


def take(*, account_id: int) -> bool:
    """Take a checkpoint of one house account now; False when nothing new has been committed since the last one.

    Raises InvalidRequest for a running account."""
    before = _latest(account_id)
    with transaction.atomic():
        database.call("ledger_take_checkpoint", [(account_id, "bigint")])
    return _latest(account_id) != before


def _latest(account_id: int) -> int | None:
    latest = Checkpoint.objects.filter(account=account_id).aggregate(latest=Max("horizon"))["latest"]
    return None if latest is None else int(latest)
