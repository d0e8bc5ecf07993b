"""One table of entries, or a table per month: the same rows both ways, and what each way costs.

A partitioned table cannot keep what must be unique over all years (an account's sequence, a transaction's legs), so
beside it stands a narrow table of keys that every entry is written to as well. Both are bare copies: no guards, no
foreign keys. Only for a private server.
"""

import subprocess
import time
from datetime import timedelta
from statistics import median
from typing import Any

from config.embedded import Servers
from config.processes import CLEAN_ENVIRONMENT
from tests.benchmarks.history import YEARS, History
from tests.benchmarks.pgbench import program

WHOLE, PARTS, KEYS = "bench_entry_whole", "bench_entry_parts", "bench_entry_keys"
_NEW_ENTRIES = 100_000
_ROUNDS = 5
_INDEXES = (
    "(account_id, effective_at, id)",
    "(account_id, xid) WHERE seq IS NULL",
    "(account_id, seq) WHERE backdated",
)
Figures = dict[str, float]


def compare(servers: Servers, admin: Any, history: History) -> dict[str, Figures]:
    """Figures of the one table and of the partitioned one, by name; both are made, measured and dropped."""
    found: dict[str, Figures] = {WHOLE: {}, PARTS: {}}
    _make(admin, history)
    for name, figures in found.items():
        figures["filling it with the history, s"] = _seconds(lambda name=name: _fill(admin, name))
        figures["vacuum analyze of all, s"] = _seconds(lambda name=name: admin.execute(f"VACUUM (ANALYZE) {name}"))
    for round_number in range(_ROUNDS):
        for name, figures in found.items():
            figures[f"round {round_number}"] = _NEW_ENTRIES / _seconds(
                lambda name=name, turn=round_number: _append(admin, name, history, turn)
            )
    for name, figures in found.items():
        rounds = [figures.pop(f"round {number}") for number in range(_ROUNDS)]
        figures["new entries per second"] = median(rounds)
        figures.update(_reads(admin, name, history))
        newest = _newest(admin) if name == PARTS else name
        figures["vacuum analyze after new entries, s"] = _seconds(
            lambda newest=newest: admin.execute(f"VACUUM (ANALYZE) {newest}")
        )
        figures.update(_weights(servers, admin, name, newest))
    admin.execute(f"DROP TABLE {WHOLE}, {PARTS}, {KEYS}")
    return found


def _make(admin: Any, history: History) -> None:
    admin.execute(f"CREATE TABLE {WHOLE} (LIKE ledger_entry INCLUDING INDEXES)")
    admin.execute(f"CREATE TABLE {PARTS} (LIKE ledger_entry) PARTITION BY RANGE (recorded_at)")
    month = history.started.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < history.started + YEARS + timedelta(days=40):
        following = (month + timedelta(days=32)).replace(day=1)
        admin.execute(
            f"CREATE TABLE {PARTS}_{month:%Y%m} PARTITION OF {PARTS} "
            f"FOR VALUES FROM ('{month.isoformat()}') TO ('{following.isoformat()}')"
        )
        month = following
    admin.execute(f"ALTER TABLE {PARTS} ADD PRIMARY KEY (id, recorded_at)")
    for columns in ("(transaction_id, leg)", "(account_id, seq) WHERE seq IS NOT NULL", *_INDEXES):
        admin.execute(f"CREATE INDEX ON {PARTS} {columns}")
    admin.execute(f"CREATE TABLE {KEYS} (transaction_id uuid, leg smallint, account_id bigint, seq bigint)")
    admin.execute(f"CREATE UNIQUE INDEX ON {KEYS} (transaction_id, leg)")
    admin.execute(f"CREATE UNIQUE INDEX ON {KEYS} (account_id, seq) WHERE seq IS NOT NULL")


def _fill(admin: Any, name: str) -> None:
    admin.execute(f"INSERT INTO {name} SELECT * FROM ledger_entry")
    if name == PARTS:
        admin.execute(f"INSERT INTO {KEYS} SELECT transaction_id, leg, account_id, seq FROM ledger_entry")


