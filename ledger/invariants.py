"""What must always be true of the books, looked for in one snapshot: used by the command, the tests, the schedule and
the status page.

The checks themselves are data (`ledger.checks`). A run only reads; it names the rows where something is not true and
never touches them.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from ledger import ids
from ledger.checks import Check, every, passes

SEEN = "ledger:verified-below"  # cache: every database transaction below this number has been verified
FINDINGS_MOST = 20


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row where something is not true. `reference` is what people and other programs call the row."""

    check: str
    object: str
    reference: str
    detail: str

    def __str__(self) -> str:
        return f"{self.object} {self.reference}: {self.detail}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one check found: at most as many rows as were asked for, `more` when there are others. `seconds` is its
    share where one pass spoke for several. `note` says what it could not look for."""

    name: str
    title: str
    findings: tuple[Finding, ...]
    more: bool
    seconds: float
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One run. `since` is 0 for a full one; `horizon` is the number below which everything has now been looked at."""

    outcomes: tuple[Outcome, ...]
    since: int
    horizon: int
    seconds: float

    @property
    def clean(self) -> bool:
        return not any(outcome.findings for outcome in self.outcomes)

    @property
    def findings(self) -> list[Finding]:
        return [finding for outcome in self.outcomes for finding in outcome.findings]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "clean": self.clean,
            "incremental": self.since > 0,
            "horizon": self.horizon,
            "seconds": round(self.seconds, 3),
            "checks": [
                {
                    "name": outcome.name,
                    "title": outcome.title,
                    "clean": not outcome.findings,
                    "more": outcome.more,
                    "seconds": round(outcome.seconds, 3),
                    "note": outcome.note,
                    "findings": [
                        {"object": found.object, "reference": found.reference, "detail": found.detail}
                        for found in outcome.findings
                    ],
                }
                for outcome in self.outcomes
            ],
        }


def run(*, incremental: bool = False, limit: int = FINDINGS_MOST) -> Report:
    """Run every check over everything, or, with `incremental`, over what was written since the last clean run.

    Reads one snapshot, so that movements under way are no false alarm; inside somebody's transaction it reads what that
    one sees. At most `limit` rows are named per check."""
    since = int(cache.get(SEEN, 0)) if incremental else 0
    started = time.perf_counter()
    with _snapshot():
        horizon = int(_scalar("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))
        since = min(since, horizon)
        proven = passes.recently_proven(since) if since else passes.proven()
        outcomes = tuple(
            _clean(check, proven[check.name]) if check.name in proven else _look(check, since, limit)
            for check in every()
            if check.find or check.query(since)
        )
    report = Report(outcomes=outcomes, since=since, horizon=horizon, seconds=time.perf_counter() - started)
    if report.clean:
        cache.set(SEEN, horizon, timeout=None)
    return report


@contextmanager
def _snapshot() -> Iterator[None]:
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        yield


def _clean(check: Check, seconds: float) -> Outcome:
    return Outcome(name=check.name, title=check.title, findings=(), more=False, seconds=seconds)


def _look(check: Check, since: int, limit: int) -> Outcome:
    started = time.perf_counter()
    find = (check.find_recent if since else None) or check.find
    if find:
        rows = find()[: limit + 1]
    else:
        with connection.cursor() as cursor:
            # Materialized, or the limit would have it planned as if there were findings to be expected.
            found = f"WITH found AS MATERIALIZED ({check.query(since)}) SELECT * FROM found LIMIT {int(limit) + 1}"  # noqa: S608 (our own text)
            cursor.execute(found)
            rows = cursor.fetchall()
    findings = tuple(
        Finding(check=check.name, object=kind, reference=_reference(kind, key), detail=detail or "")
        for kind, key, detail in rows[:limit]
    )
    return Outcome(
        name=check.name,
        title=check.title,
        findings=findings,
        more=len(rows) > limit,
        note=check.note() if check.note else "",
        seconds=time.perf_counter() - started,
    )


def _reference(kind: str, key: str) -> str:
    prefixes = {"transaction": "txn", "hold": "hold", "account": "acc", "event": "evt", "monitor": "mon"}
    if kind not in prefixes:
        return key
    return ids.encode(prefixes[kind], uuid.UUID(key) if "-" in key else int(key))


def _scalar(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])
