"""The only way money changes: post, reserve, settle, void, reverse — one at a time or in batches.

Each call is one round trip to a database function that locks, checks and writes. It belongs inside the caller's
`atomic()`, next to the business state that changes with it, and it never commits by itself. A refusal is a
`DomainError`; the caller's transaction must then be rolled back, and nothing remains.
"""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ledger import database, ids, reasons
from ledger.accounts import AccountRef
from ledger.errors import CurrencyMismatch, DomainError, InvalidRequest, NotFound, Unbalanced
from ledger.models import Entry, Transaction
from ledger.money import EXACT, Money

LEGS_MAX = 100


@dataclass(frozen=True)
class Leg:
    """One entry to be: signed like the database's, credit positive."""

    account: AccountRef
    amount: Decimal


def debit(account: AccountRef, amount: Decimal) -> Leg:
    """Debit `amount` > 0 (major units of the account's currency): less for a client, more for a bank account."""
    return Leg(account, _amount(account, amount).copy_negate())


def credit(account: AccountRef, amount: Decimal) -> Leg:
    """Credit `amount` > 0 (major units of the account's currency): more for a client, less for a bank account."""
    return Leg(account, _amount(account, amount))


def _amount(account: AccountRef, amount: Decimal) -> Decimal:
    exact = Money.of(amount, account.currency).amount
    if exact <= 0:
        raise InvalidRequest("Entry amounts are above zero; the direction says the sign.", param="amount")
    return exact


@dataclass(frozen=True)
class Source:
    """The permanent business reference of a transaction: unique for ever, it outlives every idempotency key."""

    system: str
    kind: str
    id: str


@dataclass(frozen=True)
class Posted:
    """What a posting call did. `replayed`: the same call had been made before and this is its answer."""

    id: uuid.UUID
    recorded_at: datetime
    replayed: bool
    remaining: Decimal | None = None

    @property
    def public_id(self) -> str:
        return ids.encode("txn", self.id)


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
) -> Posted:
    """Write one balanced transaction. With `pending`, reserve instead: debits count as on their way out at once.

    Same `idempotency_key` or `source` with the same content returns the first answer with `replayed`.
    Raises Unbalanced, CurrencyMismatch, ReasonNotAllowed, InsufficientAvailable, AccountFrozen, AccountClosed,
    IdempotencyKeyReused, DuplicateReference, OverReversal, InvalidRequest."""
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


def check(reason: str, legs: Sequence[Leg]) -> None:
    """Refuse early and clearly what the database would refuse too: balance, reason, number of legs."""
    if not 2 <= len(legs) <= LEGS_MAX:
        raise Unbalanced(f"A transaction has 2 to {LEGS_MAX} entries.", param="entries")
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for leg in legs:
        totals[leg.account.currency] = EXACT.add(totals[leg.account.currency], leg.amount)
    for currency, difference in totals.items():
        if difference:
            raise Unbalanced(
                f"Debits and credits differ by {abs(difference):f} {currency}.", param="entries", currency=currency
            )
    reasons.require_kinds(
        reason,
        debits={leg.account.kind for leg in legs if leg.amount < 0},
        credits={leg.account.kind for leg in legs if leg.amount > 0},
    )


def fingerprint(*parts: Any) -> bytes:
    """16 bytes that differ when any part of a request differs; canonical JSON, keys sorted, amounts as plain text."""

    def plain(part: Any) -> Any:
        if isinstance(part, Leg):
            return [part.account.id, plain(part.amount)]
        if isinstance(part, Source):
            return [part.system, part.kind, part.id]
        if isinstance(part, Decimal):
            return f"{part.normalize(EXACT):f}"
        if isinstance(part, datetime):
            return part.astimezone(UTC).isoformat()
        return str(part)

    text = json.dumps(parts, default=plain, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


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


def names(idempotency_key: str | None, source: Source | None) -> list[tuple[Any, str]]:
    """The four name arguments of the database functions. Raises InvalidRequest for a name too long or empty."""
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= 255:
        raise InvalidRequest("An idempotency key has 1 to 255 characters.", param="idempotency_key")
    if source is None:
        return [(idempotency_key, "text"), (None, "text"), (None, "text"), (None, "text")]
    for name, value, longest in (("system", source.system, 40), ("kind", source.kind, 40), ("id", source.id, 120)):
        if not 1 <= len(value) <= longest:
            raise InvalidRequest(f"A source {name} has 1 to {longest} characters.", param=f"source.{name}")
    return [(idempotency_key, "text"), (source.system, "text"), (source.kind, "text"), (source.id, "text")]


def as_json(metadata: Mapping[str, Any] | None) -> str | None:
    """Metadata as the text that the database functions take; None stays NULL."""
    return None if metadata is None else json.dumps(metadata, sort_keys=True)
