"""What a payment service provider is to us, whatever its name.

Frozen facts and one protocol. Amounts are cumulative wherever the provider allows it: a cumulative fact can arrive
twice, late or out of order and still lead to the same state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from payments.connectors.outcomes import Outcome


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The signature covers exactly these bytes and is fresh."""

    event_id: str
    event_type: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The message is not proved to be the provider's; `reason` is one of the adapter's documented words."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class PspEvent:
    """One provider message in our words.

    `kind` is one of: authorised, captured, failed, cancelled, refunded, refund_failed, dispute_opened,
    dispute_funds_withdrawn, dispute_funds_reinstated, dispute_closed, payout_paid, payout_failed, ignored. `amount` is
    the *cumulative* figure for captured and refunded, the dispute's or refund's own amount for disputes and
    refund_failed, the net for payouts. `occurred_at` is the provider's clock.
    """

    event_id: str
    kind: str
    payment_reference: str  # payment intent, "" where it does not apply
    object_reference: str  # charge, dispute or payout
    our_reference: str  # what we sent as metadata, "" where absent
    amount: Decimal
    currency: str
    occurred_at: datetime
    fee: Decimal | None = None
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PaymentFacts:
    """A payment as the provider knows it now. All amounts cumulative, in major units of `currency`."""

    reference: str
    our_reference: str
    status: str  # initiated | authorised | captured | failed | cancelled
    currency: str
    amount: Decimal
    captured: Decimal
    refunded: Decimal
    fee: Decimal | None
    charge_reference: str
    failure_code: str = ""


@dataclass(frozen=True, kw_only=True)
class SettlementLine:
    """One line of a payout to our bank: `gross - fee = net`, signed (refunds and disputes are negative)."""

    reference: str
    kind: str  # charge | refund | dispute | dispute_reversal | fee | reserve | payout
    payment_reference: str
    source_reference: str
    gross: Decimal
    fee: Decimal
    net: Decimal
    currency: str


class PaymentServiceProvider(Protocol):
    name: str

    def create_payment(self, *, our_reference: str, amount: Decimal, currency: str, return_url: str) -> Outcome:
        """Create the payment at the provider. Accepted.reference is theirs; facts["checkout_url"] is where to pay.
        Safe to repeat: the provider deduplicates by our reference."""

    def refund(self, *, payment_reference: str, refund_reference: str, amount: Decimal, currency: str) -> Outcome: ...

    def fetch_payment(self, *, payment_reference: str) -> PaymentFacts | None: ...

    def settlement_lines(self, *, payout_reference: str) -> Sequence[SettlementLine]: ...

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified | Refused: ...

    def parse(self, *, body: bytes) -> PspEvent: ...
