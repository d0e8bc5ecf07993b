"""What the API's tests stand on: PostgreSQL as it is, simulators on loopback, the account cache emptied around each."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from ledger import accounts
from payments.connectors import registry
from tests.integration.api.outside import Outside, pointed_at, running
from tests.integration.api.world import World


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    accounts.forget()
    registry.forget()
    yield
    accounts.forget()
    registry.forget()


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with running(tmp_path_factory.mktemp("outside")) as systems:
        yield systems


@pytest.fixture
def outside(simulators: Outside, settings: Any) -> Iterator[Outside]:
    with pointed_at(simulators, settings):
        yield simulators


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def firm(world: World, outside: Outside, settings: Any) -> Iterator[World]:
    """A world for sweeps: outside systems may be called although the test itself is the transaction; no rate limits."""
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {}}
    connection.allows_calls_in_tests = True  # type: ignore[attr-defined]
    yield world
    connection.allows_calls_in_tests = False  # type: ignore[attr-defined]


@pytest.fixture
def committed_world(transactional_db: None) -> World:
    """A world whose rows are really committed, for other connections to see."""
    return World()
