"""Refunds of the simulated Stripe: money back to the card, never more than was captured.

Source: Stripe documentation, "Create a refund".
"""

from typing import Any

from payments.connectors.psp.stripe.simulated import forms, ledger_lines
from payments.connectors.psp.stripe.simulated.books import Book, Document
from payments.connectors.psp.stripe.simulated.currencies import shown
from payments.connectors.psp.stripe.simulated.errors import ApiError
from payments.connectors.psp.stripe.simulated.events import emit


def create(book: Book, params: dict[str, Any]) -> Document:
    """POST /v1/refunds by `payment_intent` or `charge`; without `amount` everything that is left."""
    forms.only(params, "payment_intent charge amount metadata reason")
    charge = _charge(book, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = forms.integer(params, "amount") if "amount" in params else left
    if not charge["captured"]:
        raise ApiError("This charge is not captured.", code="charge_not_refundable", executed=True)
    if charge["disputed"]:
        raise ApiError("The charge is disputed.", code="charge_disputed", executed=True)
    if left == 0:
        raise ApiError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", executed=True
        )
    if amount > left:
        currency = charge["currency"]
        raise ApiError(
            f"Refund amount ({shown(amount, currency)}) is greater than unrefunded amount on charge "
            f"({shown(left, currency)})",
            param="amount",
            executed=True,
        )
    return _give_back(book, charge, amount, params)


def _charge(book: Book, params: dict[str, Any]) -> Document:
    if params.get("charge"):
        return book.get("charge", params["charge"], param="charge")
    intent = book.get("payment_intent", forms.required(params, "payment_intent"), param="payment_intent")
    if not intent["latest_charge"]:
        raise ApiError("This PaymentIntent does not have a successful charge to refund.", executed=True)
    return book.get("charge", intent["latest_charge"])


def _give_back(book: Book, charge: Document, amount: int, params: dict[str, Any]) -> Document:
    refund = book.new(
        "re",
        link=charge["id"],
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        metadata=params.get("metadata") or {},
        payment_intent=charge["payment_intent"],
        reason=params.get("reason"),
        status="succeeded",
    )
    line = ledger_lines.write(
        book,
        amount=-amount,
        fee=0,  # the fee of the payment is not given back
        currency=charge["currency"],
        source=refund["id"],
        type="refund",
        category="refund",
        text="REFUND FOR CHARGE",
    )
    refund["balance_transaction"] = line["id"]
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    emit(book, "refund.created", book.save(refund))
    emit(book, "charge.refunded", book.save(charge), previous=before)
    return refund
