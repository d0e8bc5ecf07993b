"""A disputed payment: the money goes at once with a fee, and comes back when the dispute is won."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest


def events_of(house, listener, count: int) -> list[Any]:
    received = listener.wait(count)
    now = datetime.now(UTC)
    assert all(house.adapter.verify(headers=one.headers, body=one.body, now=now) for one in received)
    return [house.adapter.parse(body=one.body) for one in received]


def balance(house) -> int:
    """What Stripe owes us now, in the smallest unit."""
    return sum(entry["amount"] for entry in house.api("GET", "/v1/balance").json()["available"])


@pytest.fixture
def wired(open_house: Callable, listener):
    return open_house(webhook_url=listener.url, webhook_secret="whsec_now", retry_seconds=0.1)


def test_opening_withdraws_the_amount_and_the_fee(wired, listener) -> None:
    reference = wired.paid()
    dispute = wired.tell("dispute", payment_intent=reference)
    _, opened, withdrawn = events_of(wired, listener, 3)
    assert (opened.kind, opened.object_reference, opened.code) == ("dispute_opened", dispute["id"], "fraudulent")
    assert (withdrawn.kind, withdrawn.payment_reference) == ("dispute_funds_withdrawn", reference)
    assert (withdrawn.amount, withdrawn.fee) == (Decimal("1000.00"), Decimal("15.00"))
    assert balance(wired) == 97100 - 100000 - 1500
    assert wired.api("GET", f"/v1/disputes/{dispute['id']}").json()["status"] == "needs_response"


@pytest.mark.parametrize(("return_fee", "fee", "left"), [(True, "15.00", 97100), (False, "0.00", 95600)])
def test_winning_gives_the_money_back(wired, listener, return_fee: bool, fee: str, left: int) -> None:
    reference = wired.paid()
    wired.tell("dispute", payment_intent=reference)
    wired.tell("dispute_close", payment_intent=reference, outcome="won", return_fee=return_fee)
    *_, reinstated, closed = events_of(wired, listener, 5)
    assert (reinstated.kind, reinstated.amount) == ("dispute_funds_reinstated", Decimal("1000.00"))
    assert reinstated.fee == Decimal(fee)
    assert (closed.kind, closed.code) == ("dispute_closed", "won")
    assert balance(wired) == left


def test_losing_moves_nothing_more(wired, listener) -> None:
    reference = wired.paid()
    dispute = wired.tell("dispute", payment_intent=reference)
    after_opening = balance(wired)
    wired.tell("dispute_close", dispute=dispute["id"], outcome="lost")
    closed = events_of(wired, listener, 4)[-1]
    assert (closed.kind, closed.code) == ("dispute_closed", "lost")
    assert balance(wired) == after_opening


def test_an_inquiry_moves_no_money(wired, listener) -> None:
    reference = wired.paid()
    dispute = wired.tell("dispute", payment_intent=reference, inquiry=True)
    opened = events_of(wired, listener, 2)[-1]
    assert (opened.kind, opened.facts["status"]) == ("dispute_opened", "warning_needs_response")
    wired.tell("dispute_close", dispute=dispute["id"], outcome="lost")
    assert events_of(wired, listener, 3)[-1].code == "warning_closed"
    assert balance(wired) == 97100


def test_part_of_a_payment_can_be_disputed(house) -> None:
    reference = house.paid()
    dispute = house.tell("dispute", payment_intent=reference, amount=25000, reason="product_not_received")
    assert (dispute["amount"], dispute["reason"]) == (25000, "product_not_received")
    assert balance(house) == 97100 - 25000 - 1500


def test_the_disputing_card_disputes_by_itself(open_house: Callable) -> None:
    now = [1_795_262_400.0]
    house = open_house(clock=lambda: now[0], dispute_seconds=60)
    house.paid(card_number="4000000000000259")
    house.simulator.background()
    assert house.count("dispute") == 0
    now[0] += 61
    house.simulator.background()
    house.simulator.background()
    assert house.count("dispute") == 1


@pytest.mark.parametrize("door", ["dispute", "refund"])
def test_a_disputed_payment_is_neither_disputed_again_nor_refunded(house, door: str) -> None:
    reference = house.paid()
    house.tell("dispute", payment_intent=reference)
    if door == "refund":
        answer = house.api("POST", "/v1/refunds", data={"payment_intent": reference})
        assert answer.json()["error"]["code"] == "charge_disputed"
    else:
        answer = house.api("POST", "/_sim/dispute", json={"payment_intent": reference})
    assert answer.status_code == 400
    assert (house.count("dispute"), house.count("refund")) == (1, 0)


def test_a_closed_dispute_stays_closed(house) -> None:
    reference = house.paid()
    dispute = house.tell("dispute", payment_intent=reference)
    house.tell("dispute_close", dispute=dispute["id"], outcome="lost")
    before = balance(house)
    answer = house.api("POST", "/_sim/dispute_close", json={"dispute": dispute["id"], "outcome": "won"})
    assert answer.status_code == 400
    assert balance(house) == before
