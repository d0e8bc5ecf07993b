"""Payment intents and their charges: created by the merchant, paid on the card page, captured, cancelled.

The life of one intent as Stripe runs it. Amounts are whole numbers in the smallest unit. A card number passes
through `pay` and is forgotten.

Source: Stripe documentation, "PaymentIntent lifecycle" and "Place a hold on a payment method".
"""

import secrets
from typing import Any

from payments.connectors.psp.stripe.simulated import cards, currencies, forms, ledger_lines
from payments.connectors.psp.stripe.simulated.books import Book, Document
from payments.connectors.psp.stripe.simulated.errors import ApiError
from payments.connectors.psp.stripe.simulated.events import emit

_PARAMS = (
    "amount currency metadata confirm return_url capture_method payment_method_types description statement_descriptor"
)
PAYABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(book: Book, params: dict[str, Any]) -> Document:
    """POST /v1/payment_intents. Confirmed without a card, it waits on the hosted page: `next_action` says
    where."""
    forms.only(params, _PARAMS)
    amount, currency = forms.integer(params, "amount"), forms.required(params, "currency").lower()
    currencies.check(amount, currency)
    method = forms.words(params.get("capture_method", "automatic"), ("automatic", "manual"), "capture_method")
    confirm = params.get("confirm") == "true"
    return_url = forms.web_address(params, "return_url")
    if confirm and not return_url:
        raise ApiError("A return_url is needed to confirm.", code="parameter_missing", param="return_url")
    intent = _new(book, params, amount=amount, currency=currency, method=method, return_url=return_url)
    if confirm:
        intent["status"] = "requires_action"
        intent["next_action"] = _redirect(book, intent)
    emit(book, "payment_intent.created", book.save(intent))
    return intent


def _new(book: Book, params: dict[str, Any], *, amount: int, currency: str, method: str, return_url: str) -> Document:
    return book.new(
        "pi",
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        canceled_at=None,
        cancellation_reason=None,
        capture_method=method,
        client_secret=f"pi_secret_{secrets.token_hex(12)}",
        confirmation_method="automatic",
        currency=currency,
        description=params.get("description"),
        last_payment_error=None,
        latest_charge=None,
        metadata=params.get("metadata") or {},
        next_action=None,
        payment_method=None,
        payment_method_types=params.get("payment_method_types") or ["card"],
        status="requires_payment_method",
        _return_url=return_url,
    )


def _redirect(book: Book, intent: Document) -> Document:
    url = f"{book.base_url}/pay/{intent['id']}"
    return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": intent["_return_url"]}}


def pay(book: Book, intent: Document, number: str) -> Document:
    """The payer's bank answers for a well-formed card number. Paying twice pays once."""
    if intent["status"] not in PAYABLE:
        return intent
    card = cards.look_up(number)
    charge = _charge(book, intent, number)
    intent |= {"latest_charge": charge["id"], "next_action": None, "last_payment_error": None}
    if card.does == "decline":
        return _decline(book, intent, charge, card)
    intent["payment_method"] = charge["payment_method"]
    if card.does == "slow":
        intent["status"] = "processing"
        emit(book, "payment_intent.processing", book.save(intent))
        book.later("finish_payment", intent["id"], seconds=book.setting("slow_seconds") or 3)
        return intent
    if card.does == "authorise" or intent["capture_method"] == "manual":
        return _authorise(book, intent, charge)
    _take(book, intent, charge, intent["amount"])
    if card.does == "dispute":
        book.later("dispute", charge["id"], seconds=book.setting("dispute_seconds") or 5)
    return intent


def finish(book: Book, intent_id: str) -> None:
    """A slow payment arrives."""
    intent = book.get("payment_intent", intent_id)
    if intent["status"] == "processing":
        _take(book, intent, book.get("charge", intent["latest_charge"]), intent["amount"])


