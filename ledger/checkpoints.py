"""Checkpoints of house accounts: kept sums, so that their balance never means adding up their whole history.

A checkpoint is a convenience, never a source: `verify_ledger` recomputes each one. Running accounts need none.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q

from ledger import database
from ledger.models import Account, Checkpoint

EVERY = timedelta(hours=1)


def take_due(*, now: datetime, every: timedelta = EVERY) -> int:
    """Take a checkpoint of every house account whose last one is older than `every`; returns how many were written.

    Accounts without new entries get none. Each is a transaction of its own; safe to run twice at once."""
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
