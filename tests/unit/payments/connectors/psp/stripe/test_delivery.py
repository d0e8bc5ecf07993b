"""Webhooks leave the simulator as Stripe's do: signed, at least once, in any order, and never forgotten."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from payments.connectors.psp.base import PspEvent, Refused, Verified

SECRET, PREVIOUS = "whsec_now", "whsec_before"


def read(house, received, *, now: datetime | None = None) -> PspEvent:
    """What the real adapter makes of a received message; the signature must hold."""
    verdict = house.adapter.verify(headers=received.headers, body=received.body, now=now or datetime.now(UTC))
    assert isinstance(verdict, Verified), verdict
    event = house.adapter.parse(body=received.body)
    assert event.event_id == verdict.event_id
    return event


def deliveries(house) -> list[dict]:
    return house.tell("deliveries")


@pytest.fixture
def wired(open_house: Callable, listener):
    return open_house(webhook_url=listener.url, webhook_secret=SECRET, retry_seconds=0.1)


def test_a_payment_announces_itself_signed(wired, listener) -> None:
    reference = wired.paid("dep_7", "1000.00")
    event = read(wired, listener.wait(1)[0])
    assert (event.kind, event.payment_reference, event.our_reference) == ("captured", reference, "dep_7")
    assert (event.amount, event.currency) == (Decimal("1000.00"), "USD")
    facts = wired.adapter.fetch_payment(payment_reference=reference)
    assert event.object_reference == facts.charge_reference


def test_each_step_of_a_partial_capture_is_told_in_cumulative_amounts(wired, listener) -> None:
    reference = wired.paid(card_number="4000000000003220")
    wired.tell("capture", payment_intent=reference, amount_to_capture=60000)
    wired.adapter.refund(
        payment_reference=reference, refund_reference="ref_1", amount=Decimal("100.00"), currency="USD"
    )
    events = [read(wired, received) for received in listener.wait(5)]
    assert [(event.kind, str(event.amount)) for event in events] == [
        ("authorised", "1000.00"),
        ("captured", "600.00"),
        ("ignored", "0.00"),  # the released remainder, which Stripe calls refunded
        ("captured", "600.00"),
        ("refunded", "100.00"),
    ]
    assert {event.payment_reference for event in events} == {reference}


@pytest.mark.parametrize(
    ("card", "kind", "code"),
    [("4000000000009995", "failed", "insufficient_funds"), ("4000000000000002", "failed", "card_declined")],
)
def test_a_decline_is_told_with_its_reason(wired, listener, card: str, kind: str, code: str) -> None:
    wired.paid(card_number=card)
    event = read(wired, listener.wait(1)[0])
    assert (event.kind, event.code) == (kind, code)


def test_a_refused_delivery_comes_again_until_it_is_taken(wired, listener) -> None:
    listener.answers.extend([500, 503, 404, 302])
    wired.paid()
    received = listener.wait(5)
    assert len({message.body for message in received}) == 1
    assert all(isinstance(read(wired, message), PspEvent) for message in received)


def test_a_listener_that_is_away_gets_everything_when_it_comes_back(open_house: Callable, listener) -> None:
    house = open_house(webhook_url="http://127.0.0.1:9/hooks/stripe/", webhook_secret=SECRET, retry_seconds=0.1)
    references = {house.paid(f"dep_{number}") for number in range(5)}
    house.tell("webhook", url=listener.url)
    events = [read(house, received) for received in listener.wait(5)]
    assert {event.payment_reference for event in events} == references


def test_events_wait_in_the_books_until_there_is_an_address(open_house: Callable, listener) -> None:
    before = open_house()
    reference = before.paid()
    after = open_house()  # a restart in between
    after.tell("webhook", url=listener.url, secret=SECRET)
    assert read(after, listener.wait(1)[0]).payment_reference == reference


def test_while_a_secret_is_changed_both_sign(wired, listener) -> None:
    wired.tell("webhook", secret="whsec_next", previous_secret=PREVIOUS)
    wired.paid()
    message = listener.wait(1)[0]
    assert message.headers["Stripe-Signature"].count("v1=") == 2
    assert isinstance(read(wired, message), PspEvent)  # the adapter knows only the second of them


def test_a_message_kept_back_for_an_hour_is_stale(wired, listener) -> None:
    wired.paid()
    message = listener.wait(1)[0]
    verdict = wired.adapter.verify(
        headers=message.headers, body=message.body, now=datetime.now(UTC) + timedelta(hours=1)
    )
    assert verdict == Refused(reason="stale")


def test_told_to_duplicate_it_sends_the_same_event_twice(wired, listener) -> None:
    wired.break_it({"on": "webhook", "do": "duplicate"})
    wired.paid()
    first, second = listener.wait(2)
    assert first.body == second.body
    assert wired.fired() == [1]


def test_told_to_reorder_it_sends_the_next_one_first(wired, listener) -> None:
    reference = wired.paid()
    listener.wait(1)
    wired.break_it({"on": "webhook:charge.dispute.created", "do": "reorder"})
    wired.tell("dispute", payment_intent=reference)
    kinds = [read(wired, received).kind for received in listener.wait(3)]
    assert kinds == ["captured", "dispute_funds_withdrawn", "dispute_opened"]
    assert wired.fired() == [1]


def test_told_to_reorder_with_nothing_behind_it_waits_for_the_next(wired, listener) -> None:
    wired.break_it({"on": "webhook", "do": "reorder", "seconds": 1})
    first = wired.paid("dep_1")
    while wired.fired() != [1]:
        time.sleep(0.02)
    second = wired.paid("dep_2")
    events = [read(wired, received) for received in listener.wait(2)]
    assert [event.payment_reference for event in events] == [second, first]


def test_told_to_drop_it_never_sends_but_the_event_can_be_asked_for(wired, listener) -> None:
    wired.break_it({"on": "webhook", "do": "drop"})
    lost = wired.paid("dep_1")
    kept = wired.paid("dep_2")
    assert read(wired, listener.wait(1)[0]).payment_reference == kept
    assert wired.fired() == [1]
    assert [delivery["state"] for delivery in deliveries(wired)] == ["dropped", "delivered"]
    listed = wired.api("GET", "/v1/events", params={"type": "payment_intent.succeeded"}).json()["data"]
    assert {event["data"]["object"]["id"] for event in listed} == {lost, kept}
    wired.tell("resend", event=listed[-1]["id"])
    assert read(wired, listener.wait(2)[1]).payment_reference == lost


def test_told_to_delay_it_sends_later(wired, listener) -> None:
    wired.break_it({"on": "webhook", "do": "delay", "seconds": 1})
    slow, quick = wired.paid("dep_1"), wired.paid("dep_2")
    events = [read(wired, received) for received in listener.wait(2)]
    assert [event.payment_reference for event in events] == [quick, slow]
    assert wired.fired() == [1]


def test_told_to_tamper_its_first_try_is_refused_and_the_second_is_good(wired, listener) -> None:
    listener.answers.append(401)
    wired.break_it({"on": "webhook", "do": "tamper"})
    wired.paid()
    bad, good = listener.wait(2)
    verdict = wired.adapter.verify(headers=bad.headers, body=bad.body, now=datetime.now(UTC))
    assert verdict == Refused(reason="mismatch")
    assert isinstance(read(wired, good), PspEvent)
    assert wired.fired() == [1]


def test_only_the_chosen_kinds_are_sent_and_all_are_kept(wired, listener) -> None:
    wired.tell("webhook", enabled_events=["payment_intent.created"])
    wired.paid()
    message = json.loads(listener.wait(1)[0].body)
    assert message["type"] == "payment_intent.created"
    kept = {event["type"] for event in wired.api("GET", "/v1/events").json()["data"]}
    assert kept == {"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}


def test_an_event_shows_the_object_as_it_was_then(wired, listener) -> None:
    reference = wired.paid(card_number="4000000000003220")
    wired.tell("capture", payment_intent=reference)
    first = json.loads(listener.wait(3)[0].body)
    assert first["data"]["object"]["status"] == "requires_capture"
    assert not [name for name in first["data"]["object"] if name.startswith("_")]
