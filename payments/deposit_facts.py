"""What a provider has told us about one deposit, and what follows from it. Pure: no database, no clock, no network.

Facts only grow: cumulative amounts are joined by the larger, stages and dispute outcomes by rank. So messages may come
twice, late and in any order, and the same set of messages always leads to the same facts, the same state and the same
postings. Nothing here may guess: what contradicts the facts is named and left to a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from payments.connectors.psp.base import PaymentFacts, PspEvent

ZERO = Decimal(0)
# Before money arrives. A decline can be followed by a better card, so `failed` ranks below `authorised`; what ended
# the payment ranks highest, and of two ends the first one stays.
_STAGES = {"initiated": 0, "failed": 1, "authorised": 2, "cancelled": 3, "expired": 3}
_OUTCOMES = {"": 0, "lost": 1, "won": 2}
# How a provider may close a dispute; an inquiry that ends without a chargeback cost nothing.
CLOSED_AS = {"won": "won", "warning_closed": "won", "lost": "lost"}
DISPUTE_KINDS = frozenset({"dispute_opened", "dispute_funds_withdrawn", "dispute_funds_reinstated", "dispute_closed"})


@dataclass(frozen=True, kw_only=True)
class DisputeFacts:
    """One dispute. `withdrawn` and `reinstated` say whether its whole amount has left us and come back."""

    reference: str
    amount: Decimal
    reason: str = ""
    withdrawn: bool = False
    reinstated: bool = False
    outcome: str = ""  # "", lost or won
    fee_taken: Decimal = ZERO
    fee_returned: Decimal = ZERO

    @property
    def state(self) -> str:
        """The state of `payments.states.DISPUTE` that these facts lead to."""
        return self.outcome or ("funds_withdrawn" if self.withdrawn else "opened")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One deposit; amounts are cumulative, in major units of `currency`. `asked` is what the client set out to pay."""

    asked: Decimal
    currency: str
    stage: str = "initiated"
    failure_code: str = ""
    captured: Decimal = ZERO
    refunded: Decimal = ZERO
    fee: Decimal | None = None
    settled: bool = False
    disputes: tuple[DisputeFacts, ...] = ()

    @property
    def disputed(self) -> Decimal:
        return sum((one.amount for one in self.disputes if one.withdrawn), ZERO)

    @property
    def reinstated(self) -> Decimal:
        return sum((one.amount for one in self.disputes if one.reinstated), ZERO)

    def dispute(self, reference: str) -> DisputeFacts | None:
        return next((one for one in self.disputes if one.reference == reference), None)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One posting to be: `amount` is new, `total` the cumulative figure it leads to (part of its business reference).

    `kind` is one of: captured, fee, refunded, charged_back, chargeback_fee, chargeback_won, chargeback_fee_returned."""

    kind: str
    amount: Decimal
    total: Decimal
    fee: Decimal = ZERO  # of a capture, as far as it is known by now
    dispute: str = ""


def merge(facts: Facts, event: PspEvent) -> Facts:
    """The facts after one event; an event without news gives the same facts."""
    if event.kind == "captured":
        return _captured(facts, event.amount)
    if event.kind == "refunded":
        return replace(facts, refunded=max(facts.refunded, event.amount))
    if event.kind in ("authorised", "failed", "cancelled"):
        return _stage(facts, event.kind, event.code)
    if event.kind in DISPUTE_KINDS:
        return _with_dispute(facts, _disputed(facts, event))
    return facts


def merge_payment(facts: Facts, payment: PaymentFacts) -> Facts:
    """The facts after reading the provider's own record of the payment."""
    fee = facts.fee if payment.fee is None else max(facts.fee or ZERO, payment.fee)
    read = replace(_captured(facts, payment.captured), refunded=max(facts.refunded, payment.refunded))
    read = replace(read, fee=fee if read.captured else facts.fee)
    return _stage(read, payment.status if payment.status in _STAGES else "initiated", payment.failure_code)


