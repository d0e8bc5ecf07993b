"""A running Stripe simulator, the adapter that speaks to it, and a listener that takes its webhooks: all
over real HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from payments.connectors.outcomes import Accepted
from payments.connectors.psp.stripe.adapter import StripeAdapter
from payments.connectors.psp.stripe.simulator import StripeSimulator
from payments.connectors.simulation import FaultScript, RunningSimulator

SECRET = "whsec_now"
PREVIOUS = "whsec_before"
BACK = "http://127.0.0.1:1/deposits/back?tab=cards"


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """Takes webhooks and answers with the statuses in `answers`, then 200 for ever."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def wait(self, count: int, *, seconds: float = 8) -> list[Received]:
        wait_until(lambda: len(self.received) >= count, seconds=seconds)
        return list(self.received)


def wait_until(true: Callable[[], Any], *, seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@dataclass
class House:
    """Everything a story needs, with the verbs it uses."""

    simulator: StripeSimulator
    adapter: StripeAdapter
    url: str

    def tell(self, door: str, **data: Any) -> Any:
        answer = requests.post(f"{self.url}/_sim/{door}", json=data, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def break_it(self, *rules: dict[str, Any]) -> None:
        requests.post(f"{self.url}/_sim/faults", json=list(rules), timeout=10)

    def fired(self) -> list[int]:
        return [rule["fired"] for rule in requests.get(f"{self.url}/_sim/faults", timeout=10).json()]

    def api(self, method: str, path: str, **data: Any) -> requests.Response:
        """Stripe's API without the adapter, as curl would use it."""
        headers = {"Authorization": "Bearer sk_test_house", **data.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=10, **data)

    def count(self, kind: str) -> int:
        with self.simulator.book() as book:
            return len(book.find(kind))

    def create(self, reference: str = "dep_1", amount: str = "1000.00", currency: str = "USD") -> Accepted:
        outcome = self.adapter.create_payment(
            our_reference=reference, amount=Decimal(amount), currency=currency, return_url=BACK
        )
        assert isinstance(outcome, Accepted), outcome
        return outcome

    def paid(self, reference: str = "dep_1", amount: str = "1000.00", currency: str = "USD", **pay: Any) -> str:
        """A payment that was created and paid with a card; its reference."""
        outcome = self.create(reference, amount, currency)
        self.tell("pay", payment_intent=outcome.reference, **pay)
        return outcome.reference


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Start (or start again) the simulator on this test's state file, with any of its options."""
    with ExitStack() as stack:

        def start(*, faults: FaultScript | None = None, **options: Any) -> House:
            simulator = StripeSimulator(state=tmp_path / "stripe.sqlite3", faults=faults, **options)
            running = stack.enter_context(RunningSimulator(simulator))
            adapter = StripeAdapter(
                api_base=running.url,
                secret_key="sk_test_house",
                webhook_secrets=[SECRET, PREVIOUS],
                timeouts=(2, 2),
            )
            return House(simulator=simulator, adapter=adapter, url=running.url)

        yield start


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.received.append(Received(dict(self.headers.items()), body))
            self.send_response(heard.answers.pop(0) if heard.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_address[1]}/hooks/stripe/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield heard
    server.shutdown()
    server.server_close()
    thread.join()
