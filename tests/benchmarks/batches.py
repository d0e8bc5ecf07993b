"""An importer's work, three ways: `post_batch`, the bare rows by COPY, and `post` again and again; entries per second.

COPY is the limit: finished rows into tables with the same indexes, without locks, guards, foreign keys or balances.
"""

import time
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger import posting
from ledger.posting import Draft
from tests.benchmarks.books import Book

_TABLES = ("ledger_transaction", "ledger_entry")
_LEGS = 2
# A worker that has run for a while: after five calls PostgreSQL may settle on one plan for all calls to come.
_WARM_UP_CALLS = 6
_WARM_UP_DRAFTS = 20


def prepare_copies(admin: Any) -> None:
    """Tables with the ledger's columns and indexes and, so that the indexes are as deep, the ledger's rows."""
    for table in _TABLES:
        admin.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING INDEXES)")
        admin.execute(f"INSERT INTO bench_{table} SELECT * FROM {table}")
        admin.execute(f"VACUUM ANALYZE bench_{table}")


def by_batch(book: Book, *, transfers: int, random: Random) -> tuple[float, list[UUID]]:
    """(entries per second, the transactions written) of one `post_batch`, from drafts in memory to the commit."""
    connection.close()
    for _ in range(_WARM_UP_CALLS):
        with transaction.atomic():
            posting.post_batch(book.drafts(_WARM_UP_DRAFTS, random))
    drafts = book.drafts(transfers, random)
    started = time.perf_counter()
    with transaction.atomic():
        posted = posting.post_batch(drafts)
    return _rate(transfers, started), [one.id for one in posted]


def by_copy(admin: Any, written: list[UUID]) -> float:
    """Entries per second of COPY for the rows of the transactions `written`, both tables in one transaction."""
    rows = {table: _rows(admin, table, written) for table in _TABLES}
    started = time.perf_counter()
    with admin.transaction():
        for table in _TABLES:
            with admin.cursor().copy(f"COPY bench_{table} FROM STDIN (FORMAT binary)") as stream:
                stream.write(rows[table])
    return _rate(len(written), started)


def by_loop(book: Book, *, transfers: int, random: Random) -> float:
    """Entries per second of `post` for one draft after the other, all in one transaction."""
    connection.close()  # a session of its own: plans that the batch left must not slow this down
    for draft in book.drafts(_WARM_UP_DRAFTS, random):
        with transaction.atomic():
            _post(draft)
    drafts = book.drafts(transfers, random)
    started = time.perf_counter()
    with transaction.atomic():
        for draft in drafts:
            _post(draft)
    return _rate(transfers, started)


def _post(draft: Draft) -> None:
    posting.post(reason=draft.reason, legs=draft.legs, source=draft.source)


def _rows(admin: Any, table: str, written: list[UUID]) -> bytes:
    key = "id" if table == "ledger_transaction" else "transaction_id"
    query = (
        f"COPY (SELECT * FROM {table} WHERE {key} = ANY ('{{{','.join(map(str, written))}}}') ORDER BY id) TO STDOUT"
    )
    with admin.cursor().copy(f"{query} (FORMAT binary)") as stream:
        return b"".join(stream)


def _rate(transfers: int, started: float) -> float:
    return transfers * _LEGS / (time.perf_counter() - started)
