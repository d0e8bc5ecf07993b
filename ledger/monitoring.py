"""Looking at balance monitors: what was written since the last look, step by step, off the hot path of posting.

Nothing is asked of whoever posts. A look takes everything that was written by database transactions below a safe
horizon (all of them have ended, so nothing can still appear there) and walks through the sums in the order in which
they were recorded: a level that was crossed and crossed back between two looks is two events, not none. See decision
record 11.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from ledger import events, ids
from ledger.database import unit_of_work
from ledger.events import Who
from ledger.models import BalanceMonitor
from ledger.money import EXACT, Money
from ledger.system import System

SYSTEM = System("monitors")
_CHUNK = 5000


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A monitor changed its state. `transaction` is the public id of what did it, "" when the level was changed."""

    state: str
    value: Decimal
    at: datetime
    transaction: str


@dataclass(frozen=True, kw_only=True)
class _Step:
    transaction: str
    at: datetime
    change: Decimal


def evaluate_due(*, now: datetime) -> int:
    """Look at every monitor once; returns how many changed their state, counting each change.

    Each is a transaction of its own. Two at once never look at the same monitor: the second leaves it alone."""
    keys = BalanceMonitor.objects.exclude(state="retired").order_by("horizon").values_list("pk", flat=True)
    return sum(len(evaluate(monitor_id=key, now=now)) for key in list(keys))


def evaluate(*, monitor_id: int, now: datetime) -> list[Crossing]:
    """Look at one monitor; every change of its state becomes an event. Nothing when somebody else is looking."""

    def work() -> list[Crossing]:
        rows = BalanceMonitor.objects.select_for_update(of=("self",), skip_locked=True).select_related("account")
        monitor = rows.filter(pk=monitor_id).exclude(state="retired").first()
        if monitor is None:
            return []
        horizon = safe_horizon()
        value, found = monitor.value, []
        for step in _steps(monitor, horizon):
            value = EXACT.add(value, step.change)
            found += judge(monitor, value, at=step.at, transaction=step.transaction)
        monitor.value, monitor.horizon, monitor.evaluated_at = value, horizon, now
        monitor.save()
        for crossing in found:
            record(monitor, crossing, SYSTEM)
        return found

    return unit_of_work(work)


def judge(monitor: BalanceMonitor, value: Decimal, *, at: datetime, transaction: str = "") -> list[Crossing]:
    """Walk the monitor's state to what this value means; the change, if there is one. The caller saves and records."""
    if monitor.state == "calm" and monitor.is_beyond(value):
        monitor.state = "triggered"
        monitor.times_triggered += 1
    elif monitor.state == "triggered" and monitor.is_clear(value):
        monitor.state = "calm"
    else:
        return []
    monitor.changed_state_at = at
    return [Crossing(state=monitor.state, value=value, at=at, transaction=transaction)]


def record(monitor: BalanceMonitor, crossing: Crossing, actor: Who) -> None:
    """Append `monitor.triggered` or `monitor.cleared`, in the transaction that changes the monitor."""
    triggered = crossing.state == "triggered"
    limit = monitor.threshold if triggered else monitor.clear_at
    events.record(
        type="monitor.triggered" if triggered else "monitor.cleared",
        object_ref=monitor.public_id,
        actor=actor,
        before={"state": "calm" if triggered else "triggered"},
        after={"state": crossing.state},
        data={
            "value": Money.of(crossing.value, monitor.currency).text,
            "limit": Money.of(limit, monitor.currency).text,
            "currency": monitor.currency,
            "measure": monitor.measure,
            "way": monitor.way,
            "transaction": crossing.transaction,
        },
        occurred_at=crossing.at,
    )


def safe_horizon() -> int:
    """The number below which every database transaction has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def value_below(monitor: BalanceMonitor, horizon: int) -> Decimal:
    """What the monitor watches held below a horizon, in the direction in which it is shown."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_sum_below(%s, %s, %s, %s, %s::int, %s, %s)", [*scope_parameters(monitor), horizon]
        )
        return Decimal(cursor.fetchone()[0])


def scope_parameters(monitor: BalanceMonitor) -> list[Any]:
    """The arguments by which the database's functions know what the monitor watches."""
    scope = monitor.scope
    available = monitor.measure == BalanceMonitor.Measure.AVAILABLE
    return [scope.category, scope.kind, scope.prefix, monitor.currency, scope.sign, available]


def _steps(monitor: BalanceMonitor, horizon: int) -> Iterator[_Step]:
    if horizon <= monitor.horizon:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM ledger_sum_steps(%s, %s, %s, %s, %s::int, %s, %s, %s)",
            [*scope_parameters(monitor), monitor.horizon, horizon],
        )
        while rows := cursor.fetchmany(_CHUNK):
            for key, at, change in rows:
                yield _Step(transaction=ids.encode("txn", key), at=at, change=change)
