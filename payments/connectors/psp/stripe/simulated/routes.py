"""The addresses of Stripe's API that this simulator answers, each with the name faults know it by.

Reading routes are made from one pattern; changing ones call the module that owns the object. Unknown
addresses are refused as Stripe refuses them.

Source: Stripe API reference.
"""

import re
from collections.abc import Callable
from typing import Any

from payments.connectors.psp.stripe.simulated import (
    currencies,
    forms,
    intents,
    ledger_lines,
    payouts,
    refunds,
)
from payments.connectors.psp.stripe.simulated.books import Book, Document
from payments.connectors.psp.stripe.simulated.errors import ApiError, no_route

Route = Callable[[Book, dict[str, Any], str], Document]


def _read(kind: str) -> Route:
    return lambda book, params, identity: book.get(kind, identity)


def _list(kind: str, filters: str) -> Route:
    def listing(book: Book, params: dict[str, Any], _: str) -> Document:
        forms.only(params, f"limit starting_after ending_before {filters}")
        wanted = {name: params[name] for name in filters.split() if name in params}
        return book.page(kind, params, path=f"/v1/{kind}s", **wanted)

    return listing


def _list_lines(book: Book, params: dict[str, Any], _: str) -> Document:
    """Balance transactions, by payout only for automatic ones: Stripe does not itemise manual payouts."""
    forms.only(params, "limit starting_after ending_before payout source currency type")
    wanted = {name: params[name] for name in ("source", "currency", "type") if name in params}
    link = None
    if params.get("payout"):
        payout = book.get("payout", params["payout"], param="payout")
        if not payout["automatic"]:
            raise ApiError(
                "Balance transaction history can only be filtered on automatic transfers, not manual.",
                param="payout",
            )
        link = payout["id"]
    return book.page("balance_transaction", params, path="/v1/balance_transactions", link=link, **wanted)


def _balance(book: Book, params: dict[str, Any], _: str) -> Document:
    forms.only(params, "")
    sums = [
        {"currency": currency, "amount": sum(line["net"] for line in lines)}
        for currency in sorted(currencies.DECIMALS)
        if (lines := book.find("balance_transaction", link=ledger_lines.unsettled(currency)))
    ]
    return {"object": "balance", "available": sums, "pending": [], "livemode": False}


_ROUTES: list[tuple[str, str, str, Route]] = [
    ("POST", r"/v1/payment_intents", "create_payment", lambda book, params, _: intents.create(book, params)),
    ("GET", r"/v1/payment_intents", "list_payments", _list("payment_intent", "")),
    ("GET", r"/v1/payment_intents/([^/]+)", "get_payment", _read("payment_intent")),
    (
        "POST",
        r"/v1/payment_intents/([^/]+)/capture",
        "capture",
        lambda book, params, one: intents.capture(book, one, params),
    ),
    (
        "POST",
        r"/v1/payment_intents/([^/]+)/cancel",
        "cancel",
        lambda book, params, one: intents.cancel(book, one, params),
    ),
    ("GET", r"/v1/charges", "list_charges", _list("charge", "payment_intent")),
    ("GET", r"/v1/charges/([^/]+)", "get_charge", _read("charge")),
    ("POST", r"/v1/refunds", "refund", lambda book, params, _: refunds.create(book, params)),
    ("GET", r"/v1/refunds", "list_refunds", _list("refund", "charge payment_intent")),
    ("GET", r"/v1/refunds/([^/]+)", "get_refund", _read("refund")),
    ("GET", r"/v1/disputes", "list_disputes", _list("dispute", "charge payment_intent")),
    ("GET", r"/v1/disputes/([^/]+)", "get_dispute", _read("dispute")),
    ("GET", r"/v1/balance_transactions", "list_lines", _list_lines),
    ("GET", r"/v1/balance_transactions/([^/]+)", "get_line", _read("balance_transaction")),
    ("GET", r"/v1/balance", "balance", _balance),
    ("POST", r"/v1/payouts", "payout", lambda book, params, _: payouts.create_manual(book, params)),
    ("GET", r"/v1/payouts", "list_payouts", _list("payout", "status")),
    ("GET", r"/v1/payouts/([^/]+)", "get_payout", _read("payout")),
    ("GET", r"/v1/events", "list_events", _list("event", "type")),
    ("GET", r"/v1/events/([^/]+)", "get_event", _read("event")),
]


def find(method: str, path: str) -> tuple[str, Route, str]:
    """The route's name, its work and the id in the address. Raises ApiError 404."""
    for wanted, pattern, name, work in _ROUTES:
        found = re.fullmatch(pattern, path)
        if found and wanted == method:
            return name, work, found.group(1) if found.groups() else ""
    raise no_route(method, path[:100])
