"""A firm with its card provider: real PostgreSQL, the Stripe simulator over real HTTP, our own address for its
messages, and the outbox drained by hand so that a story decides when the worker wakes up."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from ledger import accounts, queries
from ledger.models import Account, Event, Transaction
from ledger.money import Money
from payments import dispatch, intake
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.psp.stripe.simulator import StripeSimulator
from payments.connectors.simulation import RunningSimulator
from payments.models import Client, Deposit, OutboxMessage
from payments.services import clients, deposits
from tests.factories import books

SECRET, PREVIOUS = "whsec_now", "whsec_before"
BACK = "https://portal.example/deposits/back"
OPS = Actor(id="usr_ops", person="usr_ops", roles=frozenset({"payments_ops"}))
FINANCE = Actor(id="usr_fin", person="usr_fin", roles=frozenset({"finance_approver"}))
TOPICS = (
    "deposit.start",
    "deposit.sync",
    "provider_event.process",
    "refund.send",
    "settlement.fetch",
)


def signed(body: bytes, *, secret: str = SECRET, age: timedelta = timedelta(0)) -> str:
    """A Stripe-Signature header, made here and not by the code under test."""
    stamp = int((timezone.now() - age).timestamp())
    proof = hmac.new(secret.encode(), str(stamp).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={proof}"


AtOnce = Callable[[int, Callable[[int], Any]], list[Any]]


@dataclass
class Calls:
    """Every HTTP request this process sent, and whether a database transaction was open then."""

    inside: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """The guard: whatever a test does, no request may leave while its thread has a transaction open."""
    seen, send = Calls(), requests.Session.send

    def watched(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        (seen.inside if connection.in_atomic_block else seen.outside).append(f"{request.method} {request.url}")
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", watched)
    yield seen
    assert seen.inside == []


@dataclass
class Firm:
    """The verbs of the stories. Times: `now` is real; `work(after=…)` lets the worker believe it is later."""

    url: str
    simulator: StripeSimulator
    running: RunningSimulator
    browser: Browser
    people: list[Client] = field(default_factory=list)

    # --- people and payments ---

    def client(self, name: str = "Dana Demo") -> Client:
        made = clients.create(
            name=name,
            email=f"client{len(self.people)}@example.com",
            country="DE",
            actor=OPS,
            now=timezone.now(),
        )
        self.people.append(made)
        return made

    def start(self, amount: str = "1000.00", currency: str = "USD", *, client: Client | None = None) -> Deposit:
        return deposits.start(
            client=client or self.client(),
            money=Money.of(amount, currency),
            return_url=BACK,
            actor=OPS,
            now=timezone.now(),
        )

    def checkout(self, amount: str = "1000.00", currency: str = "USD", *, client: Client | None = None) -> Deposit:
        """Started, and the provider has a page for it."""
        deposit = self.start(amount, currency, client=client)
        deposit = deposits.ensure_checkout(deposit_id=deposit.pk, now=timezone.now())
        assert deposit.checkout_url.startswith(self.url)
        return deposit

    def paid(self, amount: str = "1000.00", currency: str = "USD", *, client: Client | None = None) -> Deposit:
        """Paid with a good card; the provider's message has been taken in."""
        deposit = self.checkout(amount, currency, client=client)
        self.tell("pay", payment_intent=deposit.provider_reference)
        self.hear(deposit)
        return self.again(deposit)

    # --- the provider ---

    def tell(self, door: str, **data: Any) -> Any:
        """Use one of the simulator's test doors."""
        answer = requests.post(f"{self.url}/_sim/{door}", json=data, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def break_it(self, *rules: dict[str, Any]) -> None:
        requests.post(f"{self.url}/_sim/faults", json=list(rules), timeout=10)

    def fired(self) -> list[int]:
        return [rule["fired"] for rule in requests.get(f"{self.url}/_sim/faults", timeout=10).json()]

    def count(self, kind: str) -> int:
        with self.simulator.book() as book:
            return len(book.find(kind))

    def messages(self, about: str = "", kind: str = "") -> list[dict[str, Any]]:
        """The provider's events, oldest first, whose object speaks of `about` (any id)."""
        with self.simulator.book() as book:
            found = [event for event in book.find("event") if kind in ("", event["type"])]
        return [event for event in found if about in json.dumps(event)]

    # --- our side ---

    def deliver(
        self,
        event: dict[str, Any] | bytes,
        *,
        secret: str = SECRET,
        age: timedelta = timedelta(0),
        signature: str | None = None,
        browser: Browser | None = None,
    ) -> int:
        """Post one message to our address as the provider would; the status of our answer."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        header = signed(body, secret=secret, age=age) if signature is None else signature
        answer = (browser or self.browser).post(
            "/hooks/stripe/", data=body, content_type="application/json", headers={"Stripe-Signature": header}
        )
        return answer.status_code

    def take(self, event: dict[str, Any]) -> None:
        """Like `deliver`, without the web request around it."""
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": signed(body)}
        receipt = intake.receive(connector="stripe", headers=headers, body=body, now=timezone.now())
        assert receipt.accepted

    def hear(self, deposit: Deposit) -> None:
        """Deliver everything the provider has to say about the payment, and let the worker work."""
        for event in self.messages(deposit.provider_reference):
            assert self.deliver(event) == 200
        self.work()

    def work(self, *, after: timedelta = timedelta(0), topics: tuple[str, ...] = TOPICS) -> int:
        """Let the worker do everything that is due, also what the work itself promised; how much it was."""
        done = 0
        while more := dispatch.drain(limit=2000, topics=topics, now=timezone.now() + after):
            done += more
        return done

    def again(self, deposit: Deposit) -> Deposit:
        return Deposit.objects.select_related("client").get(pk=deposit.pk)

    # --- the books ---

    def wallet(self, client: Client, currency: str = "USD") -> str:
        return self.balance(client.account_code("wallet"), currency)

    def debt(self, client: Client, currency: str = "USD") -> str:
        return self.balance(client.account_code("debt"), currency)

    def balance(self, code: str, currency: str = "USD") -> str:
        amount = queries.balance_of(accounts.ref(code, currency).id).balance
        return Money.of(amount, currency).text

    def books(self) -> dict[str, str]:
        """Every account that is not empty."""
        every = {f"{a.code} {a.currency_id}": self.balance(a.code, a.currency_id) for a in Account.objects.all()}
        return {code: amount for code, amount in every.items() if Decimal(amount)}

    def posted(self, reason: str = "") -> int:
        return Transaction.objects.filter(**({"reason": reason} if reason else {})).count()

    def cases(self, category: str) -> list[dict[str, Any]]:
        rows = OutboxMessage.objects.filter(topic=dispatch.EXCEPTION_TOPIC).order_by("id")
        return [row.payload for row in rows if row.payload["category"] == category]

    def troubles(self) -> list[str]:
        """What handlers stumbled over so far, also when a later try went well."""
        return list(OutboxMessage.objects.exclude(last_error="").values_list("last_error", flat=True))

    def told(self, deposit: Deposit) -> list[str]:
        """The types of the deposit's events, oldest first."""
        return list(Event.objects.filter(object_ref=deposit.public_id).order_by("id").values_list("type", flat=True))


@pytest.fixture
def firm(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Firm]:
    accounts.forget()
    simulator = StripeSimulator(state=tmp_path / "stripe.sqlite3")
    with RunningSimulator(simulator) as running:
        settings.STRIPE = {
            "api_base": running.url,
            "secret_key": "sk_test_firm",
            "webhook_secrets": [SECRET, PREVIOUS],
            "webhook_tolerance": 300,
        }
        registry.forget()
        yield Firm(url=running.url, simulator=simulator, running=running, browser=Browser(enforce_csrf_checks=True))
        books.assert_sound()
    registry.forget()
    accounts.forget()


@pytest.fixture
def at_once() -> AtOnce:
    """Run a function in many threads that start together, each with its own database connection."""

    def run(count: int, work: Callable[[int], Any]) -> list[Any]:
        results: list[Any] = [None] * count
        barrier = threading.Barrier(count)

        def one(place: int) -> None:
            try:
                barrier.wait()
                results[place] = work(place)
            except BaseException as problem:
                results[place] = problem
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(place,)) for place in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run
