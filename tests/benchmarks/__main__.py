"""The command `make bench`, or `python -m tests.benchmarks`: prepare, measure, print, write down.

Exits with 0 when everything ran: never passes or fails on time. `docs/reference/benchmarks.md` explains each ratio.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from config import env as environment
from config.embedded import Servers
from config.processes import ServerError
from tests.benchmarks import report, server, targets
from tests.benchmarks.ratios import compare

SCALE = 50
WALLETS = 100_000
BATCH = 5000


def main(arguments: list[str]) -> int:
    chosen = parse(arguments)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", file=sys.stderr, flush=True)

    try:
        with server.private_server() as servers, TemporaryDirectory(prefix="wherewithal-bench-") as scripts:
            found = _measure(chosen, servers, Path(scripts), say)
    except (ServerError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    say(f"written to {report.write(found, environment.state_folder() / 'bench', stamp)}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; ratios are medians over them")
    parser.add_argument("--seconds", type=float, default=3, help="per measurement and round")
    parser.add_argument("--clients", default="1,8,16,32", help="numbers of clients, for example 1,8")
    parser.add_argument("--quick", action="store_true", help="one short round on small books: shows that it runs")
    chosen = parser.parse_args(arguments)
    try:
        chosen.clients = tuple(sorted({int(word) for word in chosen.clients.split(",")}))
    except ValueError:
        parser.error("--clients takes whole numbers, separated by commas")
    if min(chosen.clients) < 1 or max(chosen.clients) > 100 or chosen.rounds < 1 or chosen.seconds <= 0:
        parser.error("one round, one client and some time are the least; 100 clients the most")
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 1
    return chosen


def _measure(chosen: argparse.Namespace, servers: Servers, scripts: Path, say: Callable[[str], None]) -> dict[str, Any]:
    conditions = _conditions(chosen, servers)
    say(f"PostgreSQL {conditions['server']['server_version']} runs; making the tables")
    server.set_up_django(servers)
    # Only now: these import models.
    from tests.benchmarks import books
    from tests.benchmarks.peers import Hordak, installed
    from tests.benchmarks.pgbench import Pgbench, program
    from tests.benchmarks.rounds import Plan, Run

    found = program(servers.postgres.major)
    driver = Pgbench(program=found, servers=servers, scripts=scripts) if found else None
    if driver is None:
        say("pgbench is neither in the wheel nor on the PATH: every ratio that needs it is left out")
    else:
        say(f"filling pgbench's tables, scale {conditions['scale']}")
        driver.prepare_tpcb(conditions["scale"])
    hordak = Hordak(servers=servers) if installed() else None
    if hordak is None:
        say("django-hordak is not installed: the ratios against it are left out")
    else:
        say("making django-hordak's tables and accounts")
        hordak.prepare(conditions["wallets"])
    say(f"opening {conditions['wallets']:,} wallets")
    book = books.open_books(conditions["wallets"])
    plan = Plan(
        rounds=chosen.rounds,
        seconds=chosen.seconds,
        clients=chosen.clients,
        batch=conditions["batch"],
        quick=chosen.quick,
    )
    samples = Run(plan=plan, servers=servers, book=book, pgbench=driver, hordak=hordak, say=say).measure()
    ratios = compare(samples, targets.COMPARISONS)
    print(f"\n{report.ratios_table(ratios)}\n\n{report.figures_table(samples)}\n", flush=True)
    if chosen.quick:
        say("--quick is no measurement: too short, too small")
    conditions["load_average_after"] = os.getloadavg()
    return report.document(samples, ratios, conditions)


def _conditions(chosen: argparse.Namespace, servers: Servers) -> dict[str, Any]:
    """What else decided the figures: the machine, the versions, the size of the books."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processors": os.cpu_count(),
        "load_average_before": os.getloadavg(),
        "system": f"{platform.system()} on {platform.machine()}",
        "python": platform.python_version(),
        "server": server.settings(servers),
        "scale": SCALE // 10 if chosen.quick else SCALE,
        "wallets": WALLETS // 50 if chosen.quick else WALLETS,
        "batch": BATCH // 10 if chosen.quick else BATCH,
        "rounds": chosen.rounds,
        "seconds": chosen.seconds,
        "clients": chosen.clients,
        "quick": chosen.quick,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
