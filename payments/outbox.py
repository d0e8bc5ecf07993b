"""Promises to act outside: written in the transaction that decides, carried out by `payments.dispatch` after it.

A row in PostgreSQL is the promise; the broker only carries a nudge and may lose it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from payments.models import OutboxMessage


def put(
    topic: str,
    *,
    key: str,
    payload: Mapping[str, Any],
    available_at: datetime | None = None,
    request_id: str = "",
) -> None:
    """Promise to handle `topic` once for `key` (≤ 120 characters). The same promise again is the same row.

    Must be called inside the transaction that decides it; the worker is nudged after the commit."""
    message = OutboxMessage(
        topic=topic,
        key=key,
        payload=dict(payload),
        available_at=available_at or Now(),
        request_id=request_id,
    )
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=True)
    # What is due later is found by the sweep; one nudge is enough for all that one transaction promises.
    if available_at is None and not any(hook[1] is nudge for hook in connection.run_on_commit):
        transaction.on_commit(nudge, robust=True)


def nudge() -> None:
    """Wake a worker. Losing this call costs seconds, not the work: the schedule sweeps the outbox. Never raises."""
    from config.celery import nudge as wake

    wake("payments.tasks.drain_outbox")
