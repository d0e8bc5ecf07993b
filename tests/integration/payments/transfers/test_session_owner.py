"""The platform's session has one owner at a time, across threads, processes and their deaths."""

import threading
import time
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from payments.connectors import registry
from payments.connectors.outcomes import Rejected
from payments.connectors.platforms.session_owner import session_owner
from payments.models import Client
from tests.integration.payments.transfers.broker import Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def test_nobody_else_is_inside(broker: Broker) -> None:
    inside: list[int] = []
    most = 0

    def work(_: int) -> None:
        nonlocal most
        with session_owner("platform:mt5")():
            inside.append(1)
            most = max(most, len(inside))
            time.sleep(0.005)
            inside.pop()

    assert broker.together(12, work) == [None] * 12
    assert most == 1


def test_another_platform_is_another_session(broker: Broker) -> None:
    with session_owner("platform:mt5")():
        (answer,) = broker.together(1, lambda _: session_owner("platform:other", patience=0)().__enter__())
    assert answer is None


def test_patience_ends_and_the_next_one_is_served(broker: Broker) -> None:
    taken, leave = threading.Event(), threading.Event()

    def hold(index: int) -> float:
        if index == 0:
            with session_owner("platform:mt5")():
                taken.set()
                assert leave.wait(10)
            return 0.0
        assert taken.wait(10)
        begun = time.monotonic()
        with pytest.raises(TimeoutError), session_owner("platform:mt5", patience=0.2)():
            pytest.fail("two owners")
        leave.set()
        return time.monotonic() - begun

    _, waited = broker.together(2, hold)
    assert 0.2 <= waited < 2
    with session_owner("platform:mt5", patience=2)():
        pass


def cut(superuser: psycopg.Connection) -> None:
    """End this thread's own database session, as a server restart does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_an_owner_that_dies_lets_go(broker: Broker, superuser_connection: psycopg.Connection) -> None:
    def take(_: int) -> str:
        with session_owner("platform:mt5", patience=2)():
            return "taken"

    with session_owner("platform:mt5")():
        cut(superuser_connection)
        assert broker.together(1, take) == ["taken"], "held by nobody, though the dead one never said so"
    assert Client.objects.count() == 0, "and what was inside goes on, on a new connection"


def test_a_database_that_cannot_be_asked_means_that_nothing_was_sent(
    broker: Broker, superuser_connection: psycopg.Connection
) -> None:
    _, account = broker.funded(wallet="500")
    broker.script()
    cut(superuser_connection)
    outcome = registry.platform("mt5").move(login=account.login, amount=Decimal(5), token="WW0000TEST", note="transfer")
    assert isinstance(outcome, Rejected), "definitely not sent, so not in doubt"
    assert broker.calls("balance") == 0
    connection.close()
    assert broker.platform_balance(account) == 0