def _append(admin: Any, name: str, history: History, turn: int) -> None:
    """New entries of the last day: two to a transaction, to wallets in turn, in transactions of ten thousand."""
    for start in range(0, _NEW_ENTRIES, 10_000):
        first = 10**9 + turn * _NEW_ENTRIES + start
        rows = f"""
            SELECT {first} + i AS id, {history.first_wallet} + (i * 7) % 1000 AS account_id, {first} + i AS seq,
                   now() AS effective_at, now() AS recorded_at, pg_current_xact_id()::text::bigint AS xid,
                   (lpad(to_hex(({first} + i) / 2), 32, 'f'))::uuid AS transaction_id, (i % 2)::smallint AS leg,
                   0::smallint AS layer, false AS backdated, 'EUR' AS currency, 1::numeric AS amount,
                   1::numeric AS balance_after, 0::numeric AS pending_in_after, 0::numeric AS pending_out_after
              FROM generate_series(0, 9999) i"""
        columns = (
            "id, account_id, seq, effective_at, recorded_at, xid, transaction_id, leg, layer, backdated, currency, "
            "amount, balance_after, pending_in_after, pending_out_after"
        )
        with admin.transaction():
            admin.execute(f"INSERT INTO {name} ({columns}) {rows}")
            if name == PARTS:
                admin.execute(f"INSERT INTO {KEYS} SELECT transaction_id, leg, account_id, seq FROM ({rows}) r")


def _reads(admin: Any, name: str, history: History) -> Figures:
    moment = history.started + YEARS / 2
    some = admin.execute("SELECT transaction_id FROM ledger_entry WHERE id > 1000 ORDER BY id LIMIT 1").fetchone()[0]
    account = history.busy.id
    questions = {
        "balance as of effective time, ms": f"""
            SELECT balance_after FROM {name} WHERE account_id = {account} AND effective_at <= '{moment.isoformat()}'
             ORDER BY effective_at DESC, id DESC LIMIT 1""",
        "first page of an account, ms": f"""
            SELECT * FROM {name} WHERE account_id = {account} AND seq IS NOT NULL ORDER BY seq DESC LIMIT 50""",
        "the entries of a transaction, ms": f"SELECT * FROM {name} WHERE transaction_id = '{some}'",
        "new entries of a house account, ms": f"""
            SELECT sum(amount) FROM {name} WHERE account_id = {history.house.id} AND seq IS NULL
               AND xid >= (SELECT max(horizon) FROM ledger_checkpoint WHERE account_id = {history.house.id})""",
    }
    figures = {}
    for title, question in questions.items():
        admin.execute(question)
        figures[title] = 1000 * median(_seconds(lambda question=question: admin.execute(question)) for _ in range(9))
    return figures


def _newest(admin: Any) -> str:
    row = admin.execute(f"SELECT tableoid::regclass::text FROM {PARTS} ORDER BY recorded_at DESC LIMIT 1").fetchone()
    return str(row[0])


def _weights(servers: Servers, admin: Any, name: str, newest: str) -> Figures:
    tree = f"SELECT relid FROM pg_partition_tree('{name}') UNION SELECT '{name}'::regclass"
    keys = f"pg_total_relation_size('{KEYS}')" if name == PARTS else "0"
    heap, indexes = admin.execute(
        f"SELECT sum(pg_relation_size(relid)), sum(pg_indexes_size(relid)) + {keys} FROM ({tree}) t"
    ).fetchone()
    figures = {"rows, MB": float(heap) / 1e6, "indexes and keys, MB": float(indexes) / 1e6}
    found = program(servers.postgres.major)
    dump = found.with_name("pg_dump") if found else None
    if dump is not None and dump.exists():
        figures["dump of all, s"] = _seconds(lambda: _dump(dump, servers, f"{name}*"))
        figures["dump of what is new, s"] = _seconds(lambda: _dump(dump, servers, newest))
    return figures


def _dump(program_file: Any, servers: Servers, tables: str) -> None:
    command = [str(program_file), "-h", str(servers.postgres.sockets), "-U", "postgres", "-Fc", "-Z1", "-t", tables]
    subprocess.run([*command, "wherewithal"], check=True, stdout=subprocess.DEVNULL, env=CLEAN_ENVIRONMENT)


def _seconds(action: Any) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
