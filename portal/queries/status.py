"""How the firm's books stand, in one look: checks and when they ran, the chain, money in transit by age, open doubts.

A fixed number of queries whatever there is; heavy work (recomputing the books) is done on the schedule and only read
here. Frozen rows, used by the staff page and by the API.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, QuerySet

from ledger import sealing, verifying
from ledger.models import CheckpointCopy, SignedCheckpoint, Verification
from ledger.money import Money
from payments.models import OutboxMessage, Transfer, Withdrawal
from payments.models.withdrawal import WithdrawalAttempt

STALE = timedelta(minutes=10)  # a verification older than this says nothing about now
OLD = timedelta(days=3)  # money in transit for longer wants a look
TRANSIT_MOST = 100  # accounts with money in transit that are listed
_TRANSIT = (Path(__file__).parent / "sql" / "transit.sql").read_text()
# What a stored figure is compared with its entries by.
DRIFT = (
    "balanced", "balances", "chain", "checkpoints", "checkpoint_hours", "checkpoint_sums", "backdated_blocks",
    "pendings", "holds", "held_accounts", "monitors",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CheckLine:
    """One check: what is true when it finds nothing, when it last ran, when it last looked at everything."""

    name: str
    title: str
    clean: bool
    checked_at: datetime
    full_at: datetime | None
    broken_since: datetime | None
    findings: list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A place outside the database and the last checkpoint that reached it; None when none has."""

    place: str
    serial: int | None
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The seal: sealed to #`sealed`, verified to #`verified` at `verified_at`; `verified` is 0 while a check of it is
    broken. `lag` is how long, in seconds, the oldest row has waited for its link."""

    sealed: int
    sealed_at: datetime | None
    verified: int
    verified_at: datetime | None
    waiting: int
    lag: int
    late: bool
    checkpoint: int | None
    signed_to: int | None
    signed_at: datetime | None
    copies: tuple[Copy, ...]


@dataclass(frozen=True, kw_only=True)
class Transit:
    """An account that only passes money on and is not empty. `beyond`: at least as old as `since`."""

    account: str
    kind: str
    balance: Money
    since: datetime | None
    beyond: bool
    unmatched_lines: int
    old: bool


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Outcomes that another side has not told, or work that stopped: how many, and since when the oldest."""

    what: str
    count: int
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class Status:
    """`drift` counts the findings that are kept; with `drift_more` there may be others. `transit` has the oldest of the
    `transit_accounts` that are not empty, TRANSIT_MOST at most."""

    as_of: datetime
    clean: bool
    stale: bool
    checked_at: datetime | None
    drift: int
    drift_more: bool
    checks: tuple[CheckLine, ...]
    chain: Chain
    transit: tuple[Transit, ...]
    transit_accounts: int
    doubts: tuple[Doubt, ...]


def read(*, now: datetime) -> Status:
    """The whole status, in ten queries."""
    checks = tuple(_line(row) for row in Verification.objects.order_by("passed", "check_name"))
    drifting = [line for line in checks if line.name in DRIFT and not line.clean]
    transit, accounts = _transit(now)
    checked_at = max((line.checked_at for line in checks), default=None)
    return Status(
        as_of=now,
        clean=bool(checks) and all(line.clean for line in checks),
        stale=checked_at is None or now - checked_at > STALE,
        checked_at=checked_at,
        drift=sum(len(line.findings) for line in drifting),
        drift_more=any(_may_be_more(line) for line in drifting),
        checks=checks,
        chain=_chain(checks, now),
        transit=transit,
        transit_accounts=accounts,
        doubts=_doubts(),
    )


def _line(row: Verification) -> CheckLine:
    return CheckLine(
        name=row.check_name,
        title=row.title,
        clean=row.passed,
        checked_at=row.checked_at,
        full_at=row.full_at,
        broken_since=row.broken_since,
        findings=row.findings,
    )


def _may_be_more(line: CheckLine) -> bool:
    """Only the first findings are kept, and a look at what is new does not see what is old."""
    return len(line.findings) >= verifying.KEPT or line.full_at != line.checked_at


def _chain(checks: tuple[CheckLine, ...], now: datetime) -> Chain:
    lag, last = sealing.lag(), SignedCheckpoint.objects.order_by("-serial").first()
    links = next((line for line in checks if line.name == "seal_links"), None)
    whole = all(line.clean for line in checks if line.name.startswith("seal_"))
    verified = sealing.number_at(links.checked_at) if links and whole else 0
    seconds = lag.seconds(now)
    return Chain(
        sealed=lag.number,
        sealed_at=lag.sealed_at,
        verified=verified,
        verified_at=links.checked_at if links else None,
        waiting=lag.waiting,
        lag=seconds,
        late=seconds > sealing.LATE.total_seconds(),
        checkpoint=last.serial if last else None,
        signed_to=last.number if last else None,
        signed_at=last.made_at if last else None,
        copies=_copies(),
    )


def _copies() -> tuple[Copy, ...]:
    rows = CheckpointCopy.objects.values("place").annotate(serial=Max("checkpoint_id"), at=Max("copied_at"))
    known: dict[str, dict[str, Any]] = {row["place"]: dict(row) for row in rows}
    seal = settings.SEAL
    places = [f"folder {path}" for path in seal["folders"]] + [f"storage {name}" for name in seal["storages"]]
    places += [f"mail {address}" for address in seal["emails"]]
    return tuple(
        Copy(place=place, serial=known.get(place, {}).get("serial"), at=known.get(place, {}).get("at"))
        for place in places
    )


def _transit(now: datetime) -> tuple[tuple[Transit, ...], int]:
    """The accounts whose open amounts are the oldest, and how many accounts are not empty."""
    with connection.cursor() as cursor:
        cursor.execute(_TRANSIT, [TRANSIT_MOST])
        found = cursor.fetchall()
    rows = tuple(
        Transit(
            account=code,
            kind=kind,
            balance=Money(balance, currency),
            since=since,
            beyond=bool(beyond),
            unmatched_lines=lines,
            old=since is not None and now - since > OLD,
        )
        for _, code, currency, kind, balance, since, beyond, lines, _ in found
    )
    return rows, found[0][-1] if found else 0


def _doubts() -> tuple[Doubt, ...]:
    return (
        _doubt("transfers without an answer", Transfer.objects.filter(state="unknown"), "sent_at"),
        _doubt("payouts without an answer", WithdrawalAttempt.objects.filter(state="unknown"), "sent_at"),
        _doubt("payouts that failed", Withdrawal.objects.filter(state="failed"), "created_at"),
        _doubt("work that is parked", OutboxMessage.objects.filter(state="parked"), "created_at"),
    )


def _doubt(what: str, rows: QuerySet[Any, Any], clock: str) -> Doubt:
    found = rows.order_by().aggregate(count=Count("pk"), since=Min(clock))
    return Doubt(what=what, count=found["count"], since=found["since"])