def _captured(facts: Facts, amount: Decimal) -> Facts:
    captured = max(facts.captured, amount)
    if not captured:
        return facts
    return replace(facts, captured=captured, stage="initiated", failure_code="")  # what came before is forgotten


def _stage(facts: Facts, stage: str, code: str) -> Facts:
    if facts.captured or _STAGES[stage] < _STAGES[facts.stage]:
        return facts
    if _STAGES[stage] == _STAGES[facts.stage] and stage != facts.stage:
        return facts
    return replace(facts, stage=stage, failure_code=code or (facts.failure_code if stage == "failed" else ""))


def _disputed(facts: Facts, event: PspEvent) -> DisputeFacts:
    known = facts.dispute(event.object_reference) or DisputeFacts(reference=event.object_reference, amount=event.amount)
    reason = known.reason or str(event.facts.get("reason") or "")[:60]
    known = replace(known, reason=reason)
    fee = event.fee or ZERO
    if event.kind == "dispute_funds_withdrawn":
        return replace(known, withdrawn=True, fee_taken=max(known.fee_taken, fee))
    if event.kind == "dispute_funds_reinstated":  # what came back must have been taken before
        returned = max(known.fee_returned, fee)
        taken = max(known.fee_taken, returned)
        return replace(known, withdrawn=True, reinstated=True, outcome="won", fee_taken=taken, fee_returned=returned)
    if event.kind == "dispute_closed":
        outcome = max(known.outcome, CLOSED_AS.get(event.code, ""), key=_OUTCOMES.__getitem__)
        return replace(known, outcome=outcome)
    return known


def _with_dispute(facts: Facts, dispute: DisputeFacts) -> Facts:
    others = [one for one in facts.disputes if one.reference != dispute.reference]
    return replace(facts, disputes=tuple(sorted([*others, dispute], key=lambda one: one.reference)))


def state(facts: Facts) -> str:
    """The state of `payments.states.DEPOSIT`: a dispute outranks a refund, a refund outranks the settlement."""
    outcomes = {one.outcome for one in facts.disputes}
    if "lost" in outcomes:
        return "dispute_lost"
    if "" in outcomes:
        return "disputed"
    if facts.refunded and (facts.refunded >= facts.captured or not outcomes):
        return "refunded"
    if outcomes:
        return "dispute_won"
    if facts.captured:
        return "settled" if facts.settled else "captured"
    return facts.stage


def changes(old: Facts, new: Facts) -> Iterator[Change]:
    """What must be posted between two states of knowledge, in the order in which it is posted."""
    gross = new.captured - old.captured
    fee = (new.fee or ZERO) - (old.fee or ZERO)
    if gross > 0:
        within = fee if ZERO <= fee <= gross else ZERO
        yield Change(kind="captured", amount=gross, total=new.captured, fee=within)
        fee -= within
    if fee > 0:
        yield Change(kind="fee", amount=fee, total=new.fee or ZERO)
    if new.refunded > old.refunded:
        yield Change(kind="refunded", amount=new.refunded - old.refunded, total=new.refunded)
    for dispute in new.disputes:
        yield from _dispute_changes(old.dispute(dispute.reference), dispute)


def _dispute_changes(known: DisputeFacts | None, new: DisputeFacts) -> Iterator[Change]:
    old = known or DisputeFacts(reference=new.reference, amount=new.amount)
    for kind, amount, before in (
        ("charged_back", new.amount if new.withdrawn else ZERO, old.amount if old.withdrawn else ZERO),
        ("chargeback_fee", new.fee_taken, old.fee_taken),
        ("chargeback_won", new.amount if new.reinstated else ZERO, old.amount if old.reinstated else ZERO),
        ("chargeback_fee_returned", new.fee_returned, old.fee_returned),
    ):
        if amount > before:
            yield Change(kind=kind, amount=amount - before, total=amount, dispute=new.reference)
