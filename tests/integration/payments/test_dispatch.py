"""The outbox and the only way out: leases, fencing, tries, poison, and promises that nobody can lose."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from payments import dispatch, outbox
from payments.dispatch import ATTEMPTS_MAX, BACK_OFF, LEASE, Later
from payments.models import OutboxMessage
from reconciliation.models import ExceptionCase
from tests.factories.outside import calls_inside_transactions

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)

TOPIC = "test.work"

# Long after the hour of import: promises are kept by the clock that workers are given.
START = timezone.now().replace(microsecond=0) + timedelta(days=1)
Handle = Callable[..., None]


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handle], None]:
    """Let this function keep the promises of the test's topic."""
    return lambda function: monkeypatch.setitem(dispatch._handlers, TOPIC, function)


def promise(*keys: str, topic: str = TOPIC) -> None:
    with transaction.atomic():
        for key in keys:
            outbox.put(topic, key=key, payload={"key": key})


def work(now: datetime = START, **options: Any) -> int:
    return dispatch.drain(topics=(TOPIC,), now=now, **options)


def row(key: str = "a") -> OutboxMessage:
    return OutboxMessage.objects.get(topic=TOPIC, key=key)


def as_written(key: str = "a") -> dict[str, Any]:
    return OutboxMessage.objects.filter(topic=TOPIC, key=key).values().get()


# --- leases -----------------------------------------------------------------------------------------------------------


def finishes() -> None:
    """The handler returns."""


def comes_later() -> None:
    raise Later(timedelta(seconds=7))


def fails() -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("late", [finishes, comes_later, fails])
@pytest.mark.parametrize("taken_over", [finishes, comes_later, fails])
def test_a_worker_whose_lease_is_over_cannot_end_the_message_taken_over_from_it(
    handled: Any, taken_over: Callable[[], None], late: Callable[[], None]
) -> None:
    calls: list[datetime] = []
    written: list[dict[str, Any]] = []

    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        calls.append(now)
        if len(calls) == 1:  # this worker sleeps over its lease; meanwhile another one claims and ends the message
            assert work(START + LEASE) == 1
            written.append(as_written())
            late()
        taken_over()

    handled(handle)
    promise("a")
    assert work() == 1
    assert len(calls) == 2
    assert as_written() == written[0], "what the second worker wrote stands"


def test_while_a_lease_runs_nobody_else_gets_the_message(handled: Any) -> None:
    seen: list[int] = []

    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        seen.append(work(START + LEASE - timedelta(seconds=1)))

    handled(handle)
    promise("a")
    work()
    assert seen == [0]
    assert row().state == "done"


def test_four_workers_and_two_hundred_messages_each_is_handled_once(handled: Any) -> None:
    counts: Counter[str] = Counter()
    by_thread: Counter[int] = Counter()
    lock, start = threading.Lock(), threading.Barrier(4)

    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        with lock:
            counts[payload["key"]] += 1
            by_thread[threading.get_ident()] += 1

    handled(handle)
    promise(*(str(number) for number in range(200)))

    def worker() -> None:
        try:
            start.wait()
            work(limit=1000)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == Counter({str(number): 1 for number in range(200)})
    assert len(by_thread) > 1, "they did work side by side"
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("done", 1)}


# --- tries ------------------------------------------------------------------------------------------------------------


def test_later_costs_no_try_however_often(handled: Any) -> None:
    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        raise Later(timedelta(seconds=30))

    handled(handle)
    promise("a")
    for turn in range(ATTEMPTS_MAX * 2):
        now = START + timedelta(seconds=30 * turn)
        assert work(now) == 1
        assert (row().state, row().attempts, row().available_at) == ("ready", 0, now + timedelta(seconds=30))
        assert work(now + timedelta(seconds=29)) == 0


def test_a_failure_is_tried_again_after_2_10_60_and_300_seconds_and_then_parked(handled: Any) -> None:
    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        raise ValueError("the cause")

    handled(handle)
    promise("a")
    now = START
    for pause in BACK_OFF:
        assert work(now) == 1
        assert (row().state, row().last_error) == ("ready", "ValueError: the cause")
        assert row().available_at == now + pause
        assert work(row().available_at - timedelta(milliseconds=1)) == 0
        now = row().available_at
    assert [pause.total_seconds() for pause in BACK_OFF] == [2, 10, 60, 300]
    assert work(now) == 1
    assert (row().state, row().attempts, row().finished_at) == ("parked", 5, now)


def park(key: str = "a", now: datetime = START) -> datetime:
    """Let a message fail until it is parked; returns when."""
    while row(key).state == "ready":
        now = max(now, row(key).available_at)
        work(now)
    return now


def test_poison_becomes_one_case_while_the_healthy_ones_go_on(handled: Any) -> None:
    done: list[str] = []

    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        if payload["key"] == "poison":
            raise RuntimeError("poison")
        done.append(payload["key"])

    handled(handle)
    promise("1", "poison", "2", "3")
    assert work() == 4
    assert done == ["1", "2", "3"], "the poison stopped nobody, in the very first round"
    park("poison")
    dispatch.drain(topics=(dispatch.EXCEPTION_TOPIC,), now=START + timedelta(hours=1))
    case = ExceptionCase.objects.get()
    assert (case.category, case.subject) == ("stuck_work", f"{TOPIC}:poison")
    assert case.facts["error"] == "RuntimeError: poison"


