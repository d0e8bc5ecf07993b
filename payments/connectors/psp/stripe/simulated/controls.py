"""The test doors of the simulated Stripe, under /_sim/: what only the world can do to a payment.

Each takes a JSON object and answers with the object it made. They are for demos and tests and have no
counterpart at the real Stripe.
"""

import json
from collections.abc import Callable
from typing import Any

from payments.connectors.psp.stripe.simulated import cards, disputes, events, intents, payouts
from payments.connectors.psp.stripe.simulated.books import Book, Document
from payments.connectors.psp.stripe.simulated.errors import ApiError

SETTINGS = (
    "webhook_url",
    "webhook_secret",
    "previous_webhook_secret",  # both sign while it is set
    "enabled_events",  # a list of event types, "*" for all
    "retry_seconds",  # the first pause after a refused delivery; it doubles up to a minute
    "bank_url",  # the bank simulator that is told of payouts
    "auto_payout_seconds",  # None: only when /_sim/payout asks
    "slow_seconds",  # how long the slow card takes
    "dispute_seconds",  # how long the disputing card's holder waits
)


def body_of(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw or b"{}")
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ApiError("Send a JSON object.")
    return data


def settings(book: Book, data: dict[str, Any]) -> Any:
    """Read or change any of `SETTINGS`; null takes one away."""
    for name, value in data.items():
        if name not in SETTINGS:
            raise ApiError(f"No such setting: {name}", param=name)
        book.set(name, value)
    return {name: book.setting(name) for name in SETTINGS}


def webhook(book: Book, data: dict[str, Any]) -> Any:
    """Where events go: `url`, `secret`, optionally `previous_secret` (both sign) and `enabled_events`."""
    names = {"url": "webhook_url", "secret": "webhook_secret", "previous_secret": "previous_webhook_secret"}
    return settings(book, {names.get(name, name): value for name, value in data.items()})


def pay(book: Book, data: dict[str, Any]) -> Any:
    """Pay `payment_intent` with `card_number`, as on the page."""
    intent = book.get("payment_intent", _text(data, "payment_intent"))
    number = cards.digits(str(data.get("card_number", "4242424242424242")))
    if not number:
        raise ApiError("This is not a card number.", code="incorrect_number", param="card_number")
    return intents.pay(book, intent, number)


def capture(book: Book, data: dict[str, Any]) -> Any:
    """Capture `payment_intent`, all of it or `amount_to_capture` in the smallest unit."""
    params = {"amount_to_capture": str(data["amount_to_capture"])} if "amount_to_capture" in data else {}
    return intents.capture(book, _text(data, "payment_intent"), params)


def dispute(book: Book, data: dict[str, Any]) -> Any:
    """Dispute a `charge` or `payment_intent`; optional `reason`, `amount` (smallest unit), `inquiry`."""
    return disputes.open_on(
        book,
        _charge(book, data),
        reason=str(data.get("reason", "fraudulent")),
        amount=data.get("amount"),
        inquiry=data.get("inquiry") is True,
    )


def dispute_close(book: Book, data: dict[str, Any]) -> Any:
    """Decide a `dispute` (or the open one of a `charge` or `payment_intent`): `outcome` won or lost,
    `return_fee`."""
    reference = data.get("dispute") or _charge(book, data)["dispute"] or ""
    return disputes.close(
        book,
        str(reference),
        outcome=str(data.get("outcome", "")),
        return_fee=data.get("return_fee") is not False,
    )


def payout(book: Book, data: dict[str, Any]) -> Any:
    """Pay out everything that is available, of one `currency` or of all: one automatic payout per
    currency."""
    currency = data.get("currency")
    made = payouts.settle(book, currency=str(currency).lower() if currency else None)
    return {"object": "list", "data": made}


def payout_fail(book: Book, data: dict[str, Any]) -> Any:
    """The bank sends `payout` back; optional `failure_code`."""
    return payouts.fail(book, _text(data, "payout"), code=str(data.get("failure_code", "account_closed")))


def resend(book: Book, data: dict[str, Any]) -> Any:
    """Deliver `event` once more."""
    event = book.get("event", _text(data, "event"))
    events.queue(book, event["id"])
    return event


def deliveries(book: Book, data: dict[str, Any]) -> Any:
    """Every delivery and what became of it."""
    rows = book.db.execute("select * from deliveries order by id").fetchall()
    return [
        {"event": row["event"], "type": (book.any(row["event"]) or {}).get("type")}
        | {name: row[name] for name in ("state", "attempts", "copies", "last")}
        for row in rows
    ]


CONTROLS: dict[str, Callable[[Book, dict[str, Any]], Any]] = {
    f"/_sim/{name}": door
    for name, door in {
        "settings": settings,
        "webhook": webhook,
        "pay": pay,
        "capture": capture,
        "dispute": dispute,
        "dispute_close": dispute_close,
        "payout": payout,
        "payout_fail": payout_fail,
        "resend": resend,
        "deliveries": deliveries,
    }.items()
}


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(f"Missing: {name}", code="parameter_missing", param=name)
    return value


def _charge(book: Book, data: dict[str, Any]) -> Document:
    if data.get("charge"):
        return book.get("charge", str(data["charge"]))
    intent = book.get("payment_intent", _text(data, "payment_intent"))
    return book.get("charge", str(intent["latest_charge"]))
