"""The same questions on small and on large books: `python -m tests.benchmarks.growth`, or `make growth`.

Prints how long each takes at every size, and what the books cost: bytes, vacuum, dump. Figures of one run may
be compared with each other, because the machine is the same; the last column divides the largest size by the smallest.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from statistics import median
from typing import Any

from config import env as environment
from config.embedded import Servers
from config.processes import CLEAN_ENVIRONMENT, ServerError
from tests.benchmarks import report, server

SIZES = (10_000, 1_000_000, 10_000_000)
_REPEATS = 7
_TABLES = ("ledger_transaction", "ledger_entry")
Figures = dict[str, float]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of entries, rising")
    parser.add_argument("--seconds", type=float, default=4, help="per posting measurement")
    parser.add_argument(
        "--partitions", action="store_true", help="at the largest size, compare with monthly partitions"
    )
    chosen = parser.parse_args(arguments)
    sizes = [int(word) for word in chosen.sizes.split(",")]
    try:
        with server.private_server() as servers:
            server.set_up_django(servers)
            found, ways = _measure(servers, sizes, chosen.seconds, chosen.partitions)
    except (ServerError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(table(found))
    if ways:
        print(f"\n{_side_by_side(ways)}")
    folder = environment.state_folder() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    (folder / f"growth-{stamp}.json").write_text(json.dumps({"sizes": found, "partitions": ways}, indent=2) + "\n")
    return 0


def table(found: dict[int, Figures]) -> str:
    """One line per question, one column per size, and how much it grew."""
    sizes = sorted(found)
    head = ("figure", *(f"{size:,} entries" for size in sizes), "last / first")
    rows = []
    for name in found[sizes[0]]:
        figures = [found[size][name] for size in sizes]
        ratio = report.number(figures[-1] / figures[0]) if figures[0] else ""
        rows.append((name, *map(report.number, figures), ratio))
    return report.columns([head, *rows])


def _side_by_side(ways: dict[str, Figures]) -> str:
    """One line per question: the one table, the partitions, and the second divided by the first."""
    whole, parts = ways.values()
    rows = [(name, *map(report.number, (whole[name], parts[name], parts[name] / whole[name]))) for name in whole]
    return report.columns([("figure", "one table", "monthly partitions", "partitions / table"), *rows])


def _measure(
    servers: Servers, sizes: list[int], seconds: float, with_partitions: bool
) -> tuple[dict[int, Figures], dict[str, Figures]]:
    from tests.benchmarks import books, partitions
    from tests.benchmarks.history import open_history

    book = books.open_books(2000)
    found: dict[int, Figures] = {}
    with server.superuser(servers) as admin:
        history, done = open_history(admin, max(sizes) // 2), 0
        for size in sizes:
            started = time.perf_counter()
            history.write(admin, done + 1, size // 2)
            done = size // 2
            print(f"{size:,} entries written in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
            found[size] = _at_this_size(servers, admin, book, history, seconds)
        ways = partitions.compare(servers, admin, history) if with_partitions else {}
    return found, ways


def _at_this_size(servers: Servers, admin: Any, book: Any, history: Any, seconds: float) -> Figures:
    from ledger import checkpoints, invariants
    from tests.benchmarks import service

    figures: Figures = {}
    started = time.perf_counter()
    admin.execute(f"VACUUM (ANALYZE) {', '.join(_TABLES)}, ledger_balance, ledger_account")
    figures["vacuum analyze, s"] = time.perf_counter() - started
    figures["checkpoint of the house account, s"] = _seconds(lambda: checkpoints.take(account_id=history.house.id))
    checkpoints.take(account_id=history.late_house.id)
    figures["blocks of backdated entries, s"] = _seconds(lambda: checkpoints.take_full_blocks(limit=100_000))
    for clients in (1, 8):
        load = service.post_for(book, house=False, clients=clients, seconds=seconds, seed=clients)
        figures[f"post(), {clients} clients, tps"] = load.per_second
        figures[f"post(), {clients} clients, 99 % within, ms"] = load.p99_ms
    figures |= _reads(history)
    full = invariants.run()
    if not full.clean:
        raise RuntimeError("\n".join(["The books are wrong:", *map(str, full.findings)]))
    figures["verify everything, s"] = full.seconds
    service.post_for(book, house=False, clients=1, seconds=1, seed=99)
    figures["verify what is new since, s"] = invariants.run(incremental=True).seconds
    figures |= _weights(servers, admin)
    return figures


def _seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _milliseconds(action: Callable[[], Any]) -> float:
    action()
    return 1000 * median(_seconds(action) for _ in range(_REPEATS))


def _reads(history: Any) -> Figures:
    """Each once to warm up, then the median."""
    from ledger import queries

    random = Random(1)
    moments = [history.started + timedelta(days=random.randint(1, 3600)) for _ in range(3)]
    known = [moment + timedelta(days=30) for moment in moments]
    figures: Figures = {}
    asked = {
        "wallet": history.busy,
        "wallet, half of it late": history.late,
        "house account": history.house,
        "house account, all of it late": history.late_house,
    }
    for name, account in asked.items():
        figures[f"{name}: balance now, ms"] = _milliseconds(lambda account=account: queries.balance_of(account.id))
        questions: dict[str, Callable[[int], dict[str, Any]]] = {
            "as of effective time": lambda index: {"effective_at": moments[index]},
            "as of recorded time": lambda index: {"recorded_at": moments[index]},
            "as of both times": lambda index: {"effective_at": moments[index], "recorded_at": known[index]},
        }
        for title, words in questions.items():
            slowest = max(
                _milliseconds(
                    lambda index=index, account=account, words=words: queries.as_of(account.id, **words(index))
                )
                for index in range(3)
            )
            figures[f"{name}: {title}, slowest of 3, ms"] = slowest
        figures[f"{name}: first page of entries, ms"] = _milliseconds(
            lambda account=account: queries.entries_of(account.id)
        )
        figures[f"{name}: page from the middle, ms"] = _milliseconds(
            lambda account=account: queries.entries_of(account.id, effective_before=moments[0])
        )
    return figures


def _weights(servers: Servers, admin: Any) -> Figures:
    """What the books weigh on disk and in a backup."""
    from tests.benchmarks.pgbench import program

    sizes = "SELECT pg_relation_size(%s), pg_indexes_size(%s), count(*) FROM ledger_entry"
    figures: Figures = {}
    for table in _TABLES:
        heap, indexes, entries = admin.execute(sizes, [table, table]).fetchone()
        figures[f"{table}, bytes per entry"] = heap / entries
        figures[f"{table} indexes, bytes per entry"] = indexes / entries
    found = program(servers.postgres.major)
    if found is not None and (dump := found.with_name("pg_dump")).exists():
        command = [str(dump), "-h", str(servers.postgres.sockets), "-U", "postgres", "-Fc", "-Z1", "wherewithal"]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=CLEAN_ENVIRONMENT) as running:
            assert running.stdout is not None
            figures["dump, MB"] = sum(len(chunk) for chunk in iter(partial(running.stdout.read, 1 << 20), b"")) / 1e6
        figures["dump, s"] = time.perf_counter() - started
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
