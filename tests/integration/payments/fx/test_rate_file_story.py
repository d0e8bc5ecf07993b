"""The firm's treasury drops its file of rates: taken when it is sound, refused with its own code when it is not.

The treasury is a server of its own that writes a real file; every fault is counted where it was made.
"""

import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.env import ROOT
from ledger.errors import Unavailable
from ledger.models import Event
from payments import dispatch, tasks
from payments.connectors import registry
from payments.connectors.rates.file.adapter import FileRates
from payments.connectors.rates.file.simulator import USUAL, TreasurySimulator
from payments.connectors.rates.refusals import RateFileIncomplete
from payments.connectors.simulation import RunningSimulator
from payments.fx.refusals import RateStale
from payments.models import OutboxMessage, ProviderEvent, Rate
from payments.services import rate_book, rates
from tests.factories.firm import control

pytestmark = pytest.mark.django_db(transaction=True)

FRIDAY = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
MAX_AGE = 6


class Treasury:
    """The simulated treasury over HTTP, with our connector pointed at the file that it drops."""

    def __init__(self, settings: Any, folder: Path) -> None:
        self.path = folder / "drop" / "rates.csv"
        simulator = TreasurySimulator(state=folder / "treasury.sqlite3", path=self.path, now=FRIDAY.isoformat())
        self.running = RunningSimulator(simulator).start()
        settings.RATES = {"file": {"path": str(self.path), "max_age_hours": MAX_AGE}}
        registry.forget()

    def drops(self, fault: str = "", **rule: Any) -> None:
        if fault:
            control(self.running, "/_sim/faults", [{"on": "drop", "do": fault, **rule}])
        assert control(self.running, "/_sim/drop", {})["fault"] == fault
        if fault:
            assert control(self.running, "/_sim/faults")[0]["fired"] == 1

    def says(self, base: str, counter: str, rate: str) -> None:
        control(self.running, "/_sim/rates", {"base": base, "counter": counter, "rate": rate})

    def clock(self, now: datetime) -> None:
        control(self.running, "/_sim/clock", {"now": now.isoformat()})


@pytest.fixture
def treasury(settings: Any, tmp_path: Path) -> Iterator[Treasury]:
    made = Treasury(settings, tmp_path)
    yield made
    made.running.stop()
    registry.forget()


def fetched(now: datetime = FRIDAY) -> int:
    """Fetch, and read what was new."""
    new = rates.fetch(source="file", now=now)
    for message in OutboxMessage.objects.filter(topic=rates.TOPIC, state="ready"):
        rates.read(payload=message.payload, now=now)
    return new


def stored() -> tuple[int, int, int]:
    return Rate.objects.count(), ProviderEvent.objects.count(), OutboxMessage.objects.count()


def test_what_the_treasury_drops_prices_conversions(treasury: Treasury) -> None:
    treasury.says("USD", "KWD", "0.3075")
    treasury.drops()
    assert fetched() == 1
    assert {(rate.base, rate.counter) for rate in Rate.objects.all()} == set(USUAL)
    assert rate_book.price(sell="KWD", buy="AED", now=FRIDAY).path == ("KWD", "USD", "AED")
    assert Rate.objects.get(counter="KWD").value == Decimal("0.3075")
    assert bytes(ProviderEvent.objects.get().body) == treasury.path.read_bytes()


def test_the_same_file_dropped_again_brings_nothing(treasury: Treasury) -> None:
    treasury.drops()
    assert fetched() == 1
    before = stored()
    for _ in range(3):
        treasury.drops()
        assert fetched() == 0
    assert stored() == before


@pytest.mark.parametrize(("fault", "cause"), [("miss", "rate_file_missing"), ("half", "rate_file_incomplete")])
def test_what_cannot_be_fetched_whole_is_not_kept_at_all(treasury: Treasury, fault: str, cause: str) -> None:
    treasury.drops(fault)
    with pytest.raises(Unavailable) as refused:
        fetched()
    assert (refused.value.code, refused.value.cause) == ("unavailable", cause)
    assert tasks.fetch_rates() == 0, "the schedule goes on"
    assert stored() == (0, 0, 0)
    assert not Event.objects.exists()
    treasury.drops()
    assert fetched() == 1, "the next try works"
    assert Rate.objects.count() == len(USUAL)


@pytest.mark.parametrize(
    ("fault", "cause", "words"),
    [
        ("garble", "rate_file_unreadable", "Line 8 is not a rate."),
        ("double", "rate_file_doubled", "Line 8: USD/KWD stands twice for this moment."),
        ("stale", "rate_file_stale", "The newest rate in the file is of 2026-11-13 17:00 UTC."),
    ],
)
def test_what_is_wrong_is_kept_for_people_and_leaves_no_rate(
    treasury: Treasury, fault: str, cause: str, words: str
) -> None:
    treasury.drops(fault)
    assert fetched() == 1
    message = ProviderEvent.objects.get()
    assert (message.state, bytes(message.body)) == ("failed", treasury.path.read_bytes())
    assert not Rate.objects.exists()
    assert not Event.objects.filter(type="rates.received").exists()
    case = OutboxMessage.objects.get(topic="exception.raise").payload
    assert (case["category"], case["facts"]["code"], case["facts"]["why"]) == ("unreadable_file", cause, words)
    assert rate_book.currencies(now=FRIDAY) == []
    treasury.drops()
    assert fetched() == 1, "a sound file is taken afterwards"
    assert Rate.objects.count() == len(USUAL)


