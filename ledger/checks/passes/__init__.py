"""Cheap looks at all entries that say whether any of several checks would find something, but not what.

One pass goes through all entries by transaction; two share them out by account, either in its line or beside its
checkpoints, and count only those that are right. When all three are right and come to the same number of entries, the
checks they stand for need not run; in any other case those run as ever and name the rows. A pass may ask for more than
its checks, never for less.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

_FOLDER = Path(__file__).parent
# The passes count on what is unique to be so.
_UNIQUE = ("ledger_entry_leg", "ledger_entry_seq", "ledger_transaction_pkey", "ledger_account_pkey")


@dataclass(frozen=True, kw_only=True)
class Pass:
    """`checks` are those that find nothing when all passes are right. `off` names what the planner must not use here:
    left to itself it believes in hash tables of whole books, and that a few rows come out."""

    name: str
    checks: tuple[str, ...]
    off: tuple[str, ...]

    def sql(self, since: int = 0) -> str:
        """Answers one row: whether everything is right, and how many entries were counted."""
        return (_FOLDER / f"{self.name}.sql").read_text().replace("{since}", str(since))


PASSES = (
    Pass(
        name="transactions",
        checks=("balanced", "whole", "headers"),
        off=("enable_hashagg", "enable_hashjoin", "enable_sort", "enable_nestloop"),
    ),
    Pass(
        name="lines",
        checks=("chain", "balances", "entry_accounts"),
        off=("enable_mergejoin", "enable_nestloop"),
    ),
    Pass(name="house", checks=("checkpoints", "checkpoint_hours"), off=("enable_sort",)),
)
# What is new is read once for all of them. Statistics know least of the newest rows: no loop over loops.
RECENT = Pass(
    name="recent",
    checks=(
        *("balanced", "whole", "headers", "reasons", "chain", "balances", "entry_accounts"),
        *("held_accounts", "held_entries"),
    ),
    off=("enable_mergejoin", "enable_nestloop"),
)


def proven() -> dict[str, float]:
    """The checks that need not run, each with its share of the seconds that this took; none when anything is wrong."""
    entries: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for each in PASSES:
        started = time.perf_counter()
        right, entries[each.name] = _look(each)
        if not right:
            return {}
        share = (time.perf_counter() - started) / len(each.checks)
        seconds.update(dict.fromkeys(each.checks, share))
    same = entries["transactions"] == entries["lines"] + entries["house"]
    return seconds if same and _unique() else {}


def recently_proven(since: int) -> dict[str, float]:
    """The same for what was written by database transactions from `since` on."""
    started = time.perf_counter()
    right, _ = _look(RECENT, since)
    share = (time.perf_counter() - started) / len(RECENT.checks)
    return dict.fromkeys(RECENT.checks, share) if right and _unique() else {}


def _look(each: Pass, since: int = 0) -> tuple[bool, int]:
    with _without(each.off), connection.cursor() as cursor:
        cursor.execute(each.sql(since))
        right, entries = cursor.fetchone()
    return bool(right), int(entries)


def _unique() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index WHERE indisunique AND indisvalid AND indexrelid IN"
            " (SELECT to_regclass(name) FROM unnest(%s::text[]) name)",
            [list(_UNIQUE)],
        )
        return bool(cursor.fetchone()[0] == len(_UNIQUE))


@contextmanager
def _without(settings: tuple[str, ...]) -> Iterator[None]:
    """Switch planner settings off for what is inside, and back to what they were."""
    with connection.cursor() as cursor:
        before = {}
        for name in settings:
            cursor.execute("SELECT current_setting(%s), set_config(%s, 'off', true)", [name, name])
            before[name] = cursor.fetchone()[0]
        yield
        for name, value in before.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
