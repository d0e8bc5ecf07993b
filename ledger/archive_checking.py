"""Verifying an archived period by the file alone: no database, no Django, nothing but the standard library.

`python -m ledger.archive_checking FILE`. Everything that the file claims is computed again from its entries, up to the
one digest that was kept when the period was closed; compare that digest with one you wrote down elsewhere.
"""

import gzip
import hashlib
import json
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.statement_text import (
    EXACT,
    Figures,
    Line,
    Titled,
    day_statement,
    digest,
    month_statement,
    period_digest,
    trial_balance,
)

FORMAT, VERSION = "wherewithal-archive", 1
Row = dict[str, Any]


@dataclass
class Findings:
    """What is wrong with a file, in words; empty when nothing is. `digest` is the closing's own."""

    period: str = ""
    digest: str = ""
    transactions: int = 0
    entries: int = 0
    wrong: list[str] = field(default_factory=list)

    def require(self, true: bool, words: str) -> None:
        if not true and len(self.wrong) < 20:
            self.wrong.append(words)


def check(path: Path) -> Findings:
    """Compute everything again. Never raises for what a file contains; says what is wrong with it."""
    found = Findings()
    try:
        _Book(found).read(_rows(path, found))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError, ArithmeticError) as error:
        found.require(False, f"the file cannot be read to its end: {type(error).__name__} {error}")
    return found


def _rows(path: Path, found: Findings) -> Iterator[Row]:
    """The rows before the footer, which must be the last, count them and bear their SHA-256."""
    counts: dict[str, int] = defaultdict(int)
    seal, closed = hashlib.sha256(), False
    with gzip.open(path, "rb") as file:
        for raw in file:
            found.require(not closed, "something follows the footer")
            row = json.loads(raw)
            if row["row"] == "footer":
                closed = True
                found.require(row["sha256"] == seal.hexdigest(), "the content is not what the footer's SHA-256 is of")
                for noun in ("account", "transaction"):
                    found.require(row[f"{noun}s"] == counts[noun], f"the footer counts other {noun}s")
                continue
            seal.update(raw)
            counts[row["row"]] += 1
            yield row
    found.require(closed, "the footer is missing")


class _Book:
    """What has been read so far: accounts with their figures, and the lines of each statement."""

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.head: Row = {}
        self.accounts: dict[int, Row] = {}
        self.figures: dict[int, Figures] = {}
        self.lines: dict[tuple[int, str], list[Line]] = defaultdict(list)

    def read(self, rows: Iterator[Row]) -> None:
        for row in rows:
            getattr(self, f"_{row['row']}")(row)
        self._days()
        self._end()

    def _header(self, row: Row) -> None:
        self.head = row
        self.found.period, self.found.digest = row["period"], row["digest"]
        self.found.require((row["format"], row["version"]) == (FORMAT, VERSION), "another format or version")
        edges = [edge for day in row["days"] for edge in (day["starts_at"], day["ends_at"])]
        inner = edges[1:-1]
        together = all(inner[n] == inner[n + 1] for n in range(0, len(inner), 2))
        self.found.require(
            together and row["starts_at"] <= edges[0] and edges[-1] == row["ends_at"], "the days do not make the period"
        )

    def _account(self, row: Row) -> None:
        self.accounts[row["id"]] = row
        self.figures[row["id"]] = figures_of(row["opening"])

    def _transaction(self, row: Row) -> None:
        sums: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        at, name = row["effective_at"], row["id"]
        day = next((day["label"] for day in self.head["days"] if day["starts_at"] <= at < day["ends_at"]), "")
        self.found.require(bool(day), f"transaction {name} took effect outside the period")
        legs = [entry["leg"] for entry in row["entries"]]
        self.found.require(legs == list(range(1, max(2, len(legs)) + 1)), f"transaction {name} is not whole")
        for entry in row["entries"]:
            account, amount, layer = self.accounts[entry["account"]], Decimal(entry["amount"]), entry["layer"]
            key = (account["currency"], layer)
            sums[key] = EXACT.add(sums[key], amount)
            change = amount * account["sign"]
            self.figures[entry["account"]] = self.figures[entry["account"]].after(change, layer)
            self.lines[entry["account"], day].append(
                Line(at, entry["id"], name, entry["leg"], row["reason"], row["reference"], layer, change)
            )
            self.found.entries += 1
        self.found.transactions += 1
        self.found.require(not any(sums.values()), f"transaction {name} does not balance")

    def _days(self) -> None:
        """Every day's statements, each from where the one before it ended."""
        at = {key: figures_of(row["opening"]) for key, row in self.accounts.items()}
        for day in self.head["days"]:
            for key, row in self.accounts.items():
                lines = sorted(
                    self.lines.get((key, day["label"]), ()), key=lambda line: (line.effective_at, line.entry)
                )
                kept = row["statements"].get(day["label"])
                self.found.require(
                    bool(lines) == bool(kept), f"{row['code']} {day['label']}: entries and statement differ"
                )
                if not lines:
                    continue
                body = day_statement(self._title(row, day["label"]), day["starts_at"], day["ends_at"], at[key], lines)
                self.found.require(
                    kept == digest(body), f"{row['code']} {day['label']}: not the statement that was kept"
                )
                for line in lines:
                    at[key] = at[key].after(line.change, line.layer)
                row.setdefault("months", []).append((day["label"], len(lines), at[key].balance, digest(body)))

    def _end(self) -> None:
        """The closing figures, the trial balance and the period's one digest."""
        for key, row in self.accounts.items():
            words = f"{row['code']} {row['currency']}: opening and entries do not make its closing"
            self.found.require(figures_of(row["closing"]) == self.figures[key], words)
        label = self.head["period"]
        rows = [
            (self._title(a, label), a["category"], a["sign"], self.figures[key]) for key, a in self.accounts.items()
        ]
        trial = digest(trial_balance(label, self.head["zone"], rows))
        self.found.require(trial == self.head["trial_digest"], "the trial balance is not the one that was kept")
        statements = [
            (a["code"], a["currency"], self._kept(key, a)) for key, a in self.accounts.items() if a["statements"]
        ]
        self.found.require(
            period_digest(trial, statements) == self.head["digest"], "the period's digest is not that of its statements"
        )

    def _kept(self, key: int, row: Row) -> str:
        if self.head["kind"] == "day":
            return str(row["statements"][self.head["period"]])
        title, days = self._title(row, self.head["period"]), row.get("months", [])
        return digest(month_statement(title, figures_of(row["opening"]).balance, self.figures[key].balance, days))

    def _title(self, row: Mapping[str, Any], label: str) -> Titled:
        return Titled(row["code"], row["currency"], row["exponent"], label, self.head["zone"])


def figures_of(texts: list[str]) -> Figures:
    return Figures(*(Decimal(value) for value in texts))


def report(path: Path) -> tuple[str, bool]:
    """What to tell a person about a file, and whether it is right."""
    found = check(path)
    if found.wrong:
        return "\n".join([f"{path.name} is NOT right:", *(f"  {words}" for words in found.wrong)]), False
    counted = f"{found.transactions} transactions, {found.entries} entries"
    return f"{path.name} is right: period {found.period}, {counted}, digest {found.digest}", True


if __name__ == "__main__":
    words, right = report(Path(sys.argv[1]))
    sys.stdout.write(f"{words}\n")
    sys.exit(0 if right else 1)
