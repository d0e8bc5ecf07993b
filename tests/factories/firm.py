"""A whole firm for one test: real simulators over HTTP, our adapters on them, and a hand that turns the crank."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils import timezone

from payments import dispatch
from payments.connectors import registry
from payments.connectors.simulation import RunningSimulator, Simulator
from payments.services import bank_files


class Firm:
    """Start with the simulators you need; `work()` does what workers and schedule do."""

    def __init__(self, settings: Any, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self._running: list[RunningSimulator] = []

    def run(self, simulator: Simulator) -> RunningSimulator:
        running = RunningSimulator(simulator).start()
        self._running.append(running)
        return running

    def open_bank(self, **options: Any) -> RunningSimulator:
        from payments.connectors.bank.sepa.simulator import SepaSimulator

        bank = self.settings.BANK["sepa"]
        options.setdefault("delay", 0.0)
        running = self.run(
            SepaSimulator(
                state=self.folder / "sepa.sqlite3",
                client_iban=bank["iban"],
                own_iban=bank["own_iban"],
                bic=bank["bic"],
                owner=bank["name"],
                **options,
            )
        )
        self.settings.BANK = {"sepa": bank | {"url": running.url}}
        registry.forget()
        return running

    def work(self, *, fetch: bool = True) -> None:
        """Do everything that is due now, and what that makes due, including the bank's mailbox."""
        for _ in range(20):
            done = dispatch.drain(limit=500, now=timezone.now())
            if fetch and self.settings.BANK and any(r.simulator.name == "sepa" for r in self._running):
                done += bank_files.fetch(bank="sepa", now=timezone.now())
            if not done:
                return

    def work_until(self, condition: Callable[[], bool], *, seconds: float = 15) -> None:
        """Turn the crank until something is true. Fails with the time that passed."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not true within {seconds} s"
            self.work()
            time.sleep(0.05)

    def stop(self) -> None:
        for running in self._running:
            running.stop()
        registry.forget()


def control(running: RunningSimulator, path: str, data: Any = None) -> Any:
    """Knock at a simulator's own test door."""
    body = None if data is None else json.dumps(data).encode()
    with urllib.request.urlopen(running.url + path, data=body, timeout=5) as response:
        return json.loads(response.read())
