"""Whether a provider's message can be believed about one deposit. Pure, like `payments.deposit_facts`.

Answers are stable words for the exception queue, "" when nothing speaks against the message. It must never repair
anything: what does not fit is left to a person, and nothing is posted.
"""

from decimal import Decimal

from payments.connectors.psp.base import PaymentFacts, PspEvent
from payments.deposit_facts import CLOSED_AS, DISPUTE_KINDS, Facts


def needs_record(facts: Facts, event: PspEvent, *, limit: Decimal) -> bool:
    """Whether the event may be believed only together with the provider's own record: it credits more than `limit`,
    or it speaks of money whose capture we have not heard of. A signature is not a proof of funds."""
    if event.kind == "captured":
        return event.amount - facts.captured > limit
    return (event.kind == "refunded" or event.kind in DISPUTE_KINDS) and event.amount > facts.captured


def contradiction(facts: Facts, event: PspEvent) -> str:
    """Why the event cannot be about this deposit as we know it (a stable word), "" when it can."""
    if event.currency != facts.currency:
        return "other_currency"
    if event.amount < 0:
        return "other_amount"
    asked = event.facts.get("asked") if event.kind == "captured" else None
    if event.kind in ("failed", "cancelled"):
        asked = event.amount
    if asked is not None and Decimal(str(asked)) != facts.asked:
        return "other_amount"
    if event.kind in ("captured", "authorised") and event.amount > facts.asked:
        return "other_amount"
    if event.kind == "refunded" and event.amount > facts.captured:
        return "more_than_captured"
    if event.kind in DISPUTE_KINDS:
        return _dispute_contradiction(facts, event)
    return ""


def _dispute_contradiction(facts: Facts, event: PspEvent) -> str:
    known = facts.dispute(event.object_reference)
    if known and known.amount != event.amount:
        return "other_amount"
    if event.kind == "dispute_closed" and event.code not in CLOSED_AS:
        return "unknown_outcome"
    return "more_than_captured" if event.amount > facts.captured else ""


def unconfirmed(facts: Facts, payment: PaymentFacts, *, ours: str, event: PspEvent | None = None) -> str:
    """Why the provider's record is not about the deposit we named `ours`, or does not bear the event out; "" when it
    does."""
    if payment.our_reference not in ("", ours):
        return "other_reference"
    if payment.currency != facts.currency:
        return "other_currency"
    if payment.amount != facts.asked or payment.captured > facts.asked or payment.refunded > payment.captured:
        return "other_amount"
    if event and event.kind == "captured" and event.amount > payment.captured:
        return "not_confirmed"
    if event and event.kind == "refunded" and event.amount > payment.refunded:
        return "not_confirmed"
    return ""
