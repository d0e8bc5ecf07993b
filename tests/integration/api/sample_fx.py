"""Samples of rates, quotes, conversions and the position: one working request per route and method."""

from typing import Any

from tests.factories import rates
from tests.integration.api.samples import sample
from tests.integration.api.world import World


def quote_body(world: World) -> dict[str, Any]:
    return {
        "client": world.client.public_id, "sell_currency": "EUR", "buy_currency": "USD", "fixed": "sell",
        "amount": "100.00",
    }  # fmt: skip


def quote(world: World) -> str:
    rates.publish()
    return str(world.ops.made("/fx-quotes", quote_body(world))["id"])


def held_rate() -> str:
    """A rate that waits for a person."""
    usual = rates.publish()[0]
    held = type(usual)(
        source="ecb", base="EUR", counter="CHF", value="2", published_at=usual.published_at, message=usual.message,
        fetched_at=usual.fetched_at, held_for="jump", compared_with=usual,
    )  # fmt: skip
    held.save(force_insert=True)
    return held.public_id


@sample("GET", "rates", "support")
def _(world: World) -> Any:
    rates.publish()
    return "/rates", {"base": "EUR", "counter": "USD"}


@sample("POST", "rates", "payments_ops")
def _(world: World) -> Any:
    return "/rates", {
        "base": "USD", "counter": "KWD", "rate": "0.30715", "published_at": "2026-11-20T09:00:00Z",
        "note": "Central Bank of Kuwait",
    }  # fmt: skip


@sample("GET", "rates/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/rates/{rates.publish()[0].public_id}", {}


@sample("POST", "rates/<str:reference>/decide", "finance_approver")
def _(world: World) -> Any:
    return f"/rates/{held_rate()}/decide", {"decision": "confirmed", "note": "Compared with the bank."}


@sample("GET", "fx-quotes", "support")
def _(world: World) -> Any:
    quote(world)
    return "/fx-quotes", {"sell_currency": "EUR"}


@sample("POST", "fx-quotes", "payments_ops")
def _(world: World) -> Any:
    rates.publish()
    return "/fx-quotes", quote_body(world)


@sample("GET", "fx-quotes/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/fx-quotes/{quote(world)}", {}


@sample("GET", "conversions", "support")
def _(world: World) -> Any:
    world.ops.made("/conversions", {"quote": quote(world)})
    return "/conversions", {"client": world.client.public_id}


@sample("POST", "conversions", "payments_ops")
def _(world: World) -> Any:
    return "/conversions", {"quote": quote(world)}


@sample("GET", "conversions/<str:reference>", "support")
def _(world: World) -> Any:
    made = world.ops.made("/conversions", {"quote": quote(world)})
    return f"/conversions/{made['id']}", {}


@sample("GET", "reports/fx-revaluation", "auditor")
def _(world: World) -> Any:
    rates.publish()
    return "/reports/fx-revaluation", {"currency": "USD"}
