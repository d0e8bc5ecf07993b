"""Stripe's objects as frozen facts: a payment intent as `PaymentFacts`, a balance transaction as
`SettlementLine`.

Pure and strict. A status or a kind of line that is not in the tables here is refused by its field name, so
that money of a new kind ends with a person and never in a default bucket.

Sources: Stripe documentation, "PaymentIntent object", "BalanceTransaction object", "Reporting categories".
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from ledger.errors import InvalidRequest
from payments.connectors.psp.base import PaymentFacts, SettlementLine
from payments.connectors.psp.stripe import amounts, codes, events, reading
from payments.connectors.psp.stripe.reading import Json

_STATUSES = {
    "requires_payment_method": "initiated",
    "requires_confirmation": "initiated",
    "requires_action": "initiated",
    "processing": "initiated",
    "requires_capture": "authorised",
    "succeeded": "captured",
    "canceled": "cancelled",
}

# By `reporting_category`. A partial capture books the whole charge and then takes the remainder back: both
# are "charge", so that the charge lines of a payment add up to what was captured and to the fee really paid.
_KINDS = {
    "charge": "charge",
    "partial_capture_reversal": "charge",
    "refund": "refund",
    "refund_failure": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute_reversal",
    "fee": "fee",
    "network_cost": "fee",
    "risk_reserved_funds": "reserve",
    "payout": "payout",
    "payout_reversal": "payout",
}
# API versions without `reporting_category` tell the same by `type`.
_KINDS_BY_TYPE = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "stripe_fee": "fee",
    "reserve_transaction": "reserve",
    "payout": "payout",
    "payout_failure": "payout",
    "payout_cancel": "payout",
}

our_reference = events.our_reference


def safe_id(reference: str) -> str:
    """The id unchanged when it can stand in an address. Raises InvalidRequest (param "reference")
    otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9_\-]{1,255}", reference, re.ASCII):
        raise InvalidRequest("This is not a Stripe id.", param="reference")
    return reference


def redirect_url(intent: Json) -> str:
    """Where the payer goes next, "" when the intent names no web page."""
    action = intent.get("next_action")
    redirect = action.get("redirect_to_url") if isinstance(action, Mapping) else None
    url = redirect.get("url") if isinstance(redirect, Mapping) else None
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        return ""
    return url


def payment(intent: Json) -> PaymentFacts:
    """A payment intent with its latest charge, balance transaction and refunds expanded.

    `fee` is in the payment's currency, None while Stripe has not booked it or books it in another one. Raises
    InvalidRequest naming the field that is missing, malformed or of an unknown value."""
    status = _STATUSES.get(reading.word(intent, "status"))
    if status is None:
        raise InvalidRequest("Stripe gives a status we do not know.", param="status")
    failure = events.failure_code(intent)
    if status == "initiated" and failure and intent.get("status") == "requires_payment_method":
        status = "failed"
    charge = intent.get("latest_charge")
    expanded: Json = charge if isinstance(charge, Mapping) else {}
    return PaymentFacts(
        reference=reading.identifier(intent, "id"),
        our_reference=our_reference(intent),
        status=status,
        currency=reading.currency(intent),
        amount=reading.amount(intent, "amount"),
        captured=reading.amount(intent, "amount_received"),
        refunded=_refunded(expanded) if expanded else amounts.from_stripe(0, reading.currency(intent)),
        fee=_fee(expanded, reading.currency(intent)),
        charge_reference=events.latest_charge(intent),
        failure_code=codes.explain(failure).code if status == "failed" else "",
    )


def _all_refunds(charge: Json) -> list[Json] | None:
    """The refunds when they are expanded and complete: Stripe puts at most ten into a charge."""
    refunds = charge.get("refunds")
    if not isinstance(refunds, Mapping) or refunds.get("has_more") is True:
        return None
    return listed(refunds)


def _reversals(charge: Json) -> list[Json]:
    """The balance transactions by which a partial capture gave the remainder back."""
    lines = [refund.get("balance_transaction") for refund in _all_refunds(charge) or []]
    return [
        line
        for line in lines
        if isinstance(line, Mapping) and line.get("reporting_category") == "partial_capture_reversal"
    ]


def _refunded(charge: Json) -> Decimal:
    """Exact where the refunds are expanded; otherwise by the rule of `events.refunded_amount`."""
    if _all_refunds(charge) is None:
        return events.refunded_amount(charge)
    released = sum((-reading.amount(line, "amount") for line in _reversals(charge)), Decimal(0))
    return reading.amount(charge, "amount_refunded") - released


def _fee(charge: Json, currency: str) -> Decimal | None:
    booked = charge.get("balance_transaction")
    partial = charge.get("amount_captured") != charge.get("amount")
    if not isinstance(booked, Mapping) or (partial and _all_refunds(charge) is None):
        return None
    lines = [booked, *_reversals(charge)]
    if any(reading.currency(line) != currency for line in lines):
        return None
    return sum((reading.amount(line, "fee") for line in lines), Decimal(0))


def listed(page: Json) -> list[Json]:
    """The objects of a Stripe list. Raises InvalidRequest (param "data") when it is not one."""
    data: Any = page.get("data")
    if not isinstance(data, Sequence) or isinstance(data, str) or not all(isinstance(x, Mapping) for x in data):
        raise InvalidRequest("Stripe's answer is not a list.", param="data")
    return list(data)


def settlement_line(line: Json) -> SettlementLine:
    """One balance transaction (its source expanded or not) as a settlement line; amounts signed, in major
    units.

    Raises InvalidRequest for an unknown kind of line and for one where gross − fee is not net."""
    gross, fee, net = (reading.amount(line, name) for name in ("amount", "fee", "net"))
    if gross - fee != net:
        raise InvalidRequest("Stripe's line does not add up: amount − fee is not net.", param="net")
    source = line.get("source")
    expanded: Json = source if isinstance(source, Mapping) else {}
    return SettlementLine(
        reference=reading.identifier(line, "id"),
        kind=_kind(line),
        payment_reference=reading.optional_identifier(expanded, "payment_intent"),
        source_reference=reading.optional_identifier(line, "source"),
        gross=gross,
        fee=fee,
        net=net,
        currency=reading.currency(line),
    )


def _kind(line: Json) -> str:
    category, kind = reading.word(line, "reporting_category"), reading.word(line, "type")
    known = _KINDS.get(category) if category else _KINDS_BY_TYPE.get(kind)
    if known is None and not category and kind == "adjustment":
        known = _disputed(line)
    if known is None:
        raise InvalidRequest(
            "Stripe sends a kind of line we do not know.",
            param="reporting_category" if category else "type",
            value=category or kind,
        )
    return known


def _disputed(line: Json) -> str | None:
    """Old API versions call a chargeback an adjustment; its source is the dispute, its sign the direction."""
    if not reading.optional_identifier(line, "source").startswith(("dp_", "du_")):
        return None
    return "dispute" if reading.integer(line, "amount") < 0 else "dispute_reversal"
