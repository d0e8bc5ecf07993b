"""The broker is dead, or hangs: commits stand, nobody waits for it, and the work is done all the same."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from config import celery
from ledger.money import Money
from payments import dispatch, outbox
from payments.models import OutboxMessage, Withdrawal
from payments.services import withdrawals
from tests.factories import books, people
from tests.factories.outside import calls_inside_transactions

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)


def point_at(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let the nudges go to another broker."""
    url = f"redis://127.0.0.1:{port}/0"
    original = celery.app.connection_for_write
    monkeypatch.setattr(celery.app, "connection_for_write", lambda **options: original(url=url, **options))


@pytest.fixture(autouse=True)
def broker() -> Iterator[None]:
    celery._Broker.forget()
    yield
    celery._Broker.forget()


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where the broker was."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    point_at(monkeypatch, port)


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody takes the connection and never says a word."""
    taken: list[socket.socket] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.1)
        over = threading.Event()

        def take() -> None:
            while not over.is_set():
                try:
                    taken.append(listening.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        point_at(monkeypatch, listening.getsockname()[1])
        yield
        over.set()
        thread.join()
        for connection in taken:
            connection.close()


def ask() -> Withdrawal:
    client = people.client()
    people.fund(client, "500.00")
    return withdrawals.request(
        client=client, money=Money.of("100.00", "EUR"), payment_method=people.payee(client),
        actor=people.acting(client), now=timezone.now(),
    )  # fmt: skip


def put(key: str) -> float:
    """Promise something; the seconds that it took to commit."""
    started = time.monotonic()
    with transaction.atomic():
        outbox.put("test.work", key=key, payload={})
    return time.monotonic() - started


@pytest.mark.parametrize("broker_is", ["dead", "hung"])
def test_a_broker_that_does_not_answer_costs_one_short_wait_and_no_work(
    broker_is: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    request.getfixturevalue(broker_is)
    with caplog.at_level(logging.WARNING, logger="config.celery"):
        took = [put(str(number)) for number in range(10)]
    assert max(took) < 3, "the first nudge gives up soon"
    assert sum(took[1:]) < 1, "and the others do not even try"
    assert [record.message for record in caplog.records if record.name == "config.celery"] == ["broker.unreachable"]
    assert OutboxMessage.objects.count() == 10
    monkeypatch.setitem(dispatch._handlers, "test.work", lambda *, payload, now: None)
    assert dispatch.drain(now=timezone.now()) == 10, "the sweep finds all of it"


def test_after_a_rest_the_broker_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def send(task: str, **options: Any) -> None:
        tried.append(task)
        raise OSError("gone")

    monkeypatch.setattr(celery.app, "send_task", send)
    assert not celery.nudge("a")
    assert not celery.nudge("b")
    assert tried == ["a"]
    celery._Broker.rests_until = time.monotonic() - 1
    assert not celery.nudge("c")
    assert tried == ["a", "c"]


def test_a_living_broker_gets_the_nudge() -> None:
    with celery.app.connection_for_read() as connection:
        names = []
        with connection.SimpleQueue(celery.app.conf.task_default_queue) as queue:
            assert celery.nudge("payments.tasks.drain_outbox")
            message = queue.get(timeout=5)
            names.append(message.headers["task"])
            message.ack()
            queue.clear()
    assert names == ["payments.tasks.drain_outbox"]


def test_even_a_nudge_that_raises_leaves_the_commit_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(task: str) -> bool:
        raise OSError("no broker at all")

    monkeypatch.setattr(celery, "nudge", broken)
    withdrawal = ask()
    with transaction.atomic():
        outbox.put("test.work", key="1", payload={})
    assert Withdrawal.objects.get(pk=withdrawal.pk).state == "requested"
    assert OutboxMessage.objects.count() == 1
    books.assert_sound()


def test_one_transaction_nudges_once(monkeypatch: pytest.MonkeyPatch) -> None:
    nudges: list[Any] = []
    monkeypatch.setattr(celery, "nudge", nudges.append)
    with transaction.atomic():
        for key in "abc":
            outbox.put("test.work", key=key, payload={})
        assert nudges == [], "never before the commit"
    assert nudges == ["payments.tasks.drain_outbox"]


def test_a_savepoint_that_is_rolled_back_takes_its_nudge_along_but_not_the_next_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nudges: list[Any] = []
    monkeypatch.setattr(celery, "nudge", nudges.append)
    with transaction.atomic():
        with pytest.raises(ValueError, match="no"), transaction.atomic():
            outbox.put("test.work", key="a", payload={})
            raise ValueError("no")
        outbox.put("test.work", key="b", payload={})
    assert len(nudges) == 1
    assert list(OutboxMessage.objects.values_list("key", flat=True)) == ["b"]


def test_every_scheduled_task_exists() -> None:
    celery.app.loader.import_default_modules()
    assert {entry["task"] for entry in celery.SCHEDULE.values()} <= set(celery.app.tasks)
    assert "payments.tasks.drain_outbox" in celery.app.tasks
