"""What checking the books costs beside reading them once: full, and only what is new since the last clean run.

The checks are those of `verify_ledger`, in this process, against the run's own server; findings stop the benchmark.
"""

import time
from typing import Any

from django.db import connection, transaction

from ledger import invariants


def settle(admin: Any) -> None:
    """Bring statistics and visibility up to date, so that neither side pays for what the other one wrote."""
    admin.execute("VACUUM (ANALYZE) ledger_transaction, ledger_entry, ledger_balance, ledger_account")


def aggregate() -> tuple[float, int]:
    """(seconds, entries) of the plainest look at every entry: `count` and `sum`, sequentially, in one process."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        started = time.perf_counter()
        cursor.execute("SELECT count(*), sum(amount) FROM ledger_entry")
        entries = cursor.fetchone()[0]
        return time.perf_counter() - started, int(entries)


def full() -> tuple[float, int]:
    """(seconds, horizon) of every check over everything."""
    report = _clean(incremental=False)
    return report.seconds, report.horizon


def incremental(horizon: int) -> tuple[float, int]:
    """(seconds, entries looked at) of the checks over what was written since the full run that answered `horizon`."""
    report = _clean(incremental=True)
    if report.since != horizon:
        raise RuntimeError("The incremental run did not begin where the full one had ended.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_entry WHERE xid >= %s", [horizon])
        return report.seconds, int(cursor.fetchone()[0])


def _clean(*, incremental: bool) -> invariants.Report:
    report = invariants.run(incremental=incremental)
    if not report.clean:
        raise RuntimeError("\n".join(["The books are wrong:", *map(str, report.findings)]))
    return report
