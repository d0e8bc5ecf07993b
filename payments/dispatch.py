"""The only way out: claims promises from the outbox and carries them out, with no database transaction open.

Many workers may run it at once. A claim is a lease: SKIP LOCKED picks free rows, `attempts` is the fencing token, and
only the attempt that still holds the lease may finish the message. A handler that raises is tried again with back-off;
after five tries the message is parked and people are told.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from payments import outbox
from payments.models import OutboxMessage

log = logging.getLogger(__name__)

Handler = Callable[..., None]
LEASE = timedelta(seconds=60)
BACK_OFF = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=5))
ATTEMPTS_MAX = len(BACK_OFF) + 1
EXCEPTION_TOPIC = "exception.raise"

_handlers: dict[str, Handler] = {}


class Later(Exception):
    """Raised by a handler to be called again after `delay`: not a failure, no attempt is counted."""

    def __init__(self, delay: timedelta) -> None:
        self.delay = delay
        super().__init__(f"again in {delay}")


def handler(topic: str) -> Callable[[Handler], Handler]:
    """Register the function that keeps the promises of a topic: `handle(*, payload, now)`, idempotent by nature."""

    def register(function: Handler) -> Handler:
        _handlers[topic] = function
        return function

    return register


def require_no_transaction() -> None:
    """Raise when a database transaction is open: called before anything leaves for an outside system."""
    if connection.in_atomic_block and not getattr(connection, "allows_calls_in_tests", False):
        raise RuntimeError("A call to an outside system inside a database transaction.")


def drain(*, limit: int = 50, topics: tuple[str, ...] = (), now: datetime | None = None) -> int:
    """Handle up to `limit` promises that are due; returns how many were handled. `now` defaults to the clock."""
    done = 0
    while done < limit and (message := _claim(topics, now or timezone.now())):
        _handle(message, now or timezone.now())
        done += 1
    return done


def _claim(topics: tuple[str, ...], now: datetime) -> OutboxMessage | None:
    with transaction.atomic():
        due = OutboxMessage.objects.select_for_update(skip_locked=True).filter(state="ready", available_at__lte=now)
        if topics:
            due = due.filter(topic__in=topics)
        message = due.order_by("available_at", "id").first()
        if message is None:
            return None
        message.attempts += 1
        message.lease_until = message.available_at = now + LEASE
        message.save(update_fields=["attempts", "lease_until", "available_at"])
    return message


def _handle(message: OutboxMessage, now: datetime) -> None:
    function = _handlers.get(message.topic)
    try:
        if function is None:
            raise LookupError(f"Nobody handles {message.topic}.")
        function(payload=message.payload, now=now)
    except Later as later:
        _finish(message, available_at=now + later.delay, attempts=message.attempts - 1)
    except Exception as error:  # a poison message must never stop the others
        log.exception("outbox.failed", extra={"topic": message.topic, "key": message.key})
        _retry_or_park(message, error, now)
    else:
        _finish(message, state="done", finished_at=now)


def _finish(message: OutboxMessage, **changes: Any) -> bool:
    """Write the end of one attempt, unless a later attempt took over meanwhile."""
    mine = OutboxMessage.objects.filter(pk=message.pk, state="ready", attempts=message.attempts)
    return bool(mine.update(lease_until=None, **changes))


def _retry_or_park(message: OutboxMessage, error: Exception, now: datetime) -> None:
    text = f"{type(error).__name__}: {error}"[:1000]
    if message.attempts < ATTEMPTS_MAX:
        _finish(message, last_error=text, available_at=now + BACK_OFF[message.attempts - 1])
        return
    with transaction.atomic():
        if _finish(message, state="parked", last_error=text, finished_at=now) and message.topic != EXCEPTION_TOPIC:
            raise_exception(
                category="stuck_work",
                key=f"{message.topic}:{message.key}",
                title=f"{message.topic} could not be done after {message.attempts} tries",
                facts={"topic": message.topic, "key": message.key, "error": text},
            )


def raise_exception(
    *,
    category: str,
    key: str,
    title: str,
    facts: Mapping[str, Any],
    client_ref: str = "",
    object_ref: str = "",
    amount: str = "",
    currency: str = "",
) -> None:
    """Promise a case in the exception queue, which lives above this app. One open case per category and key."""
    outbox.put(
        EXCEPTION_TOPIC,
        key=f"{category}:{key}",
        payload={
            "category": category,
            "key": key,
            "title": title,
            "facts": dict(facts),
            "client": client_ref,
            "object_ref": object_ref,
            "amount": amount,
            "currency": currency,
        },
    )


def revive(*, message_id: int, now: datetime) -> bool:
    """Give a parked message another five tries."""
    parked = OutboxMessage.objects.filter(pk=message_id, state="parked")
    return bool(parked.update(state="ready", attempts=0, available_at=now, finished_at=None))
