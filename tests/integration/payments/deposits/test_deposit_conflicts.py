"""Messages that do not fit: nothing is posted, both payloads are kept, and a person is told."""

import copy
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments.models import Deposit, OutboxMessage, ProviderEvent
from payments.services import deposits

from .conftest import Firm

pytestmark = pytest.mark.django_db(transaction=True)
Told = tuple[dict[str, Any], Deposit]


@pytest.fixture
def event(firm: Firm) -> Told:
    """The provider's word that 1000 USD were captured, not delivered yet, and the deposit it is about."""
    deposit = firm.checkout("1000.00")
    firm.tell("pay", payment_intent=deposit.provider_reference)
    (message,) = firm.messages(deposit.provider_reference, kind="payment_intent.succeeded")
    return message, deposit


def bent(message: dict[str, Any], *, id: str = "evt_bent", **changes: Any) -> dict[str, Any]:
    other = copy.deepcopy(message)
    other["id"] = id
    other["data"]["object"].update(changes)
    return other


def refused(firm: Firm, message: dict[str, Any], reason: str, category: str = "conflicting_event") -> dict[str, Any]:
    """Deliver the message and prove that nothing moved; the case that people got."""
    before = (firm.books(), firm.posted())
    assert firm.deliver(message) == 200
    firm.work(topics=("provider_event.process",))
    assert (firm.books(), firm.posted()) == before
    row = ProviderEvent.objects.get(event_id=message["id"], state="conflict")
    assert row.reason == reason
    assert json.loads(bytes(row.body)) == message
    case = firm.cases(category)[-1]
    assert case["facts"]["reason"] == reason
    return case


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": 90000, "amount_received": 90000}, "other_amount"),
        ({"amount": 200000, "amount_received": 200000}, "other_amount"),
        ({"amount_received": 100001}, "other_amount"),
        ({"currency": "eur"}, "other_currency"),
        ({"currency": "jpy"}, "other_currency"),
    ],
)
def test_another_amount_or_currency(firm: Firm, event: Told, changes: dict[str, Any], reason: str) -> None:
    message, deposit = event

    case = refused(firm, bent(message, **changes), reason)

    assert (case["object_ref"], case["client"]) == (deposit.public_id, deposit.client.public_id)
    assert firm.again(deposit).state == "initiated"
    firm.hear(deposit)  # the true message is believed all the same
    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("captured", "1000.00")


def test_the_payment_of_one_client_in_the_name_of_another(firm: Firm, event: Told) -> None:
    message, deposit = event
    other = firm.checkout("1000.00")

    refused(firm, bent(message, metadata={"deposit": other.public_id}), "other_reference")

    assert (firm.again(deposit).state, firm.again(other).state) == ("initiated", "initiated")


def test_a_name_of_ours_on_a_payment_that_is_not_the_deposits(firm: Firm, event: Told) -> None:
    message, _ = event
    other = firm.checkout("1000.00")

    refused(firm, bent(message, id="evt_2", metadata={"deposit": other.public_id}), "other_reference")
    stranger = bent(message, id="evt_3", metadata={"deposit": other.public_id})
    stranger["data"]["object"]["id"] = "pi_stranger"
    stranger["data"]["object"]["latest_charge"] = "ch_stranger"

    refused(firm, stranger, "other_reference")
    assert firm.again(other).state == "initiated"


@pytest.mark.parametrize("metadata", [{}, {"deposit": "dep_nonsense"}, {"deposit": "dep_" + "0" * 26}])
def test_a_payment_that_is_none_of_ours(firm: Firm, event: Told, metadata: dict[str, str]) -> None:
    message, _ = event
    stranger = bent(message, metadata=metadata)
    stranger["data"]["object"]["id"] = "pi_stranger"
    stranger["data"]["object"]["latest_charge"] = "ch_stranger"

    case = refused(firm, stranger, "unknown_payment", category="unknown_payment")

    assert case["facts"]["payment"] == "pi_stranger"


def test_the_same_event_with_another_body_is_kept_beside_the_first(firm: Firm, event: Told) -> None:
    message, deposit = event
    assert firm.deliver(message) == 200
    firm.work(topics=("provider_event.process",))

    refused(firm, bent(message, id=message["id"], amount_received=50000), "same_event_other_content")

    assert sorted(ProviderEvent.objects.values_list("state", flat=True)) == ["conflict", "processed"]
    assert firm.wallet(deposit.client) == "1000.00"


def test_of_two_contradicting_copies_the_first_is_believed(firm: Firm, event: Told) -> None:
    message, deposit = event
    firm.deliver(message)
    firm.deliver(bent(message, id=message["id"], amount_received=50000))

    firm.work(topics=("provider_event.process",))

    states = dict(ProviderEvent.objects.order_by("pk").values_list("pk", "state"))
    assert list(states.values()) == ["processed", "conflict"]
    assert firm.wallet(deposit.client) == "1000.00"