def capture(book: Book, intent_id: str, params: dict[str, Any]) -> Document:
    """POST /v1/payment_intents/:id/capture. Less than the whole releases the remainder for good."""
    forms.only(params, "amount_to_capture metadata")
    intent = book.get("payment_intent", intent_id)
    if intent["status"] != "requires_capture":
        raise _wrong_state(intent, "captured")
    wanted = intent["amount_capturable"]
    if "amount_to_capture" in params:
        wanted = forms.integer(params, "amount_to_capture")
    if wanted > intent["amount_capturable"]:
        raise ApiError(
            "The amount to capture is greater than the remaining amount to capture.",
            code="amount_too_large",
            param="amount_to_capture",
            executed=True,
        )
    _take(book, intent, book.get("charge", intent["latest_charge"]), wanted)
    return intent


def cancel(book: Book, intent_id: str, params: dict[str, Any]) -> Document:
    """POST /v1/payment_intents/:id/cancel; nothing was taken."""
    forms.only(params, "cancellation_reason")
    intent = book.get("payment_intent", intent_id)
    if intent["status"] not in (*PAYABLE, "requires_capture"):
        raise _wrong_state(intent, "canceled")
    reason = params.get("cancellation_reason")
    intent |= {"status": "canceled", "canceled_at": book.now, "cancellation_reason": reason}
    intent |= {"amount_capturable": 0, "next_action": None}
    emit(book, "payment_intent.canceled", book.save(intent))
    return intent


def _wrong_state(intent: Document, verb: str) -> ApiError:
    return ApiError(
        f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        executed=True,
    )


def _charge(book: Book, intent: Document, number: str) -> Document:
    brand, last4 = cards.brand(number), number[-4:]
    return book.new(
        "ch",
        link=intent["id"],
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        balance_transaction=None,
        captured=False,
        currency=intent["currency"],
        dispute=None,
        disputed=False,
        failure_code=None,
        failure_message=None,
        metadata=intent["metadata"],
        outcome=None,
        paid=False,
        payment_intent=intent["id"],
        payment_method=f"pm_{secrets.token_hex(12)}",
        payment_method_details={"type": "card", "card": {"brand": brand, "last4": last4, "network": brand}},
        refunded=False,
        status="pending",
    )


def _decline(book: Book, intent: Document, charge: Document, card: cards.Card) -> Document:
    error = {"type": "card_error", "code": card.code, "message": card.message, "charge": charge["id"]}
    if card.decline_code:
        error["decline_code"] = card.decline_code
    charge |= {"status": "failed", "failure_code": card.code, "failure_message": card.message}
    intent |= {"status": "requires_payment_method", "last_payment_error": error}
    emit(book, "charge.failed", book.save(charge))
    emit(book, "payment_intent.payment_failed", book.save(intent))
    return intent


def _authorise(book: Book, intent: Document, charge: Document) -> Document:
    charge |= {"status": "succeeded", "paid": True}
    intent |= {
        "status": "requires_capture",
        "amount_capturable": intent["amount"],
        "capture_method": "manual",
    }
    emit(book, "charge.succeeded", book.save(charge))
    emit(book, "payment_intent.amount_capturable_updated", book.save(intent))
    return intent


def _take(book: Book, intent: Document, charge: Document, amount: int) -> None:
    """Book `amount` of the charge as taken, and give back what was approved but not taken."""
    held = charge["paid"]
    line = ledger_lines.charge(book, charge)
    charge |= {"status": "succeeded", "paid": True, "captured": True, "balance_transaction": line["id"]}
    charge["amount_captured"] = amount
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    book.save(intent)
    emit(book, "charge.captured" if held else "charge.succeeded", book.save(charge))
    if amount < charge["amount"]:
        ledger_lines.release(book, charge, charge["amount"] - amount)
        emit(book, "charge.refunded", charge, previous={"amount_refunded": 0})
    emit(book, "payment_intent.succeeded", intent)
