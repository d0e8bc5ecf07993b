"""Recompute everything from the entries and check every invariant.

Exit code 0: clean. 1: not clean; the first broken rows of each check are named. Reads only, and may run while the
system works.
"""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from ledger import invariants


class Command(BaseCommand):
    help = "Check every invariant of the ledger. Exits with 1 when something is not true, and names the rows."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
        parser.add_argument(
            "--incremental", action="store_true", help="look only at what was written since the last clean run"
        )
        parser.add_argument("--limit", type=int, default=invariants.FINDINGS_MOST, help="rows to name per check")

    def handle(self, *args: Any, json: bool, incremental: bool, limit: int, **options: Any) -> None:
        report = invariants.run(incremental=incremental, limit=max(1, limit))
        self.stdout.write(as_json(report) if json else as_table(report))
        if not report.clean:
            sys.exit(1)


def as_json(report: invariants.Report) -> str:
    return json.dumps(report.as_dict(), indent=2)


def as_table(report: invariants.Report) -> str:
    """One line per check, the broken rows under it, a verdict at the end."""
    lines = []
    for outcome in report.outcomes:
        mark = "ok  " if not outcome.findings else "FAIL"
        lines.append(f"{mark}  {outcome.title}  ({outcome.seconds * 1000:.0f} ms)")
        lines += [f"        note: {outcome.note}"] if outcome.note else []
        lines += [f"        {finding}" for finding in outcome.findings]
        if outcome.more:
            lines.append("        … and more")
    broken = sum(1 for outcome in report.outcomes if outcome.findings)
    scope = "since the last clean run" if report.since else "from the first entry on"
    verdict = "The books are right" if report.clean else f"{broken} of {len(report.outcomes)} checks FAILED"
    lines.append(f"{verdict}: {len(report.outcomes)} checks {scope}, {report.seconds:.1f} s.")
    return "\n".join(lines)
