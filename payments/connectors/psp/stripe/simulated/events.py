"""Events of the simulated Stripe: stored with the change that caused them, queued for delivery in the same
commit.

An event holds a picture of its object at that moment, as Stripe's do. Events wait in the queue while no
webhook address is set, so that nothing is lost when the simulator starts before the listener.
"""

import copy
from typing import Any

from payments.connectors.psp.stripe.simulated.books import Book, Document, public

API_VERSION = "2024-06-20"
# What an operator would tick on Stripe's webhook page for this product; "*" in the setting means everything.
ENABLED = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.captured",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "payout.created",
    "payout.paid",
    "payout.failed",
)


def emit(book: Book, kind: str, body: Document, *, previous: Document | None = None) -> Document:
    """Record the event and queue its delivery when the endpoint listens to this kind."""
    data: dict[str, Any] = {"object": public(copy.deepcopy(body))}
    if previous is not None:
        data["previous_attributes"] = previous
    event = book.new(
        "evt",
        api_version=API_VERSION,
        type=kind,
        data=data,
        pending_webhooks=1,
        request={"id": None, "idempotency_key": None},
    )
    enabled = book.setting("enabled_events") or ENABLED
    if kind in enabled or "*" in enabled:
        queue(book, event["id"])
    return event


def queue(book: Book, event_id: str) -> None:
    """Put one delivery at the end of the queue."""
    cursor = book.db.execute(
        "insert into deliveries (event, rank, due, state) values (?, 0, ?, 'waiting')",
        (event_id, book.moment),
    )
    book.db.execute("update deliveries set rank = id where id = ?", (cursor.lastrowid,))
