"""Quotes, conversions, rates and the position as another program sees them: exact figures, codes, replays."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from payments.models import Conversion, FxQuote
from tests.factories import people, rates
from tests.integration.api.sample_fx import held_rate, quote_body
from tests.integration.api.world import World, problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _published() -> None:
    rates.publish({"USD": "1.0852", "PLN": "4.3120"}, at=timezone.now() - timedelta(hours=1))


def test_a_quote_shows_everything_that_it_would_post(world: World) -> None:
    quote = world.ops.made("/fx-quotes", quote_body(world))
    assert (quote["sell_amount"], quote["buy_amount"], quote["state"]) == ("100.00", "108.14", "open")
    assert (quote["rate"], quote["mid_rate"], quote["spread"]) == ("1.0814018", "1.0852", "0.37")
    assert (quote["spread_bps"], quote["residue_buy"], quote["path"]) == ("35", "0.01", "EUR/USD")
    (step,) = quote["rates"]
    assert (step["source"], step["base"], step["counter"], step["inverted"]) == ("ecb", "EUR", "USD", False)
    again = world.auditor.read(f"/fx-quotes/{quote['id']}")
    assert {name: again[name] for name in ("rate", "mid_rate", "spread_bps", "rates")} == {
        name: quote[name] for name in ("rate", "mid_rate", "spread_bps", "rates")
    }
    lines = again["postings"]
    own = f"client/{world.client.public_id}/"
    shown = [(line["account"].replace(own, ""), line["direction"], line["amount"]) for line in lines]
    assert shown == [
        ("wallet", "debit", "100.00"), ("house/fx", "credit", "100.00"), ("house/fx", "debit", "108.52"),
        ("wallet", "credit", "108.14"), ("house/fx-spread", "credit", "0.37"), ("house/rounding", "credit", "0.01"),
    ]  # fmt: skip
    assert "postings" not in world.apis["support"].read(f"/fx-quotes/{quote['id']}")


def test_a_conversion_is_answered_once_per_key_and_once_per_quote(world: World) -> None:
    quote = world.ops.made("/fx-quotes", quote_body(world))
    first = world.ops.post("/conversions", {"quote": quote["id"]}, key="k1")
    again = world.ops.post("/conversions", {"quote": quote["id"]}, key="k1")
    assert (first.status_code, again["Idempotent-Replayed"]) == (201, "true") and first.content == again.content
    made = first.json()
    assert (made["sell_amount"], made["buy_amount"], made["quote"]) == ("100.00", "108.14", quote["id"])
    problem(world.ops.post("/conversions", {"quote": quote["id"]}, key="k2"), 409, "quote_used", "quote")
    problem(world.ops.post("/conversions", {"quote": quote["id"]}, key=None), 400, "idempotency_key_required")
    found = world.ops.read(f"/fx-quotes/{quote['id']}")
    assert (found["state"], found["conversion"]) == ("used", made["id"])
    posted = world.auditor.read(f"/transactions/{made['transaction']}")
    assert (posted["reason"], posted["metadata"]["quote"]) == ("FX_CONVERSION", quote["id"])
    kinds = [line["kind"] for line in world.ops.read(f"/clients/{world.client.public_id}/timeline")["data"]]
    assert kinds.count("conversion") == 1


def test_every_refusal_has_its_own_code_and_moves_nothing(world: World) -> None:
    body = quote_body(world)
    for changes, status, code, param in (
        ({"buy_currency": "EUR"}, 400, "invalid_request", "buy_currency"),
        ({"buy_currency": "ETH"}, 422, "unsupported_pair", "buy_currency"),
        ({"amount": "0.001"}, 400, "invalid_request", "amount"),
        ({"fixed": "both"}, 400, "invalid_request", "fixed"),
    ):
        problem(world.ops.post("/fx-quotes", body | changes), status, code, param)
    assert FxQuote.objects.count() == 0
    dear = world.ops.made("/fx-quotes", body | {"amount": "5000.00"})
    problem(world.ops.post("/conversions", {"quote": dear["id"]}), 422, "insufficient_available")
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        problem(world.ops.post("/conversions", {"quote": dear["id"]}), 409, "quote_expired", "quote")
        assert world.ops.read(f"/fx-quotes/{dear['id']}")["state"] == "expired"
    assert Conversion.objects.count() == 0


def test_a_stale_rate_is_refused(world: World) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=9)):
        problem(World().ops.post("/fx-quotes", quote_body(world)), 422, "rate_stale", "buy_currency")


def test_clients_read_their_own_quotes_and_conversions(world: World) -> None:
    quote = world.ops.made("/fx-quotes", quote_body(world))
    made = world.ops.made("/conversions", {"quote": quote["id"]})
    mine, other = world.browser(), world.browser(world.other)
    assert mine.read(f"/conversions/{made['id']}")["id"] == made["id"]
    assert len(mine.read("/fx-quotes")["data"]) == 1 and other.read("/fx-quotes")["data"] == []
    problem(other.get(f"/conversions/{made['id']}"), 404, "not_found")
    problem(other.get(f"/fx-quotes/{quote['id']}"), 404, "not_found")
    problem(mine.get("/rates"), 403, "insufficient_scope")


def test_a_held_rate_is_seen_and_decided(world: World) -> None:
    reference = held_rate()
    assert world.auditor.read("/rates", held_for="jump")["data"][0]["id"] == reference
    decided = world.finance.made(f"/rates/{reference}/decide", {"decision": "rejected", "note": "A digit is lost."})
    assert decided["state"] == "rejected"
    again = world.finance.post(f"/rates/{reference}/decide", {"decision": "confirmed", "note": "After all."})
    problem(again, 409, "invalid_transition")


def test_the_position_as_json_and_as_a_file(world: World) -> None:
    world.ops.made("/conversions", {"quote": world.ops.made("/fx-quotes", quote_body(world))["id"]})
    report = world.auditor.read("/reports/fx-revaluation", currency="PLN")
    euro, dollar = report["positions"]
    assert (euro["position"], dollar["position"]) == ("100.00", "-108.52")
    assert (euro["value"], dollar["value"], report["unrealised"]) == ("431.20", "-431.20", "0.00")
    assert [rate["counter"] for rate in dollar["rates"]] == ["USD", "PLN"]
    answer = world.auditor.get("/reports/fx-revaluation", format="csv")
    assert answer["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [line["position"] for line in lines] == ["100.00", "-108.52", ""]
    assert lines[-1]["value"] == "0.00" and lines[1]["rates"].startswith("rate_")
    problem(world.auditor.get("/reports/fx-revaluation", at="2999-01-01T00:00:00Z"), 400, "invalid_request", "at")
    people.fund(world.client, "5.000", "KWD")
    assert world.auditor.read("/reports/fx-revaluation")["complete"] is True
