"""A sealed book for the tests of the seal: many rows, two days, three checkpoints, a copy outside the database."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from ledger import events, seal_checkpoints, sealing
from tests.integration.ledger import books

PATIENCE = 60  # seconds: other databases of the test server hold the horizon back while they write


def seal_all() -> int:
    """Seal until nothing waits; returns the number of links in the chain."""
    until = time.monotonic() + PATIENCE
    while True:
        sealing.seal()
        lag = sealing.lag()
        if not lag.waiting:
            return lag.number
        assert time.monotonic() < until, f"{lag.waiting} rows still wait"
        time.sleep(0.05)


def happen(count: int, *, first: int = 0) -> None:
    """Some events, with and without facts, in one commit each."""
    for number in range(first, first + count):
        with transaction.atomic():
            events.record(
                type="test.happened",
                object_ref=f"obj_{number}",
                client_ref="cl_ada" if number % 2 else "",
                actor=books.Somebody(),
                before={"state": "new", "ü": number} if number % 3 else None,
                after={"amount": f"{number}.50"},
            )


def checkpoint(now: datetime) -> None:
    assert seal_checkpoints.sign_head(now=now) is not None
    seal_checkpoints.copy_out(now=now)


def sealed_book() -> dict[str, Any]:
    """`books.full_book()` and events, sealed: a checkpoint, the day's root, more rows, a checkpoint, rows, another."""
    made = books.full_book()
    happen(9)
    now = datetime.now(UTC)
    made["first"] = seal_all()
    checkpoint(now)
    assert sealing.close_days(now=now + timedelta(days=1)) >= 1
    checkpoint(now)
    books.receive("11.25", source=books.source("after"))
    happen(4, first=9)
    made["second"] = seal_all()
    checkpoint(now)
    books.send("3")
    happen(2, first=13)
    made["last"] = seal_all()
    checkpoint(now)
    return made


def folder_of(settings: Any, path: Path) -> Path:
    """Let copies of checkpoints go to this folder alone."""
    settings.SEAL = {**settings.SEAL, "folders": [str(path)], "storages": [], "emails": []}
    return path
