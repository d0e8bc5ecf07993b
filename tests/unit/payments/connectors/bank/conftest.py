"""A real bank simulator over HTTP for every test, with a clock that the test moves, and the adapter in front of it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payments.connectors.bank.base import BankFile, Payout, PayoutStatus
from payments.connectors.bank.sepa.adapter import SepaBank
from payments.connectors.bank.sepa.simulator import BIC, CLIENT_MONEY_IBAN, SepaSimulator
from payments.connectors.outcomes import Outcome
from payments.connectors.simulation import RunningSimulator

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
GERMAN_IBAN = "DE89370400440532013000"  # the public example of the German central bank's documentation
OTHER_IBAN = "DE02120300000000202051"


class Clock:
    """The bank's clock: it stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Desk:
    """The bank from behind its counter: rules, faults, books, and the passing of time."""

    def __init__(self, simulator: SepaSimulator, clock: Clock) -> None:
        self.simulator = simulator
        self.clock = clock

    @property
    def url(self) -> str:
        return self.simulator.url

    def call(self, path: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(self.url + path, data=body, timeout=5) as response:
            return json.loads(response.read())

    def refusal(self, path: str, data: Any) -> str:
        """Post what must be refused; returns the bank's sentence."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.call(path, data)
        with refused.value as answer:
            assert answer.code == 422
            return str(json.loads(answer.read())["error"])

    def rules(self, *rules: dict[str, Any]) -> None:
        self.call("/_sim/rules", list(rules))

    def faults(self, *rules: dict[str, Any]) -> None:
        self.call("/_sim/faults", list(rules))

    def fired(self) -> list[int]:
        return [rule["fired"] for rule in self.call("/_sim/faults")]

    def step(self, times: int = 1) -> None:
        """Let one second pass, and the bank do what is due."""
        for _ in range(times):
            self.clock.now += timedelta(seconds=1)
            self.simulator.background()

    def books(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("/_sim/books")
        return found

    def balance(self, currency: str = "EUR", iban: str = CLIENT_MONEY_IBAN) -> Decimal:
        accounts = self.books()["accounts"]
        return Decimal(next(a["balance"] for a in accounts if (a["iban"], a["currency"]) == (iban, currency)))

    def states(self) -> list[str]:
        return [payment["state"] for payment in self.books()["payments"]]


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    running: list[RunningSimulator] = []

    def make(**options: Any) -> Desk:
        clock = Clock()
        simulator = SepaSimulator(state=tmp_path / "bank.sqlite3", **{"delay": 1.0, "clock": clock} | options)
        running.append(RunningSimulator(simulator).start())
        return Desk(simulator, clock)

    yield make
    for server in running:
        server.stop()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


def adapter(url: str, *, timeout: float = 5.0, **options: Any) -> SepaBank:
    return SepaBank(url=url, iban=CLIENT_MONEY_IBAN, bic=BIC, name="Demo Broker", timeout=timeout, **options)


@pytest.fixture
def bank(desk: Desk) -> SepaBank:
    return adapter(desk.url)


def payout(end_to_end_id: str = "WD-1", amount: str = "12000.00", **changes: Any) -> Payout:
    fields: dict[str, Any] = {
        "end_to_end_id": end_to_end_id,
        "amount": Decimal(amount),
        "currency": "EUR",
        "beneficiary_name": "Client One",
        "beneficiary_iban": GERMAN_IBAN,
        "beneficiary_bic": "COBADEFFXXX",
        "remittance": f"Withdrawal {end_to_end_id}",
    }
    return Payout(**fields | changes)


def send(bank: SepaBank, *payouts: Payout, message_id: str = "PAY-1") -> Outcome:
    return bank.send_payouts(message_id=message_id, payouts=payouts or (payout(),), execute_on=TODAY, now=NOW)


def collect(bank: SepaBank) -> list[BankFile]:
    """Fetch, keep and acknowledge, as the intake does."""
    files = list(bank.fetch_files())
    for file in files:
        bank.acknowledge_file(reference=file.reference)
    return files


def news(bank: SepaBank) -> list[PayoutStatus]:
    return [status for file in collect(bank) for status in bank.read_status(file=file)]


def told(bank: SepaBank) -> list[tuple[str, str, str]]:
    """The news in short: (end-to-end id, state, ISO status or reason)."""
    return [(item.end_to_end_id, item.state, item.reason_code or item.iso_status) for item in news(bank)]
