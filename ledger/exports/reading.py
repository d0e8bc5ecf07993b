"""The connection that exports and reports read from: the reader role where one is set up, else the app's own.

Whatever must be true this instant (spending checks above all) never reads here: a reader may be a standby that lags
behind. So it is whoever asks for a report that chooses it (`using=reading.alias()`); what is asked reads as the app
unless told. A file whose digest is kept must not lack what the standby has not heard of yet: `catch_up` first.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction

from ledger.errors import Unavailable

READER = "reader"
PATIENCE = 5.0  # seconds; a standby that works is some milliseconds behind
_CHUNK = 2000
# Where the last record ends. When it ended with its page, the place for the next one lies behind the header of the next
# page, 24 or 40 bytes: a standby never says that it has got there before there is a next one.
_ENDS = """
    SELECT (place - CASE WHEN page IN (24, 40) THEN page ELSE 0 END)::text
      FROM (SELECT place, pg_wal_lsn_diff(place, '0/0') %% current_setting('wal_block_size')::int AS page
              FROM (SELECT %s::pg_lsn AS place) p) p"""


def alias() -> str:
    """The name of the connection for reports. Inside somebody's transaction it is the app's own, so that a report
    says what that one sees."""
    return READER if READER in connections and not connections["default"].in_atomic_block else "default"


def catch_up(using: str) -> None:
    """Come back when this connection shows all that is committed by now: at once, unless a standby answers it.

    Raises Unavailable when the standby does not catch up within a few seconds."""
    if using == "default" or not rows(using, "SELECT pg_is_in_recovery()")[0][0]:
        return
    [(place,)] = rows("default", "SELECT pg_current_wal_insert_lsn()::text")
    [(committed,)] = rows("default", _ENDS, [place])
    deadline = time.monotonic() + PATIENCE
    while not rows(using, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [committed])[0][0]:
        if time.monotonic() > deadline:
            raise Unavailable("The database that reports are read from is behind. Nothing was done; try again later.")
        time.sleep(0.05)


@contextmanager
def snapshot(using: str | None = None) -> Iterator[str]:
    """Keep everything read inside at one moment, however long it takes; answers the connection's name (`alias()`)."""
    name = using or alias()
    if connections[name].in_atomic_block:
        yield name
        return
    with transaction.atomic(using=name), connections[name].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # the reader of the stream may be slow
        yield name


def rows(using: str, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def stream(using: str, sql: str, parameters: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """Rows of any number, a few thousand at a time."""
    with connections[using].chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while found := cursor.fetchmany(_CHUNK):
            yield from found
