"""The words of a posting: legs, references, drafts, and what is refused before the database is asked.

Nothing here reads, locks or writes. `ledger.posting` and `ledger.batches` speak these words to the database, whose own
guards say the same again.
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
from ledger.conditions import Condition
from ledger.errors import InvalidRequest, Unbalanced
from ledger.money import EXACT, Money, positive

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
    """What a posting call did. `replayed`: the same call had been made before and this is its answer.

    `remaining`: what is left now of the reservation, hold or original that the call took from (sum of the credits)."""

    id: uuid.UUID
    recorded_at: datetime
    replayed: bool
    remaining: Decimal | None = None

    @property
    def public_id(self) -> str:
        return ids.encode("txn", self.id)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One transaction of a batch: the same words as `post`. Neighbours with the same `chain` are posted all or none."""

    reason: str
    legs: Sequence[Leg]
    source: Source | None = None
    idempotency_key: str | None = None
    effective_at: datetime | None = None
    description: str = ""
    metadata: Mapping[str, Any] | None = None
    pending: bool = False
    expires_at: datetime | None = None
    expires_on: Sequence[str] = ()
    conditions: Sequence[Condition] = ()
    chain: str | None = None


def check(reason: str, legs: Sequence[Leg]) -> None:
    """Refuse early and clearly what the database would refuse too: balance, reason, number of legs."""
    check_balance(legs)
    reasons.require_kinds(
        reason,
        debits={leg.account.kind for leg in legs if leg.amount < 0},
        credits={leg.account.kind for leg in legs if leg.amount > 0},
    )


def check_balance(legs: Sequence[Leg]) -> None:
    """Raise Unbalanced for too few or too many legs, or where debits and credits of a currency differ."""
    if not 2 <= len(legs) <= LEGS_MAX:
        raise Unbalanced(f"A transaction has 2 to {LEGS_MAX} entries.", param="entries")
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for leg in legs:
        totals[leg.account.currency] = EXACT.add(totals[leg.account.currency], leg.amount)
    for currency, difference in totals.items():
        if difference:
            raise Unbalanced(
                f"Debits and credits differ by {abs(difference):f} {currency}.",
                param="entries",
                currency=currency,
                difference=f"{difference:f}",
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


def part_of(amount: Money | None, legs: Sequence[Leg] | None) -> list[tuple[Any, str]]:
    """The four arguments that say which part of a transaction is meant: an amount, or entries, or all of it.

    Raises InvalidRequest for both at once, InvalidAmount for an amount that is not above zero, Unbalanced."""
    if amount is not None and legs is not None:
        raise InvalidRequest("Give an amount or entries, not both.", param="entries")
    if legs is not None:
        check_balance(legs)
    part = positive(amount) if amount is not None else None
    return [
        (part.amount if part else None, "numeric"),
        (part.currency if part else None, "text"),
        *(columns(legs) if legs is not None else ((None, "bigint[]"), (None, "numeric[]"))),
    ]


def columns(legs: Sequence[Leg]) -> list[tuple[str, str]]:
    """The two arguments for entries: their accounts and their signed amounts."""
    return [
        (database.array(str(leg.account.id) for leg in legs), "bigint[]"),
        (database.array(str(leg.amount) for leg in legs), "numeric[]"),
    ]
