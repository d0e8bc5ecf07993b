"""The outside systems of the API's tests: simulators on loopback, and our connectors pointed at them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from payments.connectors import registry
from payments.connectors.platforms.mt5.simulator import Mt5Simulator
from payments.connectors.psp.stripe.simulator import StripeSimulator
from payments.connectors.simulation import RunningSimulator

SECRET, PASSWORD = "sk_test_api", "Password1"


@dataclass(frozen=True)
class Outside:
    stripe: StripeSimulator
    mt5: Mt5Simulator


@contextmanager
def running(folder: Path) -> Iterator[Outside]:
    """A card provider and a trading platform for as long as it lasts."""
    stripe = StripeSimulator(state=folder / "stripe.sqlite3", secret_key=SECRET)
    mt5 = Mt5Simulator(state=folder / "mt5.sqlite3", password=PASSWORD)
    with RunningSimulator(stripe), RunningSimulator(mt5):
        yield Outside(stripe, mt5)


@contextmanager
def pointed_at(outside: Outside, settings: Any) -> Iterator[None]:
    """Our connectors speak to these simulators for as long as it lasts."""
    settings.STRIPE = settings.STRIPE | {"api_base": outside.stripe.url, "secret_key": SECRET}
    server = {"url": outside.mt5.url, "login": "1000", "password": PASSWORD, "timeout": 2.0}
    settings.MT5 = {"servers": {"mt5": server}}
    registry.forget()
    yield
    registry.platform("mt5").close()
    registry.forget()
