"""`manage.py simulate stripe`: a server of its own that starts, misbehaves on request and forgets nothing."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from django.core.management.base import CommandError

from payments.connectors.psp.stripe.simulator import StripeSimulator
from payments.management.commands import simulate

ROOT = Path(__file__).parents[6]


class Program:
    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "simulate", "stripe", "--port", "0", *arguments],
            cwd=ROOT,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.development"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.said)
        assert found, self.said + self.process.stdout.read()
        self.url = found.group()

    def pay(self) -> None:
        requests.post(
            f"{self.url}/v1/payment_intents",
            data={"amount": "1000", "currency": "usd"},
            headers={"Authorization": "Bearer sk_test_demo"},
            timeout=10,
        ).raise_for_status()

    def payments(self) -> int:
        listed = requests.get(
            f"{self.url}/v1/payment_intents", headers={"Authorization": "Bearer sk_test_demo"}, timeout=10
        )
        return len(listed.json()["data"])

    def end(self, sign: int) -> int:
        self.process.send_signal(sign)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    running: list[Program] = []

    def begin(*arguments: str) -> Program:
        running.append(Program(*arguments))
        return running[-1]

    yield begin
    for program in running:
        if program.process.poll() is None:
            program.end(signal.SIGKILL)


@pytest.mark.slow
def test_killed_and_started_again_it_knows_its_payments(start: Callable[..., Program], tmp_path: Path) -> None:
    state = tmp_path / "deep" / "stripe.sqlite3"
    first = start("--state", str(state))
    first.pay()
    first.end(signal.SIGKILL)
    second = start("--state", str(state))
    assert second.payments() == 1
    assert second.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_it_takes_faults_from_a_file_and_settings_from_the_line(start: Callable[..., Program], tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text(json.dumps([{"on": "create_payment", "do": "error"}]))
    program = start("--state", str(tmp_path / "s.sqlite3"), "--faults", str(script), "--set", "slow_seconds=7")
    with pytest.raises(requests.HTTPError):
        program.pay()
    program.pay()
    assert [rule["fired"] for rule in requests.get(f"{program.url}/_sim/faults", timeout=10).json()] == [1]
    settings = requests.post(f"{program.url}/_sim/settings", json={}, timeout=10).json()
    assert settings["slow_seconds"] == 7
    assert settings["webhook_url"].endswith("/hooks/stripe/")
    assert program.end(signal.SIGINT) == 0


def test_a_simulator_is_built_by_its_name(tmp_path: Path) -> None:
    built = simulate.build("stripe", state=tmp_path / "s.sqlite3", options={"webhook_secret": "whsec_x"})
    assert isinstance(built, StripeSimulator)


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no simulator"):
        simulate.build("paypal", state=tmp_path / "s.sqlite3")


def test_an_option_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="colour"):
        simulate.build("stripe", state=tmp_path / "s.sqlite3", options={"colour": "red"})


@pytest.mark.parametrize("content", ["{", '[{"do": "drop"}]', "7", '[{"on": "x", "do": "y", "z": 1}]'])
def test_a_fault_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    script = tmp_path / "faults.json"
    script.write_text(content)
    with pytest.raises(CommandError, match="fault rules"):
        simulate.build("stripe", state=tmp_path / "s.sqlite3", faults=script)
