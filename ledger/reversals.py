"""Reversals: a new transaction that takes back a posted one, in full or in part, and never more than it.

The database locks the original, knows what is left of it and does the sharing out, so that reversals that meet each
other still add up to the original exactly. `ledger.posting` offers these verbs.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger import database, ids, reasons
from ledger.accounts import AccountRef
from ledger.drafts import Leg, Posted, Source, as_json, check, fingerprint, names, part_of
from ledger.errors import NotFound, NothingPosted, ReversalOfReversal
from ledger.models import Entry, Transaction
from ledger.money import Money


def reverse(
    *,
    transaction_id: uuid.UUID,
    description: str,
    amount: Money | None = None,
    legs: Sequence[Leg] | None = None,
    rest: bool = False,
    source: Source | None = None,
    idempotency_key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    effective_at: datetime | None = None,
) -> Posted:
    """Mirror a posted transaction under its reason's own reversal code, pointing at it; the answer says what is left.

    Without `amount` and `legs` in full, which is refused when a part was reversed before. `amount`: the part whose
    credits in that currency are this much, each entry in proportion; what does not divide goes by largest remainder,
    so that parts add up to the original. `legs`: entries of the original, as they were posted or less, balanced.
    `rest`: without them, all that is left of it, refused with AlreadyReversed when that is nothing.

    Raises NotFound, OverReversal, AlreadyReversed, ReversalOfReversal, NothingPosted, CurrencyMismatch, Unbalanced,
    InvalidAmount, ReasonNotAllowed, InsufficientAvailable when the money has moved on."""
    original = Transaction.objects.filter(pk=transaction_id).first()
    if original is None:
        raise NotFound("There is no such transaction.", param="transaction")
    posted = mirrored(transaction_id)
    if original.reverses_id is not None:
        raise ReversalOfReversal(param="transaction")
    if not posted:
        raise NothingPosted(param="transaction")
    back = None if legs is None else [Leg(leg.account, leg.amount.copy_negate()) for leg in legs]
    part = part_of(amount, back)
    rest = rest and amount is None and legs is None
    check(reasons.reason(original.reason_id).reversal_code, back or posted)
    arguments = [
        (ids.new_id(), "uuid"),
        (transaction_id, "uuid"),
        *part,
        (effective_at, "timestamptz"),
        *names(idempotency_key, source),
        (_fingerprint(transaction_id, part, rest, source, effective_at, description, metadata), "bytea"),
        (description, "text"),
        (as_json(metadata), "jsonb"),
        (rest, "boolean"),
    ]
    row = database.call("ledger_reverse", arguments)
    return Posted(row["id"], row["recorded_at"], row["replayed"], row["remaining"])


def _fingerprint(transaction_id: uuid.UUID, part: list[tuple[Any, str]], rest: bool, *words: Any) -> bytes:
    given = ["rest"] if rest else [value for value, _ in part if value is not None]
    return fingerprint("reverse", transaction_id, given, *words)


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
