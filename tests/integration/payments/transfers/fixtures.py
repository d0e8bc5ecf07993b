"""The fixture `broker`: a fresh MT5 simulator on loopback, an empty database, and our connector pointed at it.

A pytest plugin: name it in `pytest_plugins`, import the class `Broker` from the module beside it.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import accounts
from payments.connectors import registry
from payments.connectors.platforms.mt5.simulator import Mt5Simulator
from payments.connectors.simulation import RunningSimulator
from tests.integration.payments.transfers.broker import Broker

PASSWORD = "Password1"
OFFSET = timedelta(hours=2)
# Long enough for a busy machine to answer in, short enough to be waited for when the platform hangs.
TIMEOUT = 1.0


@pytest.fixture
def broker(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Broker]:
    accounts.forget()
    simulator = Mt5Simulator(state=tmp_path / "mt5.sqlite3", password=PASSWORD, utc_offset=OFFSET)
    with RunningSimulator(simulator):
        settings.MT5 = {
            "servers": {
                "mt5": {
                    "url": simulator.url,
                    "login": "1000",
                    "password": PASSWORD,
                    "timeout": TIMEOUT,
                    "utc_offset_minutes": int(OFFSET.total_seconds() // 60),
                }
            }
        }
        registry.forget()
        made = Broker(simulator)
        made.script()
        yield made
        registry.platform("mt5").close()
    registry.forget()
