"""The only way money changes: post, reserve, settle, void, expire, reverse — one at a time or in batches.

Each call is one round trip to a database function that locks, checks and writes. It belongs inside the caller's
`atomic()`, next to the business state that changes with it, and it never commits by itself. A refusal is a
`DomainError`; the caller's transaction must then be rolled back, and nothing remains.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger import database, ids
from ledger.errors import DomainError
from ledger.legs import (
    LEGS_MAX,
    Leg,
    Posted,
    Source,
    as_json,
    check,
    credit,
    debit,
    fingerprint,
    names,
)
from ledger.reservations import declared, expire, expire_pending, extend, settle, void
from ledger.reversals import mirrored, reverse

__all__ = [
    "LEGS_MAX",
    "Draft",
    "Leg",
    "Posted",
    "Source",
    "as_json",
    "check",
    "credit",
    "debit",
    "expire",
    "expire_pending",
    "extend",
    "fingerprint",
    "mirrored",
    "names",
    "post",
    "post_batch",
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
) -> Posted:
    """Write one balanced transaction. With `pending`, reserve instead: debits count as on their way out at once.

    A reservation ends by itself at `expires_at`, or when one of the outside statuses `expires_on` is reported
    ("mt5.rejected": lower case, a system and a word). `reverses`: only for a reason that mirrors its original by other
    rules than `reverse` has.
    Same `idempotency_key` or `source` with the same content returns the first answer with `replayed`.
    Raises Unbalanced, CurrencyMismatch, ReasonNotAllowed, InsufficientAvailable, AccountFrozen, AccountClosed,
    IdempotencyKeyReused, DuplicateReference, OverReversal, InvalidRequest."""
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
            ([leg.account.id for leg in legs], "bigint[]"),
            ([leg.amount for leg in legs], "numeric[]"),
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


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One transaction of a batch: the same words as `post`."""

    reason: str
    legs: Sequence[Leg]
    source: Source | None = None
    idempotency_key: str | None = None
    effective_at: datetime | None = None
    description: str = ""
    metadata: Mapping[str, Any] | None = None


def post_batch(drafts: Sequence[Draft]) -> list[Posted]:
    """Write many transactions, all or none, in one round trip; answers are in the order of the drafts.

    A refusal carries `index`, the draft that was refused, and nothing of the batch remains."""
    for index, draft in enumerate(drafts):
        try:
            check(draft.reason, draft.legs)
        except DomainError as error:
            error.data["index"] = index
            raise
    if not drafts:
        return []
    rows = database.call_many("ledger_post_batch", _columns(drafts))
    return [Posted(row["id"], row["recorded_at"], row["replayed"]) for row in rows]


def _columns(drafts: Sequence[Draft]) -> list[tuple[Any, str]]:
    headers: dict[str, list[Any]] = defaultdict(list)
    for index, draft in enumerate(drafts, start=1):
        values = [value for value, _ in names(draft.idempotency_key, draft.source)]
        for name, value in zip(("key", "system", "kind", "source"), values, strict=True):
            headers[name].append(value)
        headers["id"].append(ids.new_id())
        headers["reason"].append(draft.reason)
        headers["effective"].append(draft.effective_at)
        headers["description"].append(draft.description)
        headers["metadata"].append(as_json(draft.metadata))
        headers["fingerprint"].append(
            fingerprint(
                "single",
                draft.reason,
                draft.legs,
                draft.source,
                draft.effective_at,
                draft.description,
                draft.metadata,
                None,
            )
        )
        for leg in draft.legs:
            headers["leg_draft"].append(index)
            headers["leg_account"].append(leg.account.id)
            headers["leg_amount"].append(leg.amount)
    types = {
        "id": "uuid[]",
        "reason": "text[]",
        "effective": "timestamptz[]",
        "key": "text[]",
        "system": "text[]",
        "kind": "text[]",
        "source": "text[]",
        "fingerprint": "bytea[]",
        "description": "text[]",
        "metadata": "text[]",
        "leg_draft": "int[]",
        "leg_account": "bigint[]",
        "leg_amount": "numeric[]",
    }
    return [(headers[name], sql_type) for name, sql_type in types.items()]
