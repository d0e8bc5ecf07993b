"""The only way out: claims promises from the outbox and carries them out, with no database transaction open.

Many workers may run it at once. A claim is a lease: SKIP LOCKED picks free rows, the lease's end is the fencing token,
and only the attempt that still holds the lease may finish the message. A handler that raises is tried again with
back-off; after five tries, or five workers that died over it, the message is parked and people are told.
"""

import hashlib
import logging
import time
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
SETTLED_TOPIC = "exception.settled"
KEY_MAX = 120

_handlers: dict[str, Handler] = {}


class Later(Exception):
    """Raised by a handler to be called again after `delay`: not a failure, no attempt is counted."""

    def __init__(self, delay: timedelta) -> None:
        self.delay = delay
        super().__init__(f"again in {delay}")


class Died(Exception):
    """Stands for the error of attempts that ended with their worker."""


def handler(topic: str) -> Callable[[Handler], Handler]:
    """Register the function that keeps the promises of a topic: `handle(*, payload, now)`, idempotent by nature."""

    def register(function: Handler) -> Handler:
        _handlers[topic] = function
        return function

    return register


def topics() -> frozenset[str]:
    """Every topic that somebody handles."""
    return frozenset(_handlers)


def require_no_transaction() -> None:
    """Raise when a database transaction is open: called before anything leaves for an outside system."""
    if connection.in_atomic_block and not getattr(connection, "allows_calls_in_tests", False):
        raise RuntimeError("A call to an outside system inside a database transaction.")


def drain(
    *, limit: int = 50, topics: tuple[str, ...] = (), now: datetime | None = None, seconds: float | None = None
) -> int:
    """Handle up to `limit` promises that are due; returns how many were handled. `now` defaults to the clock.

    With `seconds`, nothing new is begun after that time. Raises RuntimeError inside a transaction: what handlers do
    must be committed step by step."""
    require_no_transaction()
    done, end = 0, None if seconds is None else time.monotonic() + seconds
    while done < limit and (end is None or time.monotonic() < end):
        message = _claim(topics, now or timezone.now())
        if message is None:
            break
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
        if message.attempts > ATTEMPTS_MAX:
            raise Died("Every worker that tried this has died over it.")
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
    """Write the end of one attempt, unless a later attempt took over meanwhile: each claim has a later lease."""
    mine = OutboxMessage.objects.filter(
        pk=message.pk, state="ready", attempts=message.attempts, lease_until=message.lease_until
    )
    return bool(mine.update(lease_until=None, **changes))


def _retry_or_park(message: OutboxMessage, error: Exception, now: datetime) -> None:
    text = f"{type(error).__name__}: {error}".replace("\0", "")[:1000]
    if message.attempts < ATTEMPTS_MAX:
        _finish(message, last_error=text, available_at=now + BACK_OFF[message.attempts - 1])
        return
    tried = min(message.attempts, ATTEMPTS_MAX)
    with transaction.atomic():
        parked = _finish(message, state="parked", attempts=tried, last_error=text, finished_at=now)
        if parked and message.topic != EXCEPTION_TOPIC:
            raise_exception(
                category="stuck_work",
                key=f"{message.topic}:{message.key}",
                title=f"{message.topic} could not be done after {tried} tries",
                facts={"topic": message.topic, "key": message.key, "error": text},
                occurrence=now.isoformat(),
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
    occurrence: str = "",
) -> None:
    """Promise a case in the exception queue, which lives above this app. One open case per category and key.

    The same `key` is promised once; once its case is resolved, only another `occurrence` opens one again."""
    outbox.put(
        EXCEPTION_TOPIC,
        key=_bounded(f"{category}:{key}" + (f":{occurrence}" if occurrence else "")),
        payload={
            "category": category,
            "key": _bounded(key),
            "title": title,
            "facts": dict(facts),
            "client": client_ref,
            "object_ref": object_ref,
            "amount": amount,
            "currency": currency,
        },
    )


def settle_exception(*, category: str, key: str, outcome: str, note: str) -> None:
    """Promise to close the case that was raised for this key, with one of its kind's outcomes; none, nothing."""
    told = _bounded(f"{category}:{key}")
    if OutboxMessage.objects.filter(topic=EXCEPTION_TOPIC, key=told).exists():
        payload = {"category": category, "key": _bounded(key), "outcome": outcome, "note": note}
        outbox.put(SETTLED_TOPIC, key=told, payload=payload)


def _bounded(key: str) -> str:
    """A key that fits its column; a longer one keeps its beginning and stays unique by a hash of the whole."""
    if len(key) <= KEY_MAX:
        return key
    return f"{key[: KEY_MAX - 17]}#{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def revive(*, message_id: int, now: datetime) -> bool:
    """Give a parked message another five tries."""
    parked = OutboxMessage.objects.filter(pk=message_id, state="parked")
    return bool(parked.update(state="ready", attempts=0, available_at=now, finished_at=None))
