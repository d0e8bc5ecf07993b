"""A worker is killed (SIGKILL) at each point of sending a transfer, and the next worker makes it right.

The worker is a process of its own. It is stopped exactly where a test wants it, by the locks and the answers that it
waits for: no crash points are built into the product.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, models, transaction

from config.env import ROOT
from payments.connectors.platforms.session_owner import session_owner
from payments.models import OutboxMessage, Transfer
from tests.integration.payments.transfers.broker import Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)
pytestmark = pytest.mark.slow

Superuser = psycopg.Connection
DIRECTIONS = ("to_platform", "from_platform")


class Worker:
    """A real worker process on this test's database and simulator."""

    def __init__(self, broker: Broker) -> None:
        module = "tests.integration.payments.transfers.worker"
        name = str(connection.settings_dict["NAME"])
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, name, broker.simulator.url, "20"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env=dict(os.environ) | {"DJANGO_SETTINGS_MODULE": "config.settings.test"},
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def kill(self, superuser: Superuser) -> None:
        """No goodbye: the process is gone, and so are its database sessions, whatever they were waiting for."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            assert self._process.wait(10) == -signal.SIGKILL
            assert self._process.stdout is not None
            self._process.stdout.close()
        superuser.execute(
            """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type = 'client backend'
                  AND pid NOT IN (pg_backend_pid(), %s)""",
            [connection.connection.info.backend_pid],
        )


@contextmanager
def worker(broker: Broker, superuser: Superuser) -> Iterator[Worker]:
    running = Worker(broker)
    try:
        yield running
    finally:
        running.kill(superuser)


@contextmanager
def held(row: models.Model) -> Iterator[None]:
    """Keep everybody else from writing this row."""
    with transaction.atomic():
        type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
        yield


def somebody_waits(superuser: Superuser) -> bool:
    waiting = superuser.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return bool(waiting and waiting[0])


def next_worker(broker: Broker) -> None:
    """The dead one's lease has run out: this process does what is due, until nothing is or a person must decide."""
    broker.later(seconds=61)
    broker.settle_down(hours=0.5)


def setting(broker: Broker, direction: str) -> Transfer:
    _, account = broker.funded(wallet="100", trading="100")
    broker.script()
    return broker.request(account, direction, "60")


def promise_of(transfer: Transfer) -> OutboxMessage:
    return OutboxMessage.objects.get(topic="transfer.send", key=transfer.public_id)