def test_a_message_that_kills_its_workers_is_parked_too(handled: Any) -> None:
    """F08: SIGSEGV, out of memory: the worker never comes back to say that it failed."""

    class Killed(BaseException):
        pass

    deaths: list[datetime] = []

    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        deaths.append(now)
        raise Killed

    handled(handle)
    promise("a")
    now = START
    for _ in range(ATTEMPTS_MAX):
        with pytest.raises(Killed):
            work(now)
        now += LEASE
    assert work(now) == 1
    assert len(deaths) == ATTEMPTS_MAX, "the sixth worker did not touch it"
    assert (row().state, row().attempts) == ("parked", 5)
    assert "died" in row().last_error
    assert OutboxMessage.objects.filter(topic=dispatch.EXCEPTION_TOPIC).count() == 1


def test_a_promise_with_the_longest_key_can_be_parked(handled: Any) -> None:
    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        raise ValueError("\0 in the words of a provider")

    handled(handle)
    promise("k" * 120, "l" + "k" * 119)
    for key in ("k" * 120, "l" + "k" * 119):
        park(key)
    dispatch.drain(topics=(dispatch.EXCEPTION_TOPIC,), now=START + timedelta(hours=1))
    assert ExceptionCase.objects.count() == 2


def test_what_is_started_again_gets_five_tries_and_a_case_of_its_own(handled: Any) -> None:
    fail = [True]

    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        if fail[0]:
            raise ValueError("still broken")

    handled(handle)
    promise("a")
    now = park()
    dispatch.drain(topics=(dispatch.EXCEPTION_TOPIC,), now=now + LEASE)
    now += timedelta(hours=1)
    first = ExceptionCase.objects.get()
    ExceptionCase.objects.filter(pk=first.pk).update(
        state="resolved", outcome="done_again", resolved_at=now, resolved_by="usr_x"
    )
    assert dispatch.revive(message_id=row().pk, now=now)
    assert not dispatch.revive(message_id=row().pk, now=now), "it is not parked any more"
    now = park(now=now)
    dispatch.drain(topics=(dispatch.EXCEPTION_TOPIC,), now=now + LEASE)
    assert ExceptionCase.objects.exclude(state="resolved").count() == 1, "stuck again is told again"
    fail[0] = False
    assert dispatch.revive(message_id=row().pk, now=now)
    work(now)
    assert row().state == "done"


def test_a_topic_that_nobody_handles_is_an_error_like_any_other() -> None:
    promise("a")
    assert work() == 1
    assert "Nobody handles test.work" in row().last_error
    assert row().state == "ready"


def test_an_exception_that_cannot_be_raised_is_parked_and_does_not_raise_another() -> None:
    promise("a", topic=dispatch.EXCEPTION_TOPIC)
    now = START
    for _ in range(ATTEMPTS_MAX):
        dispatch.drain(topics=(dispatch.EXCEPTION_TOPIC,), now=now)
        now += timedelta(minutes=10)
    assert list(OutboxMessage.objects.values_list("topic", "state")) == [(dispatch.EXCEPTION_TOPIC, "parked")]


# --- where handlers run -----------------------------------------------------------------------------------------------


def test_nothing_is_handled_inside_a_transaction(handled: Any) -> None:
    called: list[str] = []
    handled(lambda *, payload, now: called.append(payload["key"]))
    promise("a")
    before = as_written()
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
        work()
    assert called == []
    assert as_written() == before


def test_a_handler_runs_with_no_transaction_open(handled: Any) -> None:
    def handle(*, payload: dict[str, Any], now: datetime) -> None:
        dispatch.require_no_transaction()

    handled(handle)
    promise("a")
    work()
    assert row().state == "done"


def test_a_drain_with_little_time_ends_between_two_messages(handled: Any) -> None:
    handled(lambda *, payload, now: None)
    promise("a", "b")
    assert work(seconds=0) == 0
    assert work(limit=1) == 1
    assert work(seconds=60) == 1


# --- promises ---------------------------------------------------------------------------------------------------------


def test_a_promise_is_made_once_and_only_with_what_was_decided() -> None:
    promise("a", "a")
    promise("a")
    with pytest.raises(ValueError, match="no"), transaction.atomic():
        outbox.put(TOPIC, key="b", payload={})
        raise ValueError("no")
    assert list(OutboxMessage.objects.values_list("key", flat=True)) == ["a"]


def test_a_promise_for_later_waits(handled: Any) -> None:
    handled(lambda *, payload, now: None)
    with transaction.atomic():
        outbox.put(TOPIC, key="a", payload={}, available_at=START + timedelta(minutes=5))
    assert work(START + timedelta(minutes=4)) == 0
    assert work(START + timedelta(minutes=5)) == 1
