"""What each kind of Stripe event says, in our words.

One small reader per event type, all pure, and the table `READERS` that names them. Amounts are cumulative
where Stripe gives them so. It must never fill in money that the event does not carry: a missing field is
refused by name.

Source: Stripe documentation, "Types of events", and the object pages for payment intents, charges,
disputes, payouts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ledger.errors import InvalidRequest
from payments.connectors.psp.base import PspEvent
from payments.connectors.psp.stripe import codes, reading
from payments.connectors.psp.stripe.reading import Json


def _about(common: PspEvent, source: Json, **changes: Any) -> PspEvent:
    facts = {**common.facts, **changes.pop("facts", {})}
    return replace(
        common, our_reference=our_reference(source), currency=reading.currency(source), facts=facts, **changes
    )


def our_reference(source: Json) -> str:
    """What `create_payment` put into the metadata; "" where the object carries none."""
    metadata = source.get("metadata")
    return reading.word(metadata, "deposit") if isinstance(metadata, Mapping) else ""


def latest_charge(intent: Json) -> str:
    """The charge of an intent: `latest_charge` since API version 2022-11-15, `charges.data[0]` before."""
    charge = reading.optional_identifier(intent, "latest_charge")
    charges = intent.get("charges")
    if not charge and isinstance(charges, Mapping):
        listed = charges.get("data")
        if isinstance(listed, Sequence) and listed and isinstance(listed[0], Mapping):
            charge = reading.optional_identifier(listed[0], "id")
    return charge


def _intent(common: PspEvent, intent: Json, *, kind: str, amount: Decimal, **changes: Any) -> PspEvent:
    return _about(
        common,
        intent,
        kind=kind,
        payment_reference=reading.identifier(intent, "id"),
        object_reference=latest_charge(intent),
        amount=amount,
        **changes,
    )


def _authorised(common: PspEvent, intent: Json) -> PspEvent:
    """Authorised in all: what can still be captured and what already was."""
    total = reading.amount(intent, "amount_capturable") + reading.amount(intent, "amount_received")
    return _intent(common, intent, kind="authorised" if total else "ignored", amount=total)


def _captured(common: PspEvent, intent: Json) -> PspEvent:
    received = reading.amount(intent, "amount_received")
    asked = reading.amount(intent, "amount")
    return _intent(
        common,
        intent,
        kind="captured",
        amount=received,
        facts={"partial": received < asked, "asked": str(asked)},
    )


def _failed(common: PspEvent, intent: Json) -> PspEvent:
    decline = codes.explain(failure_code(intent))
    facts = {"provider_code": decline.provider_code, "mapped": decline.mapped, "client_text": decline.text}
    amount = reading.amount(intent, "amount")
    return _intent(common, intent, kind="failed", amount=amount, code=decline.code, facts=facts)


def failure_code(intent: Json) -> str:
    """The most telling code of the last failed attempt: the bank's own reason, else Stripe's."""
    error = intent.get("last_payment_error")
    if not isinstance(error, Mapping):
        return ""
    return reading.word(error, "decline_code") or reading.word(error, "code") or reading.word(error, "type")


def _cancelled(common: PspEvent, intent: Json) -> PspEvent:
    decline = codes.explain_cancellation(reading.word(intent, "cancellation_reason"))
    facts = {"provider_code": decline.provider_code, "mapped": decline.mapped, "client_text": decline.text}
    amount = reading.amount(intent, "amount")
    return _intent(common, intent, kind="cancelled", amount=amount, code=decline.code, facts=facts)


def _charge(common: PspEvent, charge: Json, *, kind: str, amount: Decimal, **changes: Any) -> PspEvent:
    return _about(
        common,
        charge,
        kind=kind,
        payment_reference=reading.optional_identifier(charge, "payment_intent"),
        object_reference=reading.identifier(charge, "id"),
        amount=amount,
        **changes,
    )


def _charge_captured(common: PspEvent, charge: Json) -> PspEvent:
    captured = reading.amount(charge, "amount_captured")
    asked = reading.amount(charge, "amount")
    facts = {"partial": captured < asked, "asked": str(asked)}
    return _charge(common, charge, kind="captured", amount=captured, facts=facts)


def _refunded(common: PspEvent, charge: Json) -> PspEvent:
    given_back = refunded_amount(charge)
    return _charge(common, charge, kind="refunded" if given_back else "ignored", amount=given_back)


def refunded_amount(charge: Json) -> Decimal:
    """What the payer really got back so far.

    After a partial capture Stripe counts the released remainder as refunded too (it even sends
    `charge.refunded` for it), although that money was never taken; it is subtracted here."""
    counted = reading.amount(charge, "amount_refunded")
    if charge.get("amount_captured") is None:  # API versions before 2020-08-27 do not say; those payments are whole
        return counted
    released = reading.amount(charge, "amount") - reading.amount(charge, "amount_captured")
    return counted - released if counted >= released else counted


def _refund_updated(common: PspEvent, refund: Json) -> PspEvent:
    """A refund may fail days after it was accepted: the money is back in our balance at Stripe, the card never got it.
    `charge.refund.updated` is how API versions before 2024-10-28 tell it."""
    failed = reading.word(refund, "status") == "failed"
    return _about(
        common,
        refund,
        kind="refund_failed" if failed else "ignored",
        payment_reference=reading.optional_identifier(refund, "payment_intent"),
        object_reference=reading.identifier(refund, "id"),
        amount=reading.amount(refund, "amount"),
        code=reading.word(refund, "failure_reason"),
        facts={"charge": reading.optional_identifier(refund, "charge")},
    )


def _dispute(common: PspEvent, dispute: Json, *, kind: str, fee: Decimal | None = None) -> PspEvent:
    status = reading.word(dispute, "status")
    return _about(
        common,
        dispute,
        kind=kind,
        payment_reference=reading.optional_identifier(dispute, "payment_intent"),
        object_reference=reading.identifier(dispute, "id"),
        amount=reading.amount(dispute, "amount"),
        code=status if kind == "dispute_closed" else reading.word(dispute, "reason"),
        fee=fee,
        facts={
            "charge": reading.identifier(dispute, "charge"),
            "status": status,
            "reason": reading.word(dispute, "reason"),
        },
    )


def _dispute_opened(common: PspEvent, dispute: Json) -> PspEvent:
    """No money moves yet: `funds_withdrawn` tells that, and an inquiry (`warning_…`) may never come to it."""
    return _dispute(common, dispute, kind="dispute_opened")


def _dispute_withdrawn(common: PspEvent, dispute: Json) -> PspEvent:
    return _dispute(common, dispute, kind="dispute_funds_withdrawn", fee=_dispute_fee(dispute, sign=1))


def _dispute_reinstated(common: PspEvent, dispute: Json) -> PspEvent:
    return _dispute(common, dispute, kind="dispute_funds_reinstated", fee=_dispute_fee(dispute, sign=-1))


def _dispute_closed(common: PspEvent, dispute: Json) -> PspEvent:
    return _dispute(common, dispute, kind="dispute_closed")


def _dispute_fee(dispute: Json, *, sign: int) -> Decimal | None:
    """The fee taken (`sign` 1) or given back (-1), both as positive amounts; None when Stripe says nothing
    about it or keeps that balance in another currency."""
    lines = dispute.get("balance_transactions")
    if not isinstance(lines, Sequence) or isinstance(lines, str) or not lines:
        return None
    total = Decimal(0)
    for line in lines:
        if not isinstance(line, Mapping):
            raise InvalidRequest("A balance transaction is not an object.", param="balance_transactions")
        if reading.currency(line) != reading.currency(dispute):
            return None
        fee = reading.amount(line, "fee") * sign
        total += max(fee, Decimal(0))
    return total


def _payout(common: PspEvent, payout: Json, *, kind: str) -> PspEvent:
    failure = reading.word(payout, "failure_code")
    return _about(
        common,
        payout,
        kind=kind,
        object_reference=reading.identifier(payout, "id"),
        amount=reading.amount(payout, "amount"),
        code=failure if kind == "payout_failed" else "",
        facts={"status": reading.word(payout, "status"), "automatic": payout.get("automatic") is True},
    )


def _payout_paid(common: PspEvent, payout: Json) -> PspEvent:
    return _payout(common, payout, kind="payout_paid")


def _payout_failed(common: PspEvent, payout: Json) -> PspEvent:
    """May follow a `payout.paid` of the same payout days later."""
    return _payout(common, payout, kind="payout_failed")


READERS: dict[str, Callable[[PspEvent, Json], PspEvent]] = {
    "payment_intent.amount_capturable_updated": _authorised,
    "payment_intent.succeeded": _captured,
    "payment_intent.payment_failed": _failed,
    "payment_intent.canceled": _cancelled,
    "charge.captured": _charge_captured,
    "charge.refunded": _refunded,
    "charge.refund.updated": _refund_updated,
    "refund.failed": _refund_updated,
    "charge.dispute.created": _dispute_opened,
    "charge.dispute.funds_withdrawn": _dispute_withdrawn,
    "charge.dispute.funds_reinstated": _dispute_reinstated,
    "charge.dispute.closed": _dispute_closed,
    "payout.paid": _payout_paid,
    "payout.failed": _payout_failed,
}
