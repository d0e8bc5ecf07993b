"""Verifying an archived period by the file alone: no database, no Django, nothing but the standard library.

`python -m ledger.archive_checking FILE --public-key HEX`. The signature says that the firm wrote every byte of it;
everything that the file claims about money is computed again from its entries all the same, up to the one digest that
was kept when the period was closed. An archive that no known key signed is not right, whatever its figures are.
"""

import argparse
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from ledger import digest_signature
from ledger.archive_rows import Findings, Row, one_line, rows
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

FORMAT, VERSION = "wherewithal-archive", 2


def check(path: Path, *, keys: Mapping[str, bytes], sha256: str = "") -> Findings:
    """Compute everything again. `keys`: the public keys that count, by name; `sha256`: what the file's own digest must
    be, when somebody kept it. Never raises for what a file contains; says what is wrong with it, and where."""
    found = Findings()
    try:
        with path.open("rb") as file:
            found.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        expected = sha256.strip().lower()
        found.require(expected in {"", found.sha256}, f"the file's SHA-256 is {found.sha256}, not the one expected")
        _Book(found).read(rows(path, found, keys))
    except Exception as error:  # no list of errors holds all that a forged file can provoke
        found.wrong.append(one_line(f"{found.place} cannot be read: {type(error).__name__} {str(error)[:200]}"))
    return found


class _Book:
    """What has been read so far: accounts with their figures, and the lines of each statement."""

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.head: Row = {}
        self.accounts: dict[int, Row] = {}
        self.figures: dict[int, Figures] = {}
        self.lines: dict[tuple[int, str], list[Line]] = defaultdict(list)

    def read(self, rows: Iterator[Row]) -> None:
        takes = {"header": self._header, "account": self._account, "transaction": self._transaction}
        for row in rows:
            if (row["row"] == "header") == bool(self.head):
                raise ValueError("one header comes first")
            takes[row["row"]](row)
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
        self.found.require(row["id"] not in self.accounts, f"account {row['code']} is there twice")
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

    def _title(self, row: Row, label: str) -> Titled:
        return Titled(row["code"], row["currency"], row["exponent"], label, self.head["zone"])


def figures_of(texts: list[str]) -> Figures:
    return Figures(*(Decimal(value) for value in texts))


def report(path: Path, *, keys: Mapping[str, bytes], sha256: str = "") -> tuple[str, bool]:
    """What to tell a person about a file, and whether it is right; the rest as in `check`."""
    found, name = check(path, keys=keys, sha256=sha256), one_line(path.name)
    if found.wrong:
        return "\n".join([f"{name} is NOT right:", *(f"  {words}" for words in found.wrong)]), False
    counted = f"{found.transactions} transactions, {found.entries} entries"
    words = one_line(f"{name} is right: period {found.period}, {counted}, digest {found.digest}")
    return f"{words}\n  signed with key {found.key}; SHA-256 of the file {found.sha256}", True


def add_arguments(parser: argparse.ArgumentParser, *, keys_needed: bool) -> None:
    """What whoever verifies may say, here and in the command `verify_archive`."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--public-key", action="append", default=[], required=keys_needed, metavar="HEX", help="whose signature counts"
    )
    parser.add_argument("--sha256", default="", metavar="HEX", help="the file's digest, kept elsewhere")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: right. 1: not right, in words. 2: asked wrongly."""
    parser = argparse.ArgumentParser(description="Verify an archived period by the file alone.")
    add_arguments(parser, keys_needed=True)
    options = parser.parse_args(arguments)
    try:
        keys = digest_signature.public_keys(options.public_key)
    except ValueError as error:
        parser.error(f"--public-key: {error}")
    words, right = report(options.file, keys=keys, sha256=options.sha256)
    sys.stdout.write(f"{words}\n")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
