"""The limit of what Django can do on this server: a header and two entries as bare rows, in one prepared statement.

The ledger's columns with a primary key and two unique indexes; no locks, no balances, no guards, no idempotency, not
even a look at whether they sum to zero. Nothing that posts can be faster, so no ratio can rise above this one's.
"""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from django.db import connection, transaction

from config.embedded import ROLES
from ledger import ids
from tests.benchmarks.books import SPREAD_REASON, Book
from tests.benchmarks.clients import Load, work_for

_TABLES = """
    CREATE TABLE bench_bare_header (LIKE ledger_transaction, PRIMARY KEY (id),
                                    UNIQUE (source_system, source_kind, source_id));
    CREATE TABLE bench_bare_entry (LIKE ledger_entry INCLUDING IDENTITY, UNIQUE (transaction_id, leg));
    GRANT SELECT, INSERT ON bench_bare_header, bench_bare_entry TO {app};
"""
_ROWS = f"""
    WITH header AS (
        INSERT INTO bench_bare_header (id, phase, reason, source_system, source_kind, source_id, fingerprint,
                                       description, legs, effective_at, recorded_at, xid)
        VALUES (%s::uuid, 'single', '{SPREAD_REASON}', 'bench', 'transfer', %s, '', '', 2, now(), now(), 0)
        RETURNING id)
    INSERT INTO bench_bare_entry (transaction_id, leg, account_id, currency, amount, layer, backdated,
                                  effective_at, recorded_at, xid)
    SELECT header.id, leg.*, 0, false, now(), now(), 0
      FROM header, (VALUES (1, %s::bigint, 'EUR', %s::numeric), (2, %s::bigint, 'EUR', %s::numeric)) leg
"""


def prepare(admin: Any) -> None:
    """Make the tables, empty, where the app role may insert."""
    admin.execute(_TABLES.format(app=ROLES["app"]))


def insert_for(book: Book, *, clients: int, seconds: float, seed: int) -> Load:
    """Let `clients` processes insert for `seconds`. Raises RuntimeError when one of them could not."""
    return work_for(partial(_worker, book), clients=clients, seconds=seconds, seed=seed)


def _worker(book: Book, seed: int) -> Callable[[], None]:
    random = Random(seed)

    def insert() -> None:
        key = ids.new_id()
        debited, credited = book.spread_legs(random)
        row = [key, ids.encode("tr", key), debited.account.id, debited.amount, credited.account.id, credited.amount]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ROWS, row)

    return insert
