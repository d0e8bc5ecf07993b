"""The payer's side of the hosted card page: show it, take the card, send the payer back to the merchant.

The answer to a payment is always a redirect (303) to the merchant's return address with the intent's id
and the outcome in the query, so a reload never pays twice. The card number is passed on once and not kept.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from payments.connectors.psp.stripe.simulated import cards, intents, page
from payments.connectors.psp.stripe.simulated.books import Book, Document
from payments.connectors.psp.stripe.simulated.errors import ApiError
from payments.connectors.simulation import Request, Response

PREFIX = "/pay/"
_OUTCOMES = {
    "succeeded": "succeeded",
    "requires_capture": "succeeded",
    "processing": "pending",
    "canceled": "canceled",
}


def serve(book: Book, request: Request) -> Response:
    """GET shows the page; POST takes `card_number`, or `action=cancel`."""
    try:
        intent = book.get("payment_intent", request.path.removeprefix(PREFIX))
    except ApiError:
        return page.unknown()
    payable = intent["status"] in intents.PAYABLE
    if request.method != "POST":
        return page.pay(intent) if payable else page.done(intent, back=return_address(intent))
    if not payable:
        return _back(intent)
    if request.form.get("action") == "cancel":
        return _back(intents.cancel(book, intent["id"], {"cancellation_reason": "requested_by_customer"}))
    number = cards.digits(request.form.get("card_number", ""))
    if not number:
        return page.pay(intent, problem="This is not a card number. Check it and try again.", status=422)
    return _back(intents.pay(book, intent, number))


def return_address(intent: Document) -> str:
    """The merchant's address with `payment_intent` and `redirect_status` added to its query; "" when there
    is none."""
    if not intent["_return_url"]:
        return ""
    parts = urlsplit(intent["_return_url"])
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("payment_intent", intent["id"]),
        ("redirect_status", _OUTCOMES.get(intent["status"], "failed")),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _back(intent: Document) -> Response:
    address = return_address(intent)
    return Response.redirect(address) if address else page.done(intent, back="")
