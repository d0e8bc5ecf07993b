"""Running the checks on a clock and keeping what they found, for the status page and for whoever is called at night.

What they found is kept by the database's own function: a check that breaks or recovers is an event in the log, and
findings are kept until a full run finds nothing, because a look at what is new cannot say that something old is right
again.
"""

import json
from datetime import datetime, timedelta

from django.db import transaction

from ledger import database, invariants
from ledger.models import Verification

FULL_AGAIN = timedelta(minutes=10)  # while something is broken, a full run at least this often
KEPT = 5  # findings kept per check


def verify(*, now: datetime, incremental: bool = True) -> bool:
    """Run the checks and keep the outcome of each; True when nothing is broken.

    With `incremental` only what is new is looked at, unless something is broken and the last full run is old. Raises
    InvalidRequest for a time that is still to come."""
    report = invariants.run(incremental=incremental and not _full_is_due(now), limit=KEPT)
    outcomes = json.dumps([_kept(outcome) for outcome in report.outcomes])
    with transaction.atomic():
        answer = database.call(
            "ledger_verified", [(now, "timestamptz"), (report.since == 0, "boolean"), (outcomes, "jsonb")]
        )
    return bool(answer["ledger_verified"])


def _full_is_due(now: datetime) -> bool:
    broken = Verification.objects.filter(passed=False)
    return broken.exists() and not broken.filter(full_at__gt=now - FULL_AGAIN).exists()


def _kept(outcome: invariants.Outcome) -> dict[str, object]:
    return {
        "name": outcome.name,
        "title": outcome.title,
        "milliseconds": int(outcome.seconds * 1000),
        "findings": [{"object": f.object, "reference": f.reference, "detail": f.detail} for f in outcome.findings],
    }
