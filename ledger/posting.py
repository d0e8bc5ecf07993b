"""The only way money changes: post, reserve, settle, void, reverse — one at a time or in batches.

Each call is one round trip to a database function that locks, checks and writes. It belongs inside the caller's
`atomic()`, next to the business state that changes with it, and it never commits by itself. A refusal is a
`DomainError`; the caller's transaction must then be rolled back, and nothing remains.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger import batches, database, ids, reasons
from ledger.accounts import AccountRef
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
    credit,
    debit,
    fingerprint,
    names,
)
from ledger.errors import CurrencyMismatch, InvalidRequest, NotFound
from ledger.models import Entry, Transaction
from ledger.money import Money

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
    reverses: uuid.UUID | None = None,
    id: uuid.UUID | None = None,
    conditions: Sequence[Condition] = (),
) -> Posted:
    """Write one balanced transaction. With `pending`, reserve instead: debits count as on their way out at once.

    `conditions` must hold just before (`available_gte`, `if_version`), or ConditionNotMet or VersionConflict is raised.
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
            conditions=conditions,
        )
        return batches.post_alone(draft)
    check(reason, legs)
    phase = "pending" if pending else "single"
    body = fingerprint(phase, reason, legs, source, effective_at, description, metadata, reverses)
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
        ],
    )
    return Posted(row["id"], row["recorded_at"], row["replayed"])


def settle(
    *,
    pending_id: uuid.UUID,
    amount: Money | None = None,
    source: Source | None = None,
    idempotency_key: str | None = None,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Post a pending transaction, wholly or (two legs only) in part; the answer says what remains pending.

    Raises NotFound, InvalidTransition when nothing is pending any more, OverCapture, DuplicateReference."""
    return _resolve("post", pending_id, amount, source, idempotency_key, effective_at, description, metadata)


def void(
    *,
    pending_id: uuid.UUID,
    source: Source | None = None,
    idempotency_key: str | None = None,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Give back what is still pending; the original stays as it was written. Raises NotFound, InvalidTransition."""
    return _resolve("void", pending_id, None, source, idempotency_key, effective_at, description, metadata)


def reverse(
    *,
    transaction_id: uuid.UUID,
    description: str,
    source: Source | None = None,
    idempotency_key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    effective_at: datetime | None = None,
) -> Posted:
    """Mirror a posted transaction in full under its reason's own reversal code, pointing at it.

    Raises NotFound, OverReversal when it was reversed already, InsufficientAvailable when the money has moved on."""
    original = Transaction.objects.filter(pk=transaction_id).first()
    if original is None:
        raise NotFound("There is no such transaction.", param="transaction")
    legs = mirrored(transaction_id)
    if original.reverses_id is not None:
        raise InvalidRequest("A reversal cannot be reversed: post the original movement again.", param="transaction")
    if not legs:
        raise InvalidRequest("Only posted entries can be reversed: void a pending transaction.", param="transaction")
    return post(
        reason=reasons.reason(original.reason_id).reversal_code,
        legs=legs,
        source=source,
        idempotency_key=idempotency_key,
        description=description,
        metadata=metadata,
        effective_at=effective_at,
        reverses=transaction_id,
    )


def mirrored(transaction_id: uuid.UUID) -> list[Leg]:
    """The posted entries of a transaction with their directions swapped."""
    entries = (
        Entry.objects.filter(transaction_id=transaction_id, layer=Entry.Layer.POSTED)
        .select_related("account")
        .order_by("leg")
    )
    return [
        Leg(AccountRef(a.pk, a.code, a.currency_id, a.kind, a.sign), entry.amount.copy_negate())
        for entry in entries
        for a in (entry.account,)
    ]


def _resolve(
    phase: str,
    pending_id: uuid.UUID,
    amount: Money | None,
    source: Source | None,
    idempotency_key: str | None,
    effective_at: datetime | None,
    description: str,
    metadata: Mapping[str, Any] | None,
) -> Posted:
    reason, part = _reason_and_part(pending_id, amount)
    row = database.call(
        "ledger_resolve",
        [
            (ids.new_id(), "uuid"),
            (phase, "text"),
            (pending_id, "uuid"),
            (reason, "text"),
            (part, "numeric"),
            (effective_at, "timestamptz"),
            *names(idempotency_key, source),
            (fingerprint(phase, pending_id, part, source, description, metadata), "bytea"),
            (description, "text"),
            (as_json(metadata), "jsonb"),
        ],
    )
    return Posted(row["id"], row["recorded_at"], row["replayed"], row["remaining"])


def _reason_and_part(pending_id: uuid.UUID, amount: Money | None) -> tuple[str, Decimal | None]:
    """The reason of a pending transaction, and the part to post, which must be in one of its currencies."""
    found = Transaction.objects.filter(pk=pending_id).order_by()
    if amount is None:
        reason = found.values_list("reason_id", flat=True).first()
        if reason is None:
            raise NotFound("There is no such transaction.", param="transaction")
        return reason, None
    currencies = dict(found.values_list("entries__currency_id", "reason_id"))
    if not currencies:
        raise NotFound("There is no such transaction.", param="transaction")
    if amount.currency not in currencies:
        raise CurrencyMismatch(f"The pending transaction is not in {amount.currency}.", param="amount")
    return currencies[amount.currency], amount.amount
