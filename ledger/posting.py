"""The only way money changes: post, reserve, settle, void, expire, reverse — one at a time or in batches.

Each call is one round trip to a database function that locks, checks and writes. It belongs inside the caller's
`atomic()`, next to the business state that changes with it, and it never commits by itself. A refusal is a
`DomainError`; the caller's transaction must then be rolled back, and nothing remains.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger import batches, database, ids
from ledger.batches import post_batch, post_each
from ledger.conditions import Condition, available_gte, if_version
from ledger.drafts import (
    LEGS_MAX,
    Draft,
    Leg,
    Posted,
    Source,
    as_json,
    check,
    columns,
    credit,
    debit,
    fingerprint,
    names,
)
from ledger.errors import InvalidRequest
from ledger.reservations import declared, expire, expire_pending, extend, settle, void
from ledger.reversals import mirrored, reverse

__all__ = [
    "LEGS_MAX",
    "Condition",
    "Draft",
    "Leg",
    "Posted",
    "Source",
    "as_json",
    "available_gte",
    "check",
    "credit",
    "debit",
    "expire",
    "expire_pending",
    "extend",
    "fingerprint",
    "if_version",
    "mirrored",
    "names",
    "post",
    "post_batch",
    "post_each",
    "reverse",
    "settle",
    "void",
]


def post(
    *,
    reason: str,
    legs: Sequence[Leg],
    source: Source | None = None,
    idempotency_key: str | None = None,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
    pending: bool = False,
    expires_at: datetime | None = None,
    expires_on: Sequence[str] = (),
    reverses: uuid.UUID | None = None,
    id: uuid.UUID | None = None,
    conditions: Sequence[Condition] = (),
) -> Posted:
    """Write one balanced transaction. With `pending`, reserve instead: debits count as on their way out at once.

    A reservation ends by itself at `expires_at`, or when one of the outside statuses `expires_on` is reported
    ("mt5.rejected": lower case, a system and a word). `reverses`: only for a reason that mirrors its original by other
    rules than `reverse` has. `conditions` must hold just before (`available_gte`, `if_version`), or ConditionNotMet or
    VersionConflict is raised.
    Same `idempotency_key` or `source` with the same content returns the first answer with `replayed`.
    Raises Unbalanced, CurrencyMismatch, ReasonNotAllowed, InsufficientAvailable, AccountFrozen, AccountClosed,
    IdempotencyKeyReused, DuplicateReference, OverReversal, InvalidRequest."""
    if conditions:
        if reverses or id:
            raise InvalidRequest("With conditions there is no reversal and no given id.", param="conditions")
        draft = Draft(
            reason=reason,
            legs=legs,
            source=source,
            idempotency_key=idempotency_key,
            effective_at=effective_at,
            description=description,
            metadata=metadata,
            pending=pending,
            expires_at=expires_at,
            expires_on=expires_on,
            conditions=conditions,
        )
        return batches.post_alone(draft)
    check(reason, legs)
    phase = "pending" if pending else "single"
    ends = declared(pending, expires_at, expires_on)
    body = fingerprint(phase, reason, legs, source, effective_at, description, metadata, reverses, *ends)
    row = database.call(
        "ledger_post",
        [
            (id or ids.new_id(), "uuid"),
            (phase, "text"),
            (reason, "text"),
            *columns(legs),
            (effective_at, "timestamptz"),
            *names(idempotency_key, source),
            (body, "bytea"),
            (description, "text"),
            (as_json(metadata), "jsonb"),
            (reverses, "uuid"),
            (expires_at, "timestamptz"),
            (list(expires_on), "text[]"),
        ],
    )
    return Posted(row["id"], row["recorded_at"], row["replayed"])