def assert_carried_out_once(broker: Broker, transfer: Transfer) -> None:
    assert broker.state(transfer) == "confirmed"
    assert broker.calls("balance") == 1
    ends = {"to_platform": ("40.00", "160.00"), "from_platform": ("160.00", "40.00")}[transfer.direction]
    assert broker.wallet(transfer.client) == (ends[0], "0.00")
    assert broker.trading(transfer.trading_account) == (ends[1], "0.00")
    assert broker.history(transfer).count("transfer.confirmed") == 1
    broker.assert_both_sides_agree()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_killed_before_the_intention(broker: Broker, superuser_connection: Superuser, direction: str) -> None:
    transfer = setting(broker, direction)
    with held(transfer), worker(broker, superuser_connection) as dying:
        assert broker.eventually(lambda: somebody_waits(superuser_connection))
        dying.kill(superuser_connection)
    assert broker.state(transfer) == "reserved"
    assert promise_of(transfer).attempts == 1

    next_worker(broker)
    assert "transfer.unknown" not in broker.history(transfer), "nothing had begun, so nothing is in doubt"
    assert_carried_out_once(broker, transfer)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_killed_between_intention_and_call(broker: Broker, superuser_connection: Superuser, direction: str) -> None:
    """Nobody can know that the call was never made, so it is not made again: a person decides."""
    transfer = setting(broker, direction)
    with session_owner("platform:mt5")(), worker(broker, superuser_connection) as dying:
        assert broker.eventually(lambda: broker.state(transfer) == "sent")
        dying.kill(superuser_connection)
    assert broker.calls("balance") == 0

    next_worker(broker)
    assert broker.state(transfer) == "unknown"
    assert broker.calls("balance") == 0
    side = broker.wallet(transfer.client) if direction == "to_platform" else broker.trading(transfer.trading_account)
    assert side == ("100.00", "60.00"), "still on its way, neither spent nor given back"
    assert {case["category"] for case in broker.cases()} == {"platform_unknown"}
    broker.assert_both_sides_agree()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_killed_during_the_call(broker: Broker, superuser_connection: Superuser, direction: str) -> None:
    transfer = setting(broker, direction)
    before = broker.platform_balance(transfer.trading_account)
    broker.script({"on": "balance", "do": "hang_before", "seconds": 1.5})
    with worker(broker, superuser_connection) as dying:
        assert broker.eventually(lambda: broker.calls("balance") == 1)
        dying.kill(superuser_connection)
    assert broker.state(transfer) == "sent"
    assert broker.eventually(lambda: broker.platform_balance(transfer.trading_account) != before)

    next_worker(broker)
    assert broker.history(transfer)[-2:] == ["transfer.unknown", "transfer.confirmed"]
    assert_carried_out_once(broker, transfer)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_killed_between_call_and_outcome(broker: Broker, superuser_connection: Superuser, direction: str) -> None:
    transfer = setting(broker, direction)
    broker.script({"on": "balance", "do": "hang_after", "seconds": 1.5})
    with worker(broker, superuser_connection) as dying:
        assert broker.eventually(lambda: broker.calls("balance") == 1)
        with held(transfer):
            assert broker.eventually(lambda: somebody_waits(superuser_connection)), "it knows, and cannot say"
            dying.kill(superuser_connection)
    assert broker.state(transfer) == "sent"

    next_worker(broker)
    assert broker.history(transfer)[-2:] == ["transfer.unknown", "transfer.confirmed"]
    assert_carried_out_once(broker, transfer)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_killed_between_outcome_and_done(broker: Broker, superuser_connection: Superuser, direction: str) -> None:
    transfer = setting(broker, direction)
    broker.script({"on": "balance", "do": "hang_after", "seconds": 1.5})
    with worker(broker, superuser_connection) as dying:
        assert broker.eventually(lambda: broker.calls("balance") == 1)
        with held(promise_of(transfer)):
            assert broker.eventually(lambda: somebody_waits(superuser_connection))
            assert broker.state(transfer) == "confirmed"
            dying.kill(superuser_connection)
    promise = promise_of(transfer)
    assert promise.state == "ready", "the promise is kept a second time"

    broker.later(seconds=61)
    assert broker.drain() == 1
    promise.refresh_from_db()
    assert (promise.state, promise.attempts) == ("done", 2)
    assert_carried_out_once(broker, transfer)


def test_killed_again_and_again_at_random(broker: Broker, superuser_connection: Superuser) -> None:
    random_ = random.Random(7)
    accounts = [broker.funded(wallet="500", trading="500")[1] for _ in range(3)]
    broker.script({"on": "balance", "do": "hang_after", "seconds": 0.2, "times": -1})
    transfers: list[Transfer] = []
    cut_off: set[object] = set()
    inside = 0
    for _ in range(5):
        with worker(broker, superuser_connection) as dying:
            wanted = [(account, random_.choice(DIRECTIONS), str(random_.randint(1, 20))) for account in accounts * 2]
            transfers += [broker.request(*wish) for wish in wanted]
            time.sleep(random_.uniform(0.0, 0.8))
            dying.kill(superuser_connection)
        found = set(Transfer.objects.filter(state="sent").values_list("pk", flat=True))
        inside += bool(found - cut_off)
        cut_off |= found
    assert inside >= 3, "most of the kills struck between intention and outcome"

    next_worker(broker)
    left = Transfer.objects.filter(state="unknown")
    assert all(broker.rows_with(transfer.token) == 0 for transfer in left), "only what was never done is still in doubt"
    assert Transfer.objects.filter(state="confirmed").count() == len(transfers) + len(accounts) - left.count()
    assert broker.calls("balance") == len(transfers) - left.count()
    broker.assert_both_sides_agree()
