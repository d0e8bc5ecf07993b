"""The event log as a feed: a reader that keeps its cursor sees every event once, whatever order they commit in."""

import random
import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger import events
from ledger.models import Event
from payments.actors import Actor
from tests.integration.api.at_once import at_once
from tests.integration.api.world import Api, World, problem

SYSTEM = Actor.system("test")


def record(ref: str) -> None:
    events.record(type="test.done", object_ref=ref, actor=SYSTEM, occurred_at=timezone.now())


def feed(api: Api, cursor: str | None, limit: int = 50) -> tuple[list[str], str]:
    """What is new since a cursor, and the cursor to come back with."""
    found: list[str] = []
    while True:
        query: dict[str, Any] = {"order": "asc", "type": "test.done", "limit": limit}
        page = api.read("/events", **query, **({"cursor": cursor} if cursor else {}))
        found += [row["object"] for row in page["data"]]
        cursor = page["next"]
        assert cursor is not None
        if not page["data"]:
            return found, cursor


@pytest.mark.alone
def test_an_event_that_commits_late_is_not_missed(committed_world: World) -> None:
    api = committed_world.auditor
    begun, finish = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            record("late")
            begun.set()
            finish.wait(20)
        connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert begun.wait(5)
    record("quick")
    seen, cursor = feed(api, None)
    assert seen == []  # the late one has the lower number and is still under way
    finish.set()
    thread.join()
    seen, cursor = feed(api, cursor)
    assert sorted(seen) == ["late", "quick"]
    assert feed(api, cursor)[0] == []


@pytest.mark.alone
def test_a_reader_among_many_writers_misses_and_doubles_nothing(committed_world: World) -> None:
    api, stop = committed_world.auditor, threading.Event()
    seen: list[str] = []

    def read() -> None:
        cursor = None
        while True:
            last = stop.is_set()
            found, cursor = feed(api, cursor, limit=7)
            seen.extend(found)
            if last:
                connection.close()
                return

    def write(number: int) -> None:
        chance = random.Random(number)
        for count in range(25):
            with transaction.atomic():
                record(f"{number}-{count}")
                time.sleep(chance.random() / 50)

    reader = threading.Thread(target=read)
    reader.start()
    at_once(8, write)
    stop.set()
    reader.join()
    assert len(seen) == len(set(seen))
    assert set(seen) == {f"{number}-{count}" for number in range(8) for count in range(25)}


@pytest.mark.alone
def test_newest_first_by_default_and_filtered(committed_world: World) -> None:
    api = committed_world.auditor
    withdrawal = committed_world.withdrawal()
    rows = api.read("/events", object=withdrawal["id"])["data"]
    assert [row["type"] for row in rows] == ["withdrawal.requested"]
    row = rows[0]
    assert (row["client"], row["actor"]) == (committed_world.client.public_id, withdrawal["made_by"])
    assert row["after"]["state"] == "requested"
    assert [r["id"] for r in api.read("/events", client=committed_world.client.public_id)["data"]] == [row["id"]]
    everything = [r["id"] for r in api.read("/events", limit=200)["data"]]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == Event.objects.count()
    problem(api.get("/events", order="sideways"), 400, "invalid_request", "order")
    problem(committed_world.apis["support"].get("/events"), 403, "insufficient_scope")
