"""Holds: set money of a wallet aside, take from it, or give it back. The only way in or out of a held account.

Each verb is one round trip, inside the caller's `atomic()`. A hold and its postings are written together; the amounts
captured, released and still held always add up to what was placed.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ledger import accounts, database, ids, reasons
from ledger.accounts import AccountRef
from ledger.errors import InvalidRequest, InvalidTransition
from ledger.models import Hold
from ledger.money import Money, positive
from ledger.posting import Posted, Source, as_json, fingerprint, names


@dataclass(frozen=True)
class Placed:
    """The hold and the transaction that moved the money into the held account."""

    hold_id: uuid.UUID
    posted: Posted

    @property
    def public_id(self) -> str:
        return ids.encode("hold", self.hold_id)


def place(
    *,
    wallet: AccountRef,
    amount: Decimal,
    kind: str,
    reason: str,
    actor: str,
    expires_at: datetime | None = None,
    source: Source | None = None,
    idempotency_key: str | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
    hold_id: uuid.UUID | None = None,
) -> Placed:
    """Move `amount` (major units) from the wallet to its owner's held account, with a hold that says why.

    Raises InsufficientAvailable, AccountFrozen, AccountClosed, InvalidRequest, IdempotencyKeyReused."""
    if kind not in Hold.Kind.values:
        raise InvalidRequest(f"Unknown kind of hold {kind[:40]!r}.", param="kind")
    money = positive(Money.of(amount, wallet.currency))
    owner = wallet.code.split("/")[1] if wallet.code.startswith("client/") else ""
    if not owner:
        raise InvalidRequest("Only a client's wallet or pocket can be held.", param="account")
    held = accounts.ref(f"client/{owner}/held", wallet.currency)
    row = database.call(
        "ledger_hold_place",
        [
            (hold_id or ids.new_id(), "uuid"),
            (ids.new_id(), "uuid"),
            (wallet.id, "bigint"),
            (held.id, "bigint"),
            (money.amount, "numeric"),
            (kind, "text"),
            (reason, "text"),
            (actor, "text"),
            (expires_at, "timestamptz"),
            (None, "timestamptz"),
            *names(idempotency_key, source),
            (fingerprint("hold", wallet.id, money.text, kind, reason, source, metadata), "bytea"),
            (description, "text"),
            (as_json(metadata), "jsonb"),
        ],
    )
    return Placed(row["hold_id"], Posted(row["id"], row["recorded_at"], row["replayed"], money.amount))


def capture(
    *,
    hold_id: uuid.UUID,
    to: AccountRef,
    reason: str,
    amount: Decimal | None = None,
    source: Source | None = None,
    idempotency_key: str | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Move part (or, without `amount`, the rest) of a hold to `to`; the answer says what is still held.

    Raises NotFound, InvalidTransition when the hold has ended, OverCapture, CurrencyMismatch, ReasonNotAllowed,
    AccountClosed."""
    reasons.require_kinds(reason, debits={"held"}, credits={to.kind})
    part = None if amount is None else positive(Money.of(amount, to.currency)).amount
    return _resolve("capture", hold_id, reason, to, part, source, idempotency_key, description, metadata)


def release(
    *,
    hold_id: uuid.UUID,
    source: Source | None = None,
    idempotency_key: str | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Give the rest of a hold back to its wallet. Raises NotFound, InvalidTransition when the hold has ended."""
    return _resolve("release", hold_id, "HOLD_RELEASED", None, None, source, idempotency_key, description, metadata)


def expire(*, now: datetime, limit: int = 500) -> int:
    """Give back every open hold whose time has come by `now`; returns how many. Safe to run in parallel, and beside
    those who capture or release: whoever comes first wins."""
    due = Hold.objects.filter(state__in=Hold.OPEN_STATES, expires_at__lte=now).values_list("pk", flat=True)[:limit]
    count = 0
    for hold_id in due:
        source = Source("ledger", "hold_expiry", ids.encode("hold", hold_id))
        try:
            with transaction.atomic():
                posted = _resolve("expire", hold_id, "HOLD_RELEASED", None, None, source, None, "Hold expired", None)
        except InvalidTransition:
            continue
        count += not posted.replayed
    return count


def _resolve(
    action: str,
    hold_id: uuid.UUID,
    reason: str,
    to: AccountRef | None,
    amount: Decimal | None,
    source: Source | None,
    idempotency_key: str | None,
    description: str,
    metadata: Mapping[str, Any] | None,
) -> Posted:
    row = database.call(
        "ledger_hold_resolve",
        [
            (hold_id, "uuid"),
            (action, "text"),
            (ids.new_id(), "uuid"),
            (reason, "text"),
            (to.id if to else None, "bigint"),
            (amount, "numeric"),
            (None, "timestamptz"),
            *names(idempotency_key, source),
            (fingerprint(action, hold_id, reason, to.id if to else None, amount, source, metadata), "bytea"),
            (description, "text"),
            (as_json(metadata), "jsonb"),
        ],
    )
    return Posted(row["id"], row["recorded_at"], row["replayed"], row["remaining"])
