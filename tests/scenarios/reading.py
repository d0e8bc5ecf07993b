"""Reads scenario tables: Markdown pipe tables that a finance person can write, as plain data.

Whatever it does not understand is an error with file and line: a row that looks like one and is never run would prove
nothing. It knows the shape of tables and cells, never the ledger.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests.scenarios.cells import (
    Figures,
    LegLine,
    Place,
    TableError,
    a_name,
    an_amount,
    an_outcome,
    pairs,
    parts,
    some_figures,
)

ACCOUNTS = ("name", "account", "currency", "floor", "start")
STEPS = ("name", "do", "debit → credit", "amount", "with", "outcome", "balances", "states")
NEEDED = {"do", "outcome", "balances"}
LEG, ITEM = "and", "+"  # a further pair of entries of the row above; one item of the batch above


@dataclass(frozen=True)
class AccountLine:
    """A short name for an account of the chart, the floor it must have, and what it holds to begin with."""

    place: Place
    name: str
    code: str
    currency: str
    floor: Decimal | None
    start: Decimal


@dataclass
class Step:
    """One row: what is done, and what must come of it. `items` are the rows of a batch."""

    place: Place
    name: str
    verb: str
    words: list[str]
    legs: list[LegLine]
    options: dict[str, str]
    outcome: str
    facts: dict[str, str]
    balances: dict[str, Figures]
    states: dict[str, str]
    items: list["Step"] = field(default_factory=list)

    @property
    def amount(self) -> Decimal | None:
        return self.legs[0].amount if self.legs else None


@dataclass
class Scenario:
    """One heading with its accounts and rows: a story that starts with empty books."""

    place: Place
    title: str
    accounts: dict[str, AccountLine] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{Path(self.place.file).stem}: {self.title}"


def read(path: Path, *, file: str | None = None) -> list[Scenario]:
    """The scenarios of one file; `file` is what errors call it. Raises TableError."""
    places = [Place(file or path.name, number, text) for number, text in enumerate(path.read_text().splitlines(), 1)]
    found: list[Scenario] = []
    for title, lines in sections(places):
        scenario = Scenario(title, title.text.removeprefix("## ").strip())
        for header, rows in tables(lines):
            take(scenario, header, rows)
        complete(scenario, found)
        found.append(scenario)
    if not found:
        raise TableError(places[0] if places else Place(file or path.name, 1, ""), "there is no scenario in this file")
    return found


def sections(places: list[Place]) -> Iterator[tuple[Place, list[Place]]]:
    """Each `## heading` with the lines below it; tables that no heading leads to are refused."""
    title, lines = None, []
    for place in places:
        if "```" in place.text or "<!--" in place.text:
            raise TableError(place, "rows in code blocks and comments would never run")
        if place.text.startswith("## "):
            if title:
                yield title, lines
            title, lines = place, []
        elif title:
            lines.append(place)
        elif "|" in place.text:
            raise TableError(place, "a table above the first `##` heading would never run")
    if title:
        yield title, lines


def tables(lines: list[Place]) -> Iterator[tuple[Place, list[Place]]]:
    """The tables of a section: header line, and the rows below the dashes."""
    table: list[Place] = []
    for place in [*lines, Place("", 0, "")]:
        if place.text.strip().startswith("|"):
            table.append(place)
        elif "|" in place.text:
            raise TableError(place, "a row begins and ends with `|`")
        elif table:
            if len(table) < 3 or not all(re.fullmatch(r":?-+:?", cell) for cell in cells(table[1])):
                raise TableError(table[0], "a table has a header, a line of dashes and at least one row")
            yield table[0], table[2:]
            table = []


def cells(place: Place) -> list[str]:
    text = place.text.strip()
    if not text.endswith("|") or len(text) < 2:
        raise TableError(place, "a row begins and ends with `|`")
    return [cell.strip() for cell in text[1:-1].split("|")]


def take(scenario: Scenario, header: Place, rows: list[Place]) -> None:
    """Add one table to the scenario: its accounts first, its steps afterwards."""
    columns = cells(header)
    known, needed = (ACCOUNTS, set(ACCOUNTS)) if not scenario.accounts else (STEPS, NEEDED)
    if unknown := [column for column in columns if column not in known]:
        raise TableError(header, f"unknown column {unknown[0]!r}; a table here has {', '.join(known)}")
    if missing := sorted(needed - set(columns)):
        raise TableError(header, f"there is no column {missing[0]!r}")
    if len(set(columns)) < len(columns):
        raise TableError(header, "a column stands there twice")
    for row in rows:
        values = cells(row)
        if len(values) != len(columns):
            raise TableError(row, f"{len(values)} cells under {len(columns)} columns")
        given = dict.fromkeys(known, "") | dict(zip(columns, values, strict=True))
        if known is ACCOUNTS:
            add_account(scenario, row, given)
        else:
            add_step(scenario, row, given)


def complete(scenario: Scenario, others: list[Scenario]) -> None:
    """Refuse a scenario that proves nothing, or an account that it never looks at."""
    if not scenario.steps:
        raise TableError(scenario.place, "a scenario has a table of accounts and a table of rows")
    if any(other.title == scenario.title for other in others):
        raise TableError(scenario.place, "another scenario of this file has this heading")
    looked_at = {name for step in scenario.steps for name in step.balances}
    moved = {name for step in scenario.steps for name in names_in(step)}
    for account in scenario.accounts.values():
        if account.name not in looked_at | moved:
            raise TableError(account.place, f"no row uses the account {account.name!r}")


def names_in(step: Step) -> Iterator[str]:
    for each in [step, *step.items]:
        yield from each.words
        yield from each.options.values()
        for leg in each.legs:
            yield from (leg.debit, leg.credit)


def add_account(scenario: Scenario, place: Place, given: dict[str, str]) -> None:
    name = a_name(place, given["name"])
    if name in scenario.accounts:
        raise TableError(place, f"{name!r} stands there twice")
    floor = None if given["floor"] == "none" else an_amount(place, given["floor"])
    start = an_amount(place, given["start"] or "0")
    scenario.accounts[name] = AccountLine(place, name, given["account"], given["currency"], floor, start)


def add_step(scenario: Scenario, place: Place, given: dict[str, str]) -> None:
    steps, words = scenario.steps, given["do"].split()
    if not words:
        raise TableError(place, "this row does nothing")
    if words[0] == LEG:
        beyond = [column for column in STEPS if given[column] and column not in {"do", "debit → credit", "amount"}]
        if not steps or len(words) > 1 or beyond:
            raise TableError(place, f"`{LEG}` adds entries to the row above: no more than accounts and an amount")
        above = steps[-1].items[-1] if steps[-1].items else steps[-1]
        above.legs += legs(scenario, place, given)
        return
    if words[0] == ITEM:
        if not steps or steps[-1].verb != "batch" or len(words) < 2:
            raise TableError(place, f"`{ITEM}` is an item of a batch above")
        if given["balances"] or given["states"]:
            raise TableError(place, "what an item leaves behind is said in the row of its batch")
        steps[-1].items.append(a_step(scenario, place, given, words[1:]))
        return
    if not given["outcome"] or not given["balances"]:
        raise TableError(place, "a row says its outcome and the balances after it")
    steps.append(a_step(scenario, place, given, words))


def a_step(scenario: Scenario, place: Place, given: dict[str, str], words: list[str]) -> Step:
    code, facts = an_outcome(place, given["outcome"]) if given["outcome"] else ("", {})
    balances = {}
    for part in parts(given["balances"] if given["balances"] != "unchanged" else ""):
        name, figures = some_figures(place, part)
        if name in balances or name not in scenario.accounts:
            raise TableError(place, f"{name!r} is no account of this scenario, or stands there twice")
        balances[name] = figures
    return Step(
        place=place,
        name=a_name(place, given["name"]) if given["name"] else "",
        verb=words[0],
        words=words[1:],
        legs=legs(scenario, place, given),
        options=pairs(place, given["with"]),
        outcome=code,
        facts=facts,
        balances=balances,
        states=pairs(place, given["states"]),
    )


def legs(scenario: Scenario, place: Place, given: dict[str, str]) -> list[LegLine]:
    amount = an_amount(place, given["amount"]) if given["amount"] else None
    if not given["debit → credit"]:
        return [LegLine("", "", amount)] if amount is not None else []
    sides = [side.strip() for side in given["debit → credit"].split("→")]
    if len(sides) != 2 or not any(sides):
        raise TableError(place, "accounts are written `debit → credit`")
    for side in sides:
        if side and side not in scenario.accounts:
            raise TableError(place, f"{side!r} is no account of this scenario")
    return [LegLine(sides[0], sides[1], amount)]
