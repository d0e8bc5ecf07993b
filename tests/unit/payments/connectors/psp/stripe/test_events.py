"""Every kind of event in our words: our own samples, real events by other people, and everything that must
be refused."""

import json
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InvalidRequest
from payments.connectors.psp.base import PspEvent
from payments.connectors.psp.stripe import webhook

ROOT = Path(__file__).parents[6]
SAMPLES = ROOT / "tests" / "samples" / "stripe"
SHARED = ROOT.parent / "shared" / "samples" / "stripe"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json"))


def plain(event: PspEvent) -> dict[str, Any]:
    """The event as the expectation files write it."""
    fields = asdict(event)
    del fields["facts"]
    fields["amount"] = str(event.amount)
    fields["fee"] = None if event.fee is None else str(event.fee)
    fields["occurred_at"] = event.occurred_at.isoformat()
    return fields


def sample(name: str = "payment_intent.succeeded") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


def parse(event: Any) -> PspEvent:
    return webhook.parse(body=json.dumps(event).encode())


def test_there_are_samples() -> None:
    assert len(NAMES) > 20


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_reads_as_expected(name: str) -> None:
    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text())
    assert plain(webhook.parse(body=(SAMPLES / f"{name}.json").read_bytes())) == expected


@pytest.mark.parametrize(
    ("name", "kind", "amount", "currency"),
    [
        ("payment_intent.succeeded", "captured", "20.00", "USD"),
        ("charge.refunded", "refunded", "1.00", "USD"),
        ("charge.dispute.created", "dispute_opened", "1.00", "USD"),
        ("charge.dispute.funds_withdrawn", "dispute_funds_withdrawn", "250.00", "USD"),
        ("payout.paid", "payout_paid", "11.00", "USD"),
    ],
)
def test_events_recorded_by_others_are_understood(name: str, kind: str, amount: str, currency: str) -> None:
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip("the shared samples are not beside this checkout")
    event = webhook.parse(body=path.read_bytes())
    assert (event.kind, event.amount, event.currency) == (kind, Decimal(amount), currency)
    if kind == "dispute_funds_withdrawn":
        assert event.fee == Decimal("15.00")


def test_what_the_payer_may_read_travels_with_a_failure() -> None:
    event = parse(sample("payment_intent.payment_failed"))
    assert event.facts["client_text"] == "There is not enough money on the card. Nothing was taken."
    assert event.facts["provider_code"] == "insufficient_funds"
    assert event.facts["mapped"] is True


def test_an_unknown_decline_is_safe_and_flagged() -> None:
    event = parse(sample("payment_intent.payment_failed.unknown_code"))
    assert event.facts["client_text"] == "The payment did not go through. Nothing was taken."
    assert event.facts["provider_code"] == "moon_phase"
    assert event.facts["mapped"] is False


def test_a_partial_capture_says_so() -> None:
    event = parse(sample("payment_intent.succeeded.partial"))
    assert event.facts["partial"] is True
    assert event.facts["asked"] == "1000.00"


@pytest.mark.parametrize("field", ["id", "created", "type", "data", "object"])
def test_a_missing_part_of_the_envelope_is_refused_by_name(field: str) -> None:
    event = sample()
    del event[field]
    if field == "type":  # nothing to act on: an event of no known type
        assert parse(event).kind == "ignored"
        return
    with pytest.raises(InvalidRequest) as refusal:
        parse(event)
    assert refusal.value.param == field


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("payment_intent.succeeded", "id"),
        ("payment_intent.succeeded", "amount_received"),
        ("payment_intent.succeeded", "amount"),
        ("payment_intent.succeeded", "currency"),
        ("payment_intent.amount_capturable_updated", "amount_capturable"),
        ("charge.captured.partial", "amount_captured"),
        ("charge.refunded.partial", "amount_refunded"),
        ("charge.dispute.created", "amount"),
        ("charge.dispute.created", "charge"),
        ("payout.paid", "amount"),
    ],
)
def test_a_missing_field_is_refused_by_name(name: str, field: str) -> None:
    event = sample(name)
    del event["data"]["object"][field]
    with pytest.raises(InvalidRequest) as refusal:
        parse(event)
    assert refusal.value.param == field


@pytest.mark.parametrize("value", ["100000", 100000.0, 1000.5, True, None, [], {}, 10**40])
def test_an_amount_that_is_not_a_whole_number_is_refused(value: Any) -> None:
    event = sample()
    event["data"]["object"]["amount_received"] = value
    with pytest.raises(InvalidRequest) as refusal:
        parse(event)
    assert refusal.value.param == "amount_received"


@pytest.mark.parametrize("value", ["xxx", "btc", "", None, 7, "us\u0000", "usd "])
def test_an_unknown_currency_is_refused(value: Any) -> None:
    event = sample()
    event["data"]["object"]["currency"] = value
    with pytest.raises(InvalidRequest) as refusal:
        parse(event)
    assert refusal.value.param == "currency"


@pytest.mark.parametrize("value", [-1, 10**12, "1790000000", 1.5, None, True])
def test_a_time_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse(sample() | {"created": value})
    assert refusal.value.param == "created"


@pytest.mark.parametrize("value", ["evt 1", "evt\u0000", "e" * 256, 7, None, ["evt_1"]])
def test_an_id_that_could_hurt_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse(sample() | {"id": value})
    assert refusal.value.param == "id"


def test_our_reference_with_control_characters_is_refused() -> None:
    event = sample()
    event["data"]["object"]["metadata"]["deposit"] = "dep\u0000"
    with pytest.raises(InvalidRequest) as refusal:
        parse(event)
    assert refusal.value.param == "deposit"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'"text"',
        b'{"created": NaN}',
        b"[" * 100_000,
        b'{"created": ' + b"9" * 5000 + b"}",
    ],
)
def test_bytes_that_are_no_json_object_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        webhook.parse(body=body)
    assert refusal.value.param == "body"


def test_the_newer_thin_events_are_refused_and_not_guessed_at() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse({"id": "evt_1", "object": "v2.core.event", "type": "v1.x", "created": "2026-11-21T12:00:00Z"})
    assert refusal.value.param == "object"


def test_captures_in_any_order_and_number_lead_to_the_largest_figure() -> None:
    """Cumulative amounts: whoever keeps the maximum ends at the same state whatever the order."""
    names = ["charge.captured.partial", "payment_intent.succeeded.partial", "payment_intent.amount_capturable_updated"]
    forwards = [parse(sample(name)) for name in names]
    for order in (forwards, forwards[::-1], [*forwards, *forwards]):
        assert max(event.amount for event in order if event.kind == "captured") == Decimal("600.00")


def test_a_dispute_fee_in_another_currency_is_left_open() -> None:
    event = sample("charge.dispute.funds_withdrawn")
    event["data"]["object"]["balance_transactions"][0]["currency"] = "eur"
    assert parse(event).fee is None
