"""Promises to act outside: written in the transaction that decides, carried out by `payments.dispatch` after it.

A row in PostgreSQL is the promise; the broker only carries a nudge and may lose it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
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
    """Promise to handle `topic` once for `key`. The same promise again is the same row.

    Must be called inside the transaction that decides it; the worker is nudged after the commit."""
    message = OutboxMessage(
        topic=topic,
        key=key,
        payload=dict(payload),
        available_at=available_at or Now(),
        request_id=request_id,
    )
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=True)
    transaction.on_commit(nudge, robust=True)


def nudge() -> None:
    """Wake a worker. Losing this call costs seconds, not the work: the schedule sweeps the outbox."""
    from config.celery import app

    app.send_task("payments.tasks.drain_outbox", ignore_result=True, retry=False)
