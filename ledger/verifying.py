"""Running the checks on a clock and keeping what they found, for the status page and for whoever is called at night.

A check that breaks or recovers is an event in the log. Findings are kept until a full run finds nothing: a look at what
is new cannot say that something old is right again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ledger import events, invariants
from ledger.models import Verification

FULL_AGAIN = timedelta(minutes=10)  # while something is broken, a full run at least this often
KEPT = 5  # findings kept per check


@dataclass(frozen=True)
class _Clock:
    """Who acts when the schedule does."""

    id: str = "system:verify_ledger"
    person: str = ""
    on_behalf_of: str = ""
    ip: str | None = None
    device: str = ""
    request_id: str = ""


def verify(*, now: datetime, incremental: bool = True) -> bool:
    """Run the checks and keep the outcome of each; True when nothing is broken.

    With `incremental` only what is new is looked at, unless something is broken and the last full run is old."""
    report = invariants.run(incremental=incremental and not _full_is_due(now), limit=KEPT)
    with transaction.atomic():
        known = {row.check_name: row for row in Verification.objects.select_for_update()}
        for outcome in report.outcomes:
            _keep(outcome, known.get(outcome.name), full=report.since == 0, now=now)
    return not Verification.objects.filter(passed=False).exists()


def _full_is_due(now: datetime) -> bool:
    broken = Verification.objects.filter(passed=False)
    return broken.exists() and not broken.filter(full_at__gt=now - FULL_AGAIN).exists()


def _keep(outcome: invariants.Outcome, before: Verification | None, *, full: bool, now: datetime) -> None:
    was_clean = before is None or before.passed
    clean = not outcome.findings and (was_clean or full)
    findings = [{"object": f.object, "reference": f.reference, "detail": f.detail} for f in outcome.findings]
    if not clean and not findings and before:
        findings = before.findings
    values: dict[str, Any] = {
        "title": outcome.title,
        "checked_at": now,
        "full_at": now if full else (before.full_at if before else None),
        "passed": clean,
        "broken_since": None if clean else (before.broken_since if before and not before.passed else now),
        "milliseconds": int(outcome.seconds * 1000),
        "findings": [] if clean else findings,
    }
    Verification.objects.update_or_create(check_name=outcome.name, defaults=values)
    if clean != was_clean:
        _tell(outcome.name, clean, findings)


def _tell(name: str, clean: bool, findings: list[dict[str, str]]) -> None:
    events.record(
        type="ledger.check_recovered" if clean else "ledger.check_broken",
        object_ref=f"check/{name}",
        actor=_Clock(),
        data=None if clean else {"rows": [f"{found['object']} {found['reference']}" for found in findings]},
    )
