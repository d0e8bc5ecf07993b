"""Pending transactions: posted in parts, voided, ended by the clock or by an outside status, or given more time.

What is pending counts as gone for every limit until it ends. Each verb is one round trip inside the caller's
`atomic()`; whoever comes first wins, and everyone after is told how it ended. `ledger.posting` offers these verbs.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger import database, events, ids
from ledger.drafts import Leg, Posted, Source, as_json, fingerprint, names, part_of
from ledger.errors import InvalidRequest, InvalidTransition
from ledger.models import Account, Pending
from ledger.money import Money

STATUSES_MAX = 10
_STATUS = re.compile(r"[a-z0-9_-]{1,29}(\.[a-z0-9_-]{1,29})+", re.ASCII)


def settle(
    *,
    pending_id: uuid.UUID,
    amount: Money | None = None,
    legs: Sequence[Leg] | None = None,
    source: Source | None = None,
    idempotency_key: str | None = None,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Post what is still pending, or a part of it; the answer says what remains pending.

    `amount`: the part whose credits in that currency are this much, every entry in proportion to what is left of it;
    refused where that is not exact to each currency's decimals. `legs`: the entries to post, as they were reserved or
    less, balanced. It takes effect at the earliest when the reservation did.
    Raises NotFound, AlreadyPosted, PostAfterVoid, Expired (also before the clock has come round), OverPost,
    NotDivisible, CurrencyMismatch, Unbalanced, DuplicateReference, IdempotencyKeyReused."""
    part = part_of(amount, legs)
    return _resolve("post", pending_id, part, None, source, idempotency_key, effective_at, description, metadata)


def void(
    *,
    pending_id: uuid.UUID,
    source: Source | None = None,
    idempotency_key: str | None = None,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Give back what is still pending; the original stays as it was written.

    Raises NotFound, AlreadyVoided, VoidAfterPost, Expired."""
    part = part_of(None, None)
    return _resolve("void", pending_id, part, None, source, idempotency_key, effective_at, description, metadata)


def expire(
    *,
    pending_id: uuid.UUID,
    status: str | None = None,
    source: Source | None = None,
    idempotency_key: str | None = None,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """End what is still pending because its time has come or, with `status`, because an outside system reports a status
    that the reservation names as one that ends it.

    Raises NotFound, AlreadyPosted, AlreadyVoided, Expired, NotDue, StatusNotDeclared."""
    part = part_of(None, None)
    return _resolve("expire", pending_id, part, status, source, idempotency_key, effective_at, description, metadata)


def expire_pending(*, now: datetime, limit: int = 500) -> int:
    """Give back what is left of every reservation whose time has come by `now`; returns how many. Safe to run in
    parallel, and beside those who post or void: whoever comes first wins."""
    due = Pending.objects.filter(state=Pending.State.PENDING, expires_at__lte=now).order_by("expires_at")
    return sum(_expire_one(key, now) for key in list(due.values_list("pk", flat=True)[:limit]))


def _expire_one(pending_id: uuid.UUID, now: datetime) -> bool:
    reference = ids.encode("txn", pending_id)

    def work() -> bool:
        with transaction.atomic():
            source = Source("ledger", "pending_expiry", reference)
            ended = expire(pending_id=pending_id, source=source, description="Reservation expired")
            if not ended.replayed:
                events.record(
                    type="transaction.expired",
                    object_ref=reference,
                    client_ref=client_of(pending_id),
                    actor=events.CLOCK,
                    after={"state": Pending.State.EXPIRED},
                    data={"transaction": ended.public_id},
                    occurred_at=now,
                )
            return not ended.replayed

    try:
        return database.unit_of_work(work)
    except InvalidTransition:  # somebody was faster, or gave it more time
        return False


def extend(*, pending_id: uuid.UUID, expires_at: datetime, reason: str, actor: events.Who, now: datetime) -> bool:
    """Put off the end of a reservation; who did it and why is an event. False when it ends then already.

    Raises NotFound, AlreadyPosted, AlreadyVoided, Expired, NeverExpires, NotLater, InvalidRequest (param "reason")."""
    changed = later("ledger_pending_extend", pending_id, expires_at, reason)
    if changed is not None:
        events.record(
            type="transaction.extended",
            object_ref=ids.encode("txn", pending_id),
            client_ref=client_of(pending_id),
            actor=actor,
            **put_off(pending_id, changed, expires_at, reason),
            occurred_at=now,
        )
    return changed is not None


def later(function: str, key: uuid.UUID, expires_at: datetime, reason: str) -> datetime | None:
    """Move an end by one of the database's functions; the end before, or None when nothing changed."""
    if not reason.strip():
        raise InvalidRequest("Say why it gets more time.", param="reason")
    row = database.call(function, [(key, "uuid"), (expires_at, "timestamptz")])
    return row["expires_before"] if row["changed"] else None


def put_off(key: uuid.UUID, before: datetime, after: datetime, reason: str) -> dict[str, Any]:
    """What an event says about an end that was put off; `verify_ledger` compares it with the row."""
    return {
        "before": {"expires_at": before.isoformat()},
        "after": {"expires_at": after.isoformat()},
        "data": {"key": str(key), "reason": reason.strip()[:500]},
    }


def declared(pending: bool, expires_at: datetime | None, expires_on: Sequence[str]) -> tuple[Any, ...]:
    """What a reservation says about its end, for its fingerprint. Raises InvalidRequest (param "expires_at" or
    "expires_on"): only reservations end, statuses have names like "mt5.rejected", at most ten."""
    if not pending and (expires_at is not None or expires_on):
        param = "expires_on" if expires_at is None else "expires_at"
        raise InvalidRequest("Only a pending transaction expires.", param=param)
    if len(expires_on) > STATUSES_MAX or not all(len(name) <= 60 and _STATUS.fullmatch(name) for name in expires_on):
        raise InvalidRequest('At most ten statuses, each named like "mt5.rejected".', param="expires_on")
    return (expires_at, sorted(set(expires_on))) if expires_at is not None or expires_on else ()


def client_of(transaction_id: uuid.UUID) -> str:
    """The one client among a transaction's accounts; "" for none or several."""
    owners = Account.objects.filter(entries__transaction=transaction_id).exclude(owner="").order_by()
    found = set(owners.values_list("owner", flat=True))
    return found.pop() if len(found) == 1 else ""


def _resolve(
    phase: str,
    pending_id: uuid.UUID,
    part: list[tuple[Any, str]],
    status: str | None,
    source: Source | None,
    idempotency_key: str | None,
    effective_at: datetime | None,
    description: str,
    metadata: Mapping[str, Any] | None,
) -> Posted:
    words = [value for value, _ in part if value is not None]
    row = database.call(
        "ledger_resolve",
        [
            (ids.new_id(), "uuid"),
            (phase, "text"),
            (pending_id, "uuid"),
            *part,
            (status, "text"),
            (effective_at, "timestamptz"),
            *names(idempotency_key, source),
            (fingerprint(phase, pending_id, words, status, source, effective_at, description, metadata), "bytea"),
            (description, "text"),
            (as_json(metadata), "jsonb"),
        ],
    )
    return Posted(row["id"], row["recorded_at"], row["replayed"], row["remaining"])
