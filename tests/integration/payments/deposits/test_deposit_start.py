"""Starting a deposit: what is refused, what is written, and a provider that does not answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from ledger.errors import AccountClosed, AccountFrozen, Forbidden, InvalidRequest, NotFound
from ledger.models import Event
from ledger.money import Money
from payments.actors import Actor
from payments.models import Client, Deposit, OutboxMessage
from payments.services import deposits

from .conftest import AtOnce, Calls, Firm

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_intention_is_written_before_anyone_is_called(firm: Firm, calls: Calls) -> None:
    before = len(calls.outside)

    deposit = firm.start("250.00", "EUR")

    assert (deposit.state, deposit.provider_reference, deposit.connector) == ("initiated", "", "stripe")
    assert len(calls.outside) == before
    topics = set(OutboxMessage.objects.values_list("topic", flat=True))
    assert topics == {"deposit.start", "deposit.sync"}
    event = Event.objects.get(type="deposit.initiated")
    assert event.after == {"state": "initiated", "amount": "250.00", "currency": "EUR"}
    assert event.client_ref == deposit.client.public_id
    assert "Dana" not in str(Event.objects.values_list("before", "after", "data"))


def test_the_worker_creates_the_payment_when_nobody_asked_at_once(firm: Firm) -> None:
    deposit = firm.start()

    firm.work()

    started = firm.again(deposit)
    assert started.provider_reference.startswith("pi_")
    assert started.checkout_url == f"{firm.url}/pay/{started.provider_reference}"
    firm.work()
    assert firm.count("payment_intent") == 1


def test_asking_twice_makes_one_payment(firm: Firm, at_once: AtOnce) -> None:
    deposit = firm.start()

    answers = at_once(4, lambda place: deposits.ensure_checkout(deposit_id=deposit.pk, now=timezone.now()))

    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    firm.work(after=timedelta(seconds=15))
    assert firm.count("payment_intent") == 1
    assert firm.again(deposit).checkout_url


def test_no_call_leaves_inside_a_transaction(firm: Firm, calls: Calls) -> None:
    deposit = firm.start()
    before = len(calls.outside)

    for call in (deposits.ensure_checkout, deposits.sync):
        with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
            call(deposit_id=deposit.pk, now=timezone.now())

    assert len(calls.outside) == before
    assert firm.count("payment_intent") == 0


@pytest.mark.parametrize(("fault", "made"), [("drop", 0), ("error", 0), ("lose", 1), ("garbage", 0), ("rate_limit", 0)])
def test_a_provider_without_an_answer_leaves_it_initiated_and_is_asked_again(firm: Firm, fault: str, made: int) -> None:
    deposit = firm.start()
    firm.break_it({"on": "create_payment", "do": fault, "times": 2})

    waiting = deposits.ensure_checkout(deposit_id=deposit.pk, now=timezone.now())
    firm.work(topics=("deposit.start",))

    assert firm.fired() == [2]
    assert (waiting.state, waiting.checkout_url) == ("initiated", "")
    assert firm.again(deposit).state == "initiated"
    assert firm.count("payment_intent") == made
    firm.work(after=timedelta(seconds=15), topics=("deposit.start",))
    assert firm.again(deposit).checkout_url
    assert firm.count("payment_intent") == 1


def test_a_provider_that_is_down_is_asked_until_it_is_there(firm: Firm) -> None:
    firm.running.stop()
    deposit = firm.start()

    waiting = deposits.ensure_checkout(deposit_id=deposit.pk, now=timezone.now())
    for minute in range(10):
        firm.work(after=timedelta(minutes=minute), topics=("deposit.start",))

    assert (waiting.state, firm.again(deposit).state) == ("initiated", "initiated")
    message = OutboxMessage.objects.get(topic="deposit.start")
    assert (message.state, message.attempts) == ("ready", 0)  # waiting is not failing


def test_a_definite_no_fails_it_with_a_code(firm: Firm) -> None:
    deposit = firm.start("0.10")

    refused = deposits.ensure_checkout(deposit_id=deposit.pk, now=timezone.now())

    assert (refused.state, refused.failure_code) == ("failed", "amount_not_allowed")
    assert firm.told(deposit) == ["deposit.initiated", "deposit.failed"]
    firm.work(after=timedelta(hours=1))
    assert firm.again(deposit).state == "failed"


def test_a_payment_whose_creation_was_never_answered_is_found_by_our_own_name(firm: Firm) -> None:
    """The answer to the creation is lost, the client pays, and the message comes before we ask again."""
    deposit = firm.start()
    firm.break_it({"on": "create_payment", "do": "lose"})
    deposits.ensure_checkout(deposit_id=deposit.pk, now=timezone.now())
    assert firm.fired() == [1]
    (created,) = firm.messages(kind="payment_intent.created")
    intent = created["data"]["object"]["id"]

    firm.tell("pay", payment_intent=intent)
    for event in firm.messages(intent, kind="payment_intent.succeeded"):
        firm.deliver(event)
    firm.work(topics=("provider_event.process",))

    paid = firm.again(deposit)
    assert (paid.state, paid.provider_reference, firm.wallet(deposit.client)) == ("captured", intent, "1000.00")


USER = Actor(id="usr_1", person="usr_1", roles=frozenset({"client"}))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"actor": Actor(id="usr_2", roles=frozenset({"auditor"}))}, Forbidden),
        ({"actor": Actor(id="usr_1", roles=frozenset({"client"}), client_id="cl_other")}, NotFound),
        ({"money": Money.of("0", "USD")}, InvalidRequest),
        ({"money": Money.of("-5", "USD")}, InvalidRequest),
        ({"money": Money.of("0.5", "BTC")}, InvalidRequest),
        ({"rail": "bank"}, InvalidRequest),
        ({"rail": "cheque"}, InvalidRequest),
        ({"return_url": "javascript:alert(1)"}, InvalidRequest),
        ({"return_url": "/relative"}, InvalidRequest),
        ({"return_url": "https://portal.example/" + "a" * 500}, InvalidRequest),
    ],
)
def test_what_is_refused_leaves_nothing_behind(firm: Firm, changes: dict[str, Any], error: type[Exception]) -> None:
    wanted = {
        "client": firm.client(),
        "money": Money.of("10", "USD"),
        "return_url": "https://portal.example/",
        "actor": USER,
        "now": timezone.now(),
    }

    with pytest.raises(error):
        deposits.start(**{**wanted, **changes})

    assert not Deposit.objects.exists()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize(("state", "error"), [("frozen", AccountFrozen), ("closed", AccountClosed)])
def test_only_an_active_client_pays_in(firm: Firm, state: str, error: type[Exception]) -> None:
    client = firm.client()
    Client.objects.filter(pk=client.pk).update(state=state)

    with pytest.raises(error):
        firm.start(client=client)  # the object in memory still says active

    assert not Deposit.objects.exists()
