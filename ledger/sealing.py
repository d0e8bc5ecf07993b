"""The seal: every event and transaction in one hash chain, a Merkle root per day, off the hot path.

Nothing here is part of a posting, and nothing waits: one chainer works at a time, a second one has nothing to do. How
rows become bytes is said in `migrations/sql/0006_seal.up.sql`; checkpoints are signed in `ledger.seal_checkpoints`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from ledger import database

BATCH = 5000  # rows per commit: a chainer that is killed loses at most this much work, and no link
LATE = timedelta(minutes=5)  # a row that has waited longer for its link wants somebody's attention


@dataclass(frozen=True, kw_only=True)
class Lag:
    """How far the chain reaches. `waiting` stops counting somewhere; `since` is when the oldest waiting row came."""

    number: int
    sealed_at: datetime | None
    waiting: int
    since: datetime | None

    def seconds(self, now: datetime) -> int:
        """For how long the oldest row has waited; 0 when none does."""
        return max(0, int((now - self.since).total_seconds())) if self.since else 0


def seal(*, most: int | None = None) -> int:
    """Seal everything whose database transaction can no longer be overtaken; returns the number of new links.

    Commits batch by batch. Ends early, with what it has done, when another chainer is at work; at most `most` rows when
    given. Raises Unavailable when the last sealed row has vanished."""
    done = 0
    while most is None or done < most:
        size = BATCH if most is None else min(BATCH, most - done)
        with transaction.atomic():
            row = database.call("ledger_seal_next", [(size, "int")])
        done += row["sealed"]
        if row["busy"] or row["sealed"] < size:
            break
    return done


def close_days(*, now: datetime) -> int:
    """Make the Merkle root of every UTC day before today that has links and no root yet; returns how many were made."""
    made = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")  # a day may have millions of links
            row = database.call("ledger_seal_close_day", [(now.astimezone(UTC).date(), "date")])
        if row["busy"] or row["day"] is None:
            return made
        made += 1


def lag(*, most: int = 10_000) -> Lag:
    """The head of the chain and what still waits, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_LAG, [most + 1] * 2)
        number, sealed_at, waiting, since = cursor.fetchone()
    return Lag(number=number, sealed_at=sealed_at, waiting=min(waiting, most), since=since)


def number_at(moment: datetime) -> int:
    """The last link that had been made by then; 0 for none. Numbers and times rise together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM ledger_seal WHERE sealed_at <= %s ORDER BY number DESC LIMIT 1", [moment])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


# Rows above the last sealed one's place in the order of the chain; see `ledger_seal_next`.
_LAG = """
    WITH head AS (
        SELECT s.number, s.kind, s.sealed_at, coalesce(e.xid, t.xid) AS xid, s.event_id, s.transaction_id
          FROM ledger_seal s LEFT JOIN ledger_event e ON e.id = s.event_id
          LEFT JOIN ledger_transaction t ON t.id = s.transaction_id
         ORDER BY s.number DESC LIMIT 1
    ), waiting AS (
        (SELECT e.recorded_at FROM ledger_event e
          WHERE e.xid >= coalesce((SELECT xid FROM head), 0)
            AND NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.event_id = e.id) LIMIT %s)
        UNION ALL
        (SELECT t.recorded_at FROM ledger_transaction t
          WHERE t.xid >= coalesce((SELECT xid FROM head), 0)
            AND NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.transaction_id = t.id) LIMIT %s)
    )
    SELECT coalesce((SELECT number FROM head), 0), (SELECT sealed_at FROM head), count(*), min(recorded_at) FROM waiting
"""
