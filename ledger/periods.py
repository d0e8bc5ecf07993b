"""Periods: naming business days and months, closing them for ever, and the statements that then never change.

A day is the legal entity's own, in its time zone. Closing freezes it in the database itself, for every route; there is
no reopening: what is learned later lands in the next open day and points back. Nothing here writes an entry.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, connections, transaction

from ledger import database, events, ids
from ledger.errors import InvalidRequest, InvalidTransition, NotFound, PeriodClosed, Unavailable
from ledger.models import Account, LegalEntity, Period, PeriodAccount, Transaction

PERMISSION = "ledger.close_period"
_LABEL = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?", re.ASCII)
_LOCK_NOT_AVAILABLE = "55P03"


class Closer(events.Who, Protocol):
    """Whoever closes: `payments.actors.Actor` is one."""

    def require(self, permission: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One account over one closed period. `body` is CSV in UTF-8; `digest` its SHA-256, kept since the closing, or
    None for an account that had no entries in the period."""

    period: Period
    account: Account
    opening: Decimal
    closing: Decimal
    pending_in: Decimal
    pending_out: Decimal
    entries: int
    body: bytes
    digest: str | None


def entity() -> LegalEntity:
    """The legal entity that these books belong to."""
    return LegalEntity.objects.get()


def landing(metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Metadata for a posting that must not fail because its day is closed: it then takes effect at the first open
    moment, and its stored metadata points back (`corrects`: the closed day and the time that it belongs to)."""
    return {**(metadata or {}), "land": "next_open"}


def require_open(effective_at: datetime) -> None:
    """Raise PeriodClosed when this moment is closed. A look, not a lock: the database decides when it is written."""
    closed = entity().closed_before
    if closed is not None and effective_at < closed:
        raise PeriodClosed(
            f"What took effect before {closed.astimezone(ZoneInfo(entity().zone)):%Y-%m-%d} is closed.",
            param="effective_at",
            closed_before=closed.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        )


def next_day(*, now: datetime) -> date | None:
    """The business day that can be closed next; None when it is not over yet, or nothing was ever posted."""
    books = entity()
    zone = ZoneInfo(books.zone)
    if books.closed_before is not None:
        day = books.closed_before.astimezone(zone).date()
    else:
        first = _earliest()
        if first is None:
            return None
        day = first.astimezone(zone).date()
    return day if day < now.astimezone(zone).date() else None


def name(*, label: str) -> Period:
    """The period with this label ("2026-11-20" a day, "2026-11" a month), open unless it was closed.

    Raises InvalidRequest (param "label")."""
    kind, day = _read(label)
    row = database.call("ledger_period_open", [(kind, "text"), (day, "date")])
    return Period.objects.get(pk=row["id"])


def find(reference: str, *, using: str = "default") -> Period:
    """A period by its public id or its label, read from the connection `using`. Raises NotFound."""
    lookup: dict[str, Any] = {"label": reference}
    if reference.startswith("per_"):
        lookup = {"pk": ids.decode_int("per", reference)}
    found = Period.objects.using(using).filter(**lookup).first()
    if found is None:
        raise NotFound(param="period")
    return found


def close(*, period_id: int, actor: Closer, now: datetime) -> Period:
    """Freeze a period for ever: afterwards nothing can take effect in it, and its statements are kept by digest.

    The first day that is closed freezes everything before it too. Waits for postings into the day that are under way.
    Raises Forbidden, NotFound, InvalidTransition (not over, out of order, closed already), Unavailable when such
    postings take too long."""
    actor.require(PERMISSION)

    def work() -> Period:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")  # a large day takes longer than a request may
        try:
            with transaction.atomic():
                database.call("ledger_period_close", [(period_id, "bigint"), (actor.id, "text")])
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise Unavailable("Postings into this period are under way. Try again in a moment.") from error
            raise
        period = Period.objects.get(pk=period_id)
        events.record(
            type="period.closed",
            object_ref=period.public_id,
            actor=actor,
            before={"state": Period.State.OPEN},
            after={"state": period.state, "label": period.label, "entries": period.entries, "digest": period.digest},
            occurred_at=now,
        )
        return period

    return database.unit_of_work(work)


def statement(*, account: Account, period: Period) -> Statement:
    """The statement of an account over a closed period: the same bytes whenever it is asked for.

    Read from where the period was: what has it closed has all of its entries. Raises InvalidTransition while the period
    is open."""
    require_closed(period)
    using = _read_from(period)
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT s.* FROM ledger_statement(%s::bigint, %s::bigint) s", [account.pk, period.pk])
        row = dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))
    rows = PeriodAccount.objects.using(using).filter(period_id=period.pk, account_id=account.pk)
    kept = rows.values_list("digest", flat=True).first()
    return Statement(period=period, account=account, digest=kept, **{**row, "body": row["body"].encode()})


def trial_balance(period: Period) -> bytes:
    """The trial balance at the end of a closed period, CSV in UTF-8; its SHA-256 is `period.trial_digest`.

    Read from where the period was. Raises InvalidTransition while the period is open."""
    require_closed(period)
    with connections[_read_from(period)].cursor() as cursor:
        cursor.execute("SELECT ledger_trial_balance(%s::bigint)", [period.pk])
        return str(cursor.fetchone()[0]).encode()


def corrections(period: Period) -> list[Transaction]:
    """What belongs into this period by its time and landed later, because the period was closed; oldest first."""
    days = [period.label]
    if period.kind == Period.Kind.MONTH:
        first = period.starts_on
        days = [
            f"{first + timedelta(days=n):%Y-%m-%d}"
            for n in range(31)
            if (first + timedelta(days=n)).month == first.month
        ]
    return list(
        Transaction.objects.filter(metadata__has_key="corrects")
        .extra(where=["metadata -> 'corrects' ->> 'period' = ANY (%s)"], params=[days])
        .select_related("reason")
        .order_by("recorded_at")
    )


def outlook(period: Period) -> list[tuple[str, int, Decimal, Decimal]]:
    """What took effect in a period, open or closed, per currency: entries, sum of the credits, debits less credits."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.currency, count(*), coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0), sum(e.amount)
                 FROM ledger_accounts_between(%s::timestamptz, %s::timestamptz) a
                 JOIN ledger_entry e ON e.account_id = a AND e.effective_at >= %s::timestamptz
                                    AND e.effective_at < %s::timestamptz
                GROUP BY 1 ORDER BY 1""",
            [period.starts_at, period.ends_at] * 2,
        )
        return [(row[0], row[1], row[2], row[3]) for row in cursor.fetchall()]


def require_closed(period: Period) -> None:
    """Raise InvalidTransition for a period that has no statements of its own (yet)."""
    if period.state == Period.State.CLOSED:
        return
    frozen = period.entity.closed_before
    if frozen is not None and period.ends_at <= frozen:
        reason = "was frozen with what came before the first closed day: it has no statements of its own"
    else:
        reason = "is not closed: its statements can still change"
    raise InvalidTransition(f"{period.label} {reason}.", param="period")


def _read_from(period: Period) -> str:
    return period._state.db or "default"


def _read(label: str) -> tuple[str, date]:
    match = _LABEL.fullmatch(label)
    try:
        if match is None:
            raise ValueError
        year, month, day = match.groups()
        return ("day" if day else "month"), date(int(year), int(month), int(day or 1))
    except ValueError:
        raise InvalidRequest("A period is a day like 2026-11-20 or a month like 2026-11.", param="label") from None


def _earliest() -> datetime | None:
    """The first effective time of all: the least of each account's first, which its index answers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT min(x.effective_at) FROM ledger_account a CROSS JOIN LATERAL (
                   SELECT e.effective_at FROM ledger_entry e WHERE e.account_id = a.id
                    ORDER BY e.effective_at, e.id LIMIT 1) x"""
        )
        found: datetime | None = cursor.fetchone()[0]
    return None if found is None else found.astimezone(UTC)