def test_a_bad_file_takes_nothing_from_the_good_one_before_it(treasury: Treasury) -> None:
    treasury.drops()
    fetched()
    before = list(Rate.objects.values_list("id", "value", "published_at"))
    for fault in ("garble", "double", "stale", "half", "miss"):
        treasury.drops(fault)
        if fault in ("half", "miss"):
            with pytest.raises(Unavailable):
                fetched()
        else:
            fetched()
        assert list(Rate.objects.values_list("id", "value", "published_at")) == before, fault
        assert rate_book.price(sell="USD", buy="KWD", now=FRIDAY).path == ("USD", "KWD")


def test_a_treasury_that_stopped_dropping_is_found_out(treasury: Treasury) -> None:
    """The file is there and sound; it is only always the same one."""
    treasury.drops()
    assert fetched() == 1
    late = FRIDAY + timedelta(hours=MAX_AGE)
    assert fetched(late - timedelta(seconds=1)) == 0
    with pytest.raises(Unavailable) as refused:
        fetched(late)
    assert refused.value.cause == "rate_file_stale"
    with pytest.raises(RateStale):
        rate_book.price(sell="USD", buy="KWD", now=late)
    treasury.clock(late)
    treasury.drops()
    assert fetched(late) == 1
    assert rate_book.price(sell="USD", buy="KWD", now=late)


def test_old_rates_are_taken_when_history_is_asked_for(treasury: Treasury) -> None:
    treasury.drops("stale", seconds=30 * 86400)
    assert rates.fetch(source="file", now=FRIDAY, history=True) == 1
    rates.read(payload=OutboxMessage.objects.get(topic=rates.TOPIC).payload, now=FRIDAY)
    assert Rate.objects.count() == len(USUAL)
    assert rate_book.currencies(now=FRIDAY) == [], "and price nothing today"


def test_a_jump_in_the_file_waits_for_a_person(treasury: Treasury) -> None:
    treasury.drops()
    fetched()
    treasury.says("USD", "KWD", "3.0715")
    treasury.clock(FRIDAY + timedelta(hours=1))
    treasury.drops()
    fetched(FRIDAY + timedelta(hours=1))
    held = Rate.objects.exclude(held_for="").get()
    assert (held.pair, held.held_for) == ("USD/KWD", "jump")


def test_a_file_that_is_written_in_place_is_never_taken_in_part(tmp_path: Path) -> None:
    """A careless writer, without renaming, against a reader that never stops."""
    path = tmp_path / "rates.csv"
    whole = TreasurySimulator(state=tmp_path / "t.sqlite3", path=path).content(FRIDAY)
    done = threading.Event()

    def write() -> None:
        for _ in range(60):
            with path.open("wb") as file:
                for start in range(0, len(whole), 7):
                    file.write(whole[start : start + 7])
                    file.flush()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    source, seen, refused = FileRates(path=str(path)), 0, 0
    while not done.is_set() or not seen:
        try:
            content = source.fetch().content
        except Unavailable as error:
            refused += isinstance(error, RateFileIncomplete)
            continue
        seen += 1
        assert whole.startswith(content)
        assert content.endswith(b"Z\n") or content.count(b"\n") == 1, "whole lines only"
    writer.join()
    assert refused > 0, "the race was seen"


@pytest.mark.slow
def test_a_person_tries_it_with_two_commands(settings: Any, tmp_path: Path) -> None:
    """`simulate treasury` as a process of its own, `fetch_rates` as typed; what is wrong is said with its code."""
    path = tmp_path / "rates.csv"
    settings.RATES = {"file": {"path": str(path), "max_age_hours": MAX_AGE}}
    registry.forget()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "simulate", "treasury", "--port", "0", "--state", str(tmp_path / "t.sqlite3")],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.development", "RATE_FILE": str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        door: Any = SimpleNamespace(url=found.group())
        for fault, code in (("miss", "missing"), ("half", "incomplete"), ("garble", "unreadable"),
                            ("double", "doubled"), ("stale", "stale")):  # fmt: skip
            control(door, "/_sim/faults", [{"on": "drop", "do": fault}])
            control(door, "/_sim/drop", {})
            with pytest.raises(CommandError, match=f"file: rate_file_{code}: "):
                call_command("fetch_rates", "--source", "file", stdout=io.StringIO())
            assert not Rate.objects.exists(), fault
        control(door, "/_sim/drop", {})
        said = io.StringIO()
        call_command("fetch_rates", "--source", "file", stdout=said)
        assert said.getvalue() == f"file: a new file\n{len(USUAL)} new rates; 0 wait for a person\n"
    finally:
        process.terminate()
        process.communicate(timeout=30)
        registry.forget()


def test_one_source_that_is_away_does_not_keep_the_others_away(treasury: Treasury, settings: Any) -> None:
    settings.RATES = {"ecb": {"url": "http://127.0.0.1:9", "timeout": 1.0}, **settings.RATES}
    registry.forget()
    treasury.clock(timezone.now())
    treasury.drops()
    said = io.StringIO()
    with pytest.raises(CommandError, match="ecb: unavailable: "):
        call_command("fetch_rates", stdout=said)
    assert "file: a new file" in said.getvalue()
    assert Rate.objects.count() == len(USUAL)
    assert not dispatch.drain(topics=(rates.TOPIC,))
