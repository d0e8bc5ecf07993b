"""Stripe's answers to requests that change something, as outcomes.

An answer is Accepted only when it is about what was asked: same object, amount, currency and reference.
Anything else is in doubt, with the reference kept, because something may exist at Stripe. Nothing here
sends or stores.
"""

import logging

from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected
from payments.connectors.psp.stripe import codes
from payments.connectors.psp.stripe import facts as read
from payments.connectors.psp.stripe.client import Answer

log = logging.getLogger(__name__)


def in_our_words(outcome: Rejected | InDoubt) -> Rejected | InDoubt:
    """A refusal with our code and the client's sentence where Stripe's code is known; Stripe's own stay in
    the facts."""
    if isinstance(outcome, InDoubt):
        return outcome
    decline = codes.explain(outcome.code)
    return Rejected(
        code=decline.code if decline.mapped else outcome.code,
        message=decline.text if decline.mapped else outcome.message,
        facts={**outcome.facts, "provider_code": outcome.code, "provider_message": outcome.message},
    )


def checkout(answer: Answer, *, units: int, currency: str, our_reference: str) -> Outcome:
    """Accept the intent only when it is the one we asked for and says where to pay."""
    intent = answer.data
    reference = str(intent.get("id") or "")
    url = read.redirect_url(intent)
    same = (
        intent.get("object") == "payment_intent"
        and intent.get("amount") == units
        and intent.get("currency") == currency.lower()
        and read.our_reference(intent) == our_reference
    )
    if not (same and url and reference):
        log.warning("stripe: unexpected intent request=%s reference=%s", answer.request_id, reference)
        return InDoubt(reason="unexpected_answer", facts={"reference": reference, "request_id": answer.request_id})
    return Accepted(
        reference=reference,
        facts={
            "checkout_url": url,
            "status": str(intent.get("status")),
            "request_id": answer.request_id,
            "replayed": answer.replayed,
        },
    )


def refund(answer: Answer, *, units: int, currency: str) -> Outcome:
    """Accept the refund only when it is the one we asked for; `failed` is a definite no, anything new is
    in doubt."""
    data = answer.data
    status = data.get("status")
    same = data.get("object") == "refund" and data.get("amount") == units and data.get("currency") == currency.lower()
    details = {"status": str(status), "request_id": answer.request_id, "replayed": answer.replayed}
    if same and status in ("failed", "canceled"):
        return Rejected(
            code="refund_failed",
            message=codes.words("refund_failed"),
            facts={**details, "provider_code": str(data.get("failure_reason") or "")},
        )
    if not same or status not in ("succeeded", "pending") or not data.get("id"):
        log.warning("stripe: unexpected refund request=%s status=%s", answer.request_id, status)
        return InDoubt(reason="unexpected_answer", facts=details)
    return Accepted(reference=str(data["id"]), facts=details)
