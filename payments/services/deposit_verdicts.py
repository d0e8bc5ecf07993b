"""The words for provider messages that do not fit, and the cases they open for people."""

from datetime import timedelta

from payments import dispatch
from payments.connectors.psp.base import PaymentFacts, PspEvent
from payments.models import Deposit
from payments.verdict import Verdict

ASK_AGAIN = timedelta(seconds=30)


def unknown(event: PspEvent) -> Verdict:
    """No deposit of ours goes by any of the message's names."""
    return Verdict(
        state="conflict",
        reason="unknown_payment",
        category="unknown_payment",
        amount=f"{event.amount:f}",
        currency=event.currency,
        facts={"kind": event.kind, "payment": event.payment_reference, "object": event.object_reference},
    )


def conflict(deposit: Deposit | None, event: PspEvent, word: str, record: PaymentFacts | None = None) -> Verdict:
    """The message contradicts what we know, or what the provider's own record says; `word` says how."""
    facts = {"kind": event.kind, "event_amount": f"{event.amount:f}", "event_currency": event.currency}
    if record is not None:
        facts |= {"record_captured": str(record.captured), "record_refunded": str(record.refunded)}
    if deposit is not None:
        facts |= {"asked": deposit.money.text, "currency": deposit.currency}
    return Verdict(
        state="conflict",
        reason=word,
        object_ref=deposit.public_id if deposit else "",
        client_ref=deposit.client.public_id if deposit else "",
        amount=f"{event.amount:f}",
        currency=event.currency,
        facts=facts,
    )


def refund_failed(deposit: Deposit, event: PspEvent) -> Verdict:
    """A refund that we took for done never reached the card; a person pays it another way or back to the wallet."""
    return Verdict(
        state="conflict",
        reason="refund_failed",
        category="refund_failed",
        object_ref=deposit.public_id,
        client_ref=deposit.client.public_id,
        amount=f"{event.amount:f}",
        currency=event.currency,
        facts={"refund": event.object_reference, "provider_code": event.code},
    )


def raise_conflict(verdict: Verdict, *, key: str) -> None:
    """Promise a case for a verdict that only people can settle."""
    dispatch.raise_exception(
        category=verdict.category,
        key=key,
        title=f"A provider's message does not fit: {verdict.reason.replace('_', ' ')}",
        facts={**verdict.facts, "reason": verdict.reason},
        client_ref=verdict.client_ref,
        object_ref=verdict.object_ref,
        amount=verdict.amount,
        currency=verdict.currency,
    )
