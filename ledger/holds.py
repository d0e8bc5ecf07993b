"""Holds: set money of a wallet aside, take from it, or give it back. The only way in or out of a held account.

Each verb is one round trip, inside the caller's `atomic()`. A hold and its postings are written together; the amounts
captured, released and still held always add up to what was placed. From its time on a hold can only expire, also before
the clock has come round to it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ledger import accounts, database, events, ids, reasons
from ledger.accounts import AccountRef
from ledger.drafts import Posted, Source, as_json, fingerprint, names
from ledger.errors import InvalidRequest, InvalidTransition, NotFound
from ledger.models import Hold
from ledger.money import Money, positive
from ledger.reservations import later, put_off


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
    ends = () if expires_at is None else (expires_at,)
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
            (fingerprint("hold", wallet.id, money.text, kind, reason, source, metadata, *ends), "bytea"),
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

    Raises NotFound, AlreadyCaptured, CaptureAfterRelease, Expired, OverCapture, CurrencyMismatch, ReasonNotAllowed,
    AccountClosed."""
    reasons.require_kinds(reason, debits={"held"}, credits={to.kind})
    part = None if amount is None else positive(Money.of(amount, to.currency)).amount
    return _resolve("capture", hold_id, reason, to, part, source, idempotency_key, description, metadata)


def release(
    *,
    hold_id: uuid.UUID,
    amount: Decimal | None = None,
    source: Source | None = None,
    idempotency_key: str | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Give part (or, without `amount`, the rest) of a hold back to its wallet; the answer says what is still held.

    Raises NotFound, AlreadyReleased, ReleaseAfterCapture, Expired, OverRelease, InvalidAmount."""
    part = None if amount is None else positive(Money.of(amount, _currency(hold_id))).amount
    return _resolve("release", hold_id, "HOLD_RELEASED", None, part, source, idempotency_key, description, metadata)


def _currency(hold_id: uuid.UUID) -> str:
    found = Hold.objects.filter(pk=hold_id).values_list("held_account__currency_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such hold.", param="hold")
    return str(found)


def extend(*, hold_id: uuid.UUID, expires_at: datetime, reason: str, actor: events.Who, now: datetime) -> bool:
    """Put off the end of a hold; who did it and why is an event. False when it ends then already.

    Raises NotFound, AlreadyCaptured, AlreadyReleased, Expired, NeverExpires, NotLater, InvalidRequest (param
    "reason")."""
    before = later("ledger_hold_extend", hold_id, expires_at, reason)
    if before is not None:
        _record("hold.extended", hold_id, actor, now, **put_off(hold_id, before, expires_at, reason))
    return before is not None


def of(owner: str, *, everything: bool = False) -> list[Hold]:
    """The open holds of an owner's wallets and pockets, newest first, each with who placed it and why; with
    `everything` those that have ended too."""
    found = Hold.objects.filter(wallet__owner=owner).select_related("wallet").order_by("-id")
    return list(found if everything else found.filter(state__in=Hold.OPEN_STATES))


def expire(*, now: datetime, limit: int = 500) -> int:
    """Give back every open hold whose time has come by `now`; returns how many. Safe to run in parallel, and beside
    those who capture or release: whoever comes first wins."""
    due = Hold.objects.filter(state__in=Hold.OPEN_STATES, expires_at__lte=now).order_by("expires_at")
    return sum(_expire_one(key, now) for key in list(due.values_list("pk", flat=True)[:limit]))


def _expire_one(hold_id: uuid.UUID, now: datetime) -> bool:
    source = Source("ledger", "hold_expiry", ids.encode("hold", hold_id))

    def work() -> bool:
        with transaction.atomic():
            ended = _resolve("expire", hold_id, "HOLD_RELEASED", None, None, source, None, "Hold expired", None)
            if not ended.replayed:
                _record("hold.expired", hold_id, events.CLOCK, now, after={"state": Hold.State.EXPIRED})
            return not ended.replayed

    try:
        return database.unit_of_work(work)
    except InvalidTransition:  # somebody was faster, or gave it more time
        return False


def _record(kind: str, hold_id: uuid.UUID, actor: events.Who, now: datetime, **words: Any) -> None:
    owner = Hold.objects.filter(pk=hold_id).values_list("wallet__owner", flat=True).get()
    events.record(
        type=kind, object_ref=ids.encode("hold", hold_id), client_ref=owner, actor=actor, occurred_at=now, **words
    )


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
