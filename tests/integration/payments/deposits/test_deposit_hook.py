"""POST /hooks/stripe/: kept first, answered at once; forged, stale and flipped messages change nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from ledger.models import Event
from payments import intake
from payments.models import Deposit, OutboxMessage, ProviderEvent

from .conftest import PREVIOUS, AtOnce, Firm, signed

pytestmark = pytest.mark.django_db(transaction=True)
Told = tuple[dict[str, Any], Deposit]


@pytest.fixture
def event(firm: Firm) -> Told:
    """A message that the provider has for us, not delivered yet, and its deposit."""
    deposit = firm.checkout()
    firm.tell("pay", payment_intent=deposit.provider_reference)
    (message,) = firm.messages(deposit.provider_reference, kind="payment_intent.succeeded")
    return message, deposit


def nothing_changed(firm: Firm, deposit: Deposit) -> bool:
    firm.work(topics=("provider_event.process",))
    return firm.again(deposit).state == "initiated" and firm.books() == {} and firm.posted() == 0


def test_the_raw_bytes_are_kept_before_anything_is_parsed(firm: Firm, event: Told) -> None:
    message, _ = event
    body = json.dumps(message, indent=3).encode()

    assert firm.deliver(body) == 200

    row = ProviderEvent.objects.get()
    assert (bytes(row.body), row.state, row.event_id) == (body, "stored", message["id"])
    assert row.event_type == "payment_intent.succeeded"
    assert OutboxMessage.objects.filter(topic="provider_event.process").count() == 1


def test_only_headers_that_prove_something_are_kept() -> None:
    sent = {
        "Stripe-Signature": "t=1,v1=ab\x00c",
        "Content-Type": "application/json",
        "Authorization": "Bearer sk_live_1",
        "Cookie": "session=1",
        "User-Agent": "Stripe/1.0",
        "X-Api-Key": "secret",
    }

    assert intake.kept_headers(sent) == {
        "stripe-signature": "t=1,v1=abc",
        "content-type": "application/json",
        "user-agent": "Stripe/1.0",
    }


def test_the_previous_secret_still_counts(firm: Firm, event: Told) -> None:
    message, deposit = event

    assert firm.deliver(message, secret=PREVIOUS) == 200

    firm.work(topics=("provider_event.process",))
    assert firm.again(deposit).state == "captured"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"secret": "whsec_forged"}, "mismatch"),
        ({"age": timedelta(minutes=6)}, "stale"),
        ({"age": -timedelta(minutes=6)}, "future"),
        ({"signature": ""}, "missing_signature"),
        ({"signature": "v1=abc"}, "malformed_signature"),
        ({"signature": "t=1,v1=" + "0" * 64}, "mismatch"),
    ],
)
def test_a_bad_signature_is_refused_kept_and_changes_nothing(
    firm: Firm, event: Told, how: dict[str, Any], reason: str
) -> None:
    message, deposit = event

    assert firm.deliver(message, **how) == 401

    row = ProviderEvent.objects.get()
    assert (row.state, row.reason, row.event_id) == ("refused", reason, "")
    assert bytes(row.body) == json.dumps(message).encode()
    assert Event.objects.filter(type="provider_event.refused", object_ref=row.public_id).count() == 1
    assert not OutboxMessage.objects.filter(topic="provider_event.process").exists()
    assert nothing_changed(firm, deposit)


def test_a_refused_message_that_is_repeated_is_counted_not_hoarded(firm: Firm, event: Told) -> None:
    message, _ = event
    for _ in range(5):
        assert firm.deliver(message, secret="whsec_forged") == 401

    assert ProviderEvent.objects.get().times_received == 5


def test_any_flipped_byte_is_refused(firm: Firm, event: Told) -> None:
    message, deposit = event
    body = json.dumps(message).encode()
    header = signed(body)
    for place in range(0, len(body), max(1, len(body) // 60)):
        flipped = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert firm.deliver(flipped, signature=header) == 401

    assert set(ProviderEvent.objects.values_list("state", flat=True)) == {"refused"}
    assert nothing_changed(firm, deposit)


def test_a_refused_copy_does_not_keep_the_true_message_out(firm: Firm, event: Told) -> None:
    message, deposit = event
    assert firm.deliver(message, secret="whsec_forged") == 401

    assert firm.deliver(message) == 200

    firm.work(topics=("provider_event.process",))
    assert firm.again(deposit).state == "captured"


def test_fifty_copies_at_once_make_one_posting(firm: Firm, event: Told, at_once: AtOnce) -> None:
    message, deposit = event

    answers = at_once(50, lambda place: firm.deliver(message, browser=Browser()))

    assert set(answers) == {200}
    row = ProviderEvent.objects.get()
    assert row.times_received == 50
    assert at_once(8, lambda place: firm.work(topics=("provider_event.process",)))
    assert (firm.posted(), firm.wallet(deposit.client)) == (1, "1000.00")


def test_fifty_different_messages_about_one_payment_at_once_make_one_posting(
    firm: Firm, event: Told, at_once: AtOnce
) -> None:
    """The same fact under fifty event ids, worked on by eight workers."""
    message, deposit = event
    for number in range(50):
        firm.take({**message, "id": f"evt_copy{number}"})

    results = at_once(8, lambda place: firm.work(topics=("provider_event.process",)))

    assert [result for result in results if isinstance(result, BaseException)] == []
    assert sum(results) == 50
    assert firm.troubles() == []
    assert (firm.posted(), firm.wallet(deposit.client)) == (1, "1000.00")
    assert set(ProviderEvent.objects.values_list("state", flat=True)) == {"processed"}


def test_other_bytes_with_the_same_meaning_are_the_same_event(firm: Firm, event: Told) -> None:
    message, deposit = event
    firm.deliver(message)
    firm.deliver({**message, "pending_webhooks": 3})

    firm.work(topics=("provider_event.process",))

    assert set(ProviderEvent.objects.values_list("state", flat=True)) == {"processed"}
    assert (firm.posted(), firm.wallet(deposit.client)) == (1, "1000.00")
    assert firm.cases("conflicting_event") == []


def test_a_message_that_cannot_be_read_is_tried_parked_and_shown(firm: Firm) -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "created": 1}).encode()
    assert firm.deliver(body) == 200

    for turn in range(8):
        firm.work(after=timedelta(minutes=10 * turn), topics=("provider_event.process",))

    row = ProviderEvent.objects.get()
    assert row.state == "failed"
    assert row.reason.startswith("unreadable")
    assert len(firm.cases("stuck_work")) == 1
    assert firm.posted() == 0


def test_a_message_of_an_unknown_type_is_ignored(firm: Firm) -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "type": "customer.created", "created": 1}).encode()

    assert firm.deliver(body) == 200

    firm.work(topics=("provider_event.process",))
    assert ProviderEvent.objects.get().state == "ignored"


def test_what_is_not_a_message_gets_a_clear_answer(firm: Firm) -> None:
    assert firm.browser.get("/hooks/stripe/").status_code == 405
    assert firm.browser.post("/hooks/nobody/", data=b"{}", content_type="application/json").status_code == 404
    large = b"x" * (intake.MAX_BODY_BYTES + 1)
    assert firm.deliver(large) == 413
    assert firm.deliver(b"") == 200  # signed by the provider: theirs, and kept, though nobody can read it
    assert firm.deliver(b"\x00\xff not json") == 200
    assert ProviderEvent.objects.filter(event_type="").count() == 2