def test_a_large_credit_needs_the_providers_own_record(firm: Firm, settings: Any) -> None:
    """S24, a provider's message that lies: signed, well-formed, and nothing was captured."""
    settings.DEPOSIT_CONFIRM_ABOVE = {"USD": Decimal(500)}
    true, false = firm.checkout("1000.00"), firm.checkout("1000.00")
    firm.tell("pay", payment_intent=true.provider_reference)
    (message,) = firm.messages(true.provider_reference, kind="payment_intent.succeeded")
    lie = bent(message, id="evt_lie", metadata={"deposit": false.public_id}, latest_charge="ch_lie")
    lie["data"]["object"]["id"] = false.provider_reference

    case = refused(firm, lie, "not_confirmed")

    assert case["facts"]["record_captured"] == "0.00"
    assert firm.again(false).state == "initiated"


def test_a_large_credit_waits_while_the_provider_cannot_be_asked(firm: Firm, event: Told) -> None:
    message, deposit = event
    large = firm.checkout("1000.01")
    firm.tell("pay", payment_intent=large.provider_reference)
    (above,) = firm.messages(large.provider_reference, kind="payment_intent.succeeded")
    firm.break_it({"on": "get_payment", "do": "error", "times": 3})
    for told in (message, above):
        firm.deliver(told)

    firm.work(topics=("provider_event.process",))

    assert firm.wallet(deposit.client) == "1000.00"  # exactly at the amount: the signature is enough
    assert (firm.again(large).state, firm.wallet(large.client)) == ("initiated", "0.00")
    firm.work(after=timedelta(seconds=31), topics=("provider_event.process",))
    assert firm.fired() == [3]
    assert OutboxMessage.objects.get(topic="provider_event.process", state="ready").attempts == 0
    firm.work(after=timedelta(seconds=90), topics=("provider_event.process",))
    assert (firm.again(large).state, firm.wallet(large.client)) == ("captured", "1000.01")


def test_a_credit_that_waits_for_an_hour_is_shown_to_people(firm: Firm) -> None:
    large = firm.checkout("5000.00")
    firm.tell("pay", payment_intent=large.provider_reference)
    (above,) = firm.messages(large.provider_reference, kind="payment_intent.succeeded")
    firm.break_it({"on": "get_payment", "do": "error", "times": -1})
    firm.deliver(above)

    for minutes in (0, 30, 61, 90):
        firm.work(after=timedelta(minutes=minutes), topics=("provider_event.process",))

    (case,) = firm.cases("unknown_outcome")
    assert case["object_ref"] == large.public_id
    assert firm.wallet(large.client) == "0.00"


def test_a_refund_of_more_than_was_captured(firm: Firm) -> None:
    deposit = firm.paid("100.00")
    with firm.simulator.book() as book:
        charge = book.get("charge", deposit.charge_reference)
    told = {"id": "evt_r", "object": "event", "type": "charge.refunded", "created": 1700000000}

    refused(firm, {**told, "data": {"object": {**charge, "amount_refunded": 10001}}}, "not_confirmed")

    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("captured", "100.00")


def test_a_dispute_of_more_than_was_captured_and_one_that_changes_its_amount(firm: Firm) -> None:
    deposit = firm.paid("100.00")
    firm.tell("dispute", payment_intent=deposit.provider_reference, amount=4000)
    (told,) = firm.messages(deposit.provider_reference, kind="charge.dispute.funds_withdrawn")

    refused(firm, bent(told, id="evt_more", amount=10001), "more_than_captured")
    firm.hear(deposit)
    refused(firm, bent(told, id="evt_other", amount=5000), "other_amount")
    closed = bent(told, id="evt_closed", status="settled_by_magic")
    refused(firm, {**closed, "type": "charge.dispute.closed"}, "unknown_outcome")

    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("disputed", "60.00")


def test_asking_a_provider_who_speaks_of_another_amount_changes_nothing(firm: Firm) -> None:
    deposit = firm.checkout("1000.00")
    firm.tell("pay", payment_intent=deposit.provider_reference)
    with firm.simulator.book() as book:
        intent = book.get("payment_intent", deposit.provider_reference)
        book.save({**intent, "amount": 70000, "amount_received": 70000})

    synced = deposits.sync(deposit_id=deposit.pk, now=timezone.now())

    assert synced.state == "initiated"
    assert firm.books() == {}
    (case,) = firm.cases("conflicting_event")
    assert case["facts"]["reason"] == "other_amount"
