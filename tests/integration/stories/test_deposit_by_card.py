"""The story of 1,000 dollars paid by card: the client's own browser, the provider's own messages over real HTTP to our
address, and web and worker with no more database rights than they have in production."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.db import connection
from django.utils import timezone

from config import env as environment
from ledger import accounts
from ledger.money import Money
from payments import dispatch
from payments.connectors import registry
from payments.connectors.psp.stripe.simulator import StripeSimulator
from payments.connectors.simulation import RunningSimulator
from payments.models import Deposit, OutboxMessage, ProviderEvent
from payments.services import clients, deposits, refunds, settlements
from tests.factories import books, people

pytestmark = pytest.mark.django_db(transaction=True)

TOPICS = ("deposit.start", "provider_event.process", "refund.send", "settlement.fetch")


@pytest.fixture
def with_the_rights_of_the_app(transactional_db: None) -> Iterator[None]:
    """Every connection of web and worker signs in as the app role, as in production."""
    url = os.environ[environment.DATABASE_ROLES["app"]]
    owner = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = urlsplit(url).username
    yield
    connection.close()
    connection.settings_dict["USER"] = owner


@pytest.fixture
def provider(live_server: Any, settings: Any, tmp_path: Path) -> Iterator[RunningSimulator]:
    """The card provider, told where our address is."""
    accounts.forget()
    simulator = StripeSimulator(
        state=tmp_path / "stripe.sqlite3",
        webhook_url=f"{live_server.url}/hooks/stripe/",
        webhook_secret="whsec_story",
        retry_seconds=0.1,
    )
    with RunningSimulator(simulator) as running:
        settings.STRIPE = {
            "api_base": running.url,
            "secret_key": "sk_test_story",
            "webhook_secrets": ["whsec_story"],
            "webhook_tolerance": 300,
        }
        registry.forget()
        yield running
    registry.forget()
    accounts.forget()


def until(true: Callable[[], Any], *, seconds: float = 15) -> None:
    """Let the worker work until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        dispatch.drain(topics=TOPICS, now=timezone.now())
        time.sleep(0.05)


def state(deposit: Deposit) -> str:
    return str(Deposit.objects.values_list("state", flat=True).get(pk=deposit.pk))


@pytest.fixture
def client_and_deposit(provider: RunningSimulator) -> tuple[Any, Deposit]:
    ops = people.staff("payments_ops")
    client = clients.create(name="Dana Demo", email="dana@example.test", country="DE", actor=ops, now=timezone.now())
    deposit = deposits.start(
        client=client,
        money=Money.of("1000.00", "USD"),
        return_url="https://portal.example/back?tab=money",
        actor=ops,
        now=timezone.now(),
    )
    return client, deposits.ensure_checkout(deposit_id=deposit.pk, now=timezone.now())


def pay(deposit: Deposit, number: str) -> dict[str, list[str]]:
    """The client's browser on the provider's page; where it is sent back to, as a query."""
    page = requests.get(deposit.checkout_url, timeout=5)
    assert page.status_code == 200
    answer = requests.post(deposit.checkout_url, data={"card_number": number}, timeout=5, allow_redirects=False)
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_a_thousand_dollars_by_card(
    with_the_rights_of_the_app: None, provider: RunningSimulator, client_and_deposit: tuple[Any, Deposit]
) -> None:
    client, deposit = client_and_deposit
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('ledger_balance', 'UPDATE')")
        assert cursor.fetchone() == (False,)

    # A first card is declined; the second one pays.
    assert pay(deposit, "4000 0000 0000 9995")["redirect_status"] == ["failed"]
    until(lambda: state(deposit) == "failed")
    assert pay(deposit, "4242 4242 4242 4242")["redirect_status"] == ["succeeded"]
    until(lambda: state(deposit) == "captured")
    assert books.balance(client.account_code("wallet"), "USD") == 1000
    assert books.balance("psp/stripe/clearing", "USD") == 971
    assert books.balance("house/psp-fees", "USD") == 29

    # Part of it goes back to the card.
    finance = people.staff("finance_approver")
    refund = refunds.request(
        deposit_id=deposit.pk,
        money=Money.of("100.00", "USD"),
        reason="Paid too much",
        actor=finance,
        now=timezone.now(),
    )
    until(lambda: state(deposit) == "refunded")
    refund.refresh_from_db()
    assert (refund.state, books.balance(client.account_code("wallet"), "USD")) == ("done", 900)

    # The provider pays out; when the bank shows it, clearing is empty.
    requests.post(f"{provider.url}/_sim/payout", json={"currency": "usd"}, timeout=5)
    until(lambda: OutboxMessage.objects.filter(topic="settlement.received").exists())
    promise = OutboxMessage.objects.get(topic="settlement.received").payload
    settled = settlements.settle(
        connector="stripe",
        payout_reference=promise["payout_reference"],
        net=Money.of(promise["net"], "USD"),
        bank="sepa",
        lines=promise["lines"],
        actor=people.staff("payments_ops"),
        now=timezone.now(),
    )
    assert (settled.deposits, settled.unexplained) == ((deposit.public_id,), ())
    assert books.balance("psp/stripe/clearing", "USD") == 0
    assert books.balance("bank/sepa/client-money", "USD") == 871
    assert set(ProviderEvent.objects.values_list("state", flat=True)) <= {"processed", "ignored"}
    assert not OutboxMessage.objects.filter(topic=dispatch.EXCEPTION_TOPIC).exists()


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "webhook", "do": "duplicate", "times": -1, "data": {"copies": 4}},
        {"on": "webhook", "do": "tamper", "times": -1},
        {"on": "webhook", "do": "reorder", "times": 1, "seconds": 0.3},
        {"on": "webhook", "do": "delay", "times": -1, "seconds": 0.4},
    ],
    ids=lambda fault: fault["do"],
)
def test_a_provider_whose_messages_are_doubled_bent_late_or_out_of_order(
    provider: RunningSimulator, client_and_deposit: tuple[Any, Deposit], fault: dict[str, Any]
) -> None:
    client, deposit = client_and_deposit
    requests.post(f"{provider.url}/_sim/faults", json=[fault], timeout=5)

    assert pay(deposit, "4000000000003220")["redirect_status"] == ["succeeded"]
    capture = {"payment_intent": deposit.provider_reference, "amount_to_capture": 60000}
    requests.post(f"{provider.url}/_sim/capture", json=capture, timeout=5)
    refunded = {"payment_intent": deposit.provider_reference}
    requests.post(f"{provider.url}/_sim/dispute", json=refunded, timeout=5)

    until(lambda: state(deposit) == "disputed" and books.balance("house/chargeback-fees", "USD") == 15)
    until(lambda: not waiting(provider))
    until(lambda: not ProviderEvent.objects.filter(state="stored").exists())
    report = requests.get(f"{provider.url}/_sim/faults", timeout=5).json()
    assert report[0]["fired"] > 0
    assert books.balance(client.account_code("wallet"), "USD") == 0
    assert books.balance(client.account_code("debt"), "USD") == 0
    assert ProviderEvent.objects.filter(state="refused").exists() == (fault["do"] == "tamper")


def waiting(provider: RunningSimulator) -> list[Any]:
    """Messages the provider still has to bring."""
    rows = requests.post(f"{provider.url}/_sim/deliveries", json={}, timeout=5).json()
    return [row for row in rows if row["state"] == "waiting"]
