"""The cells of scenario tables: names, amounts, balances and outcomes as they are written, and where they stand.

What cannot be understood is an error with its file, line and text. Nothing here knows the ledger.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

NAME = re.compile(r"[a-z][a-z0-9-]*")
AMOUNT = re.compile(r"-?\d+(\.\d+)?")
OUTCOME = re.compile(r"(posted|replayed|done|refused (?P<code>[a-z_]+))(?: \((?P<facts>[^()]+)\))?")


class TableError(Exception):
    """A table cannot be understood, or is not so: where, the line itself, and why."""

    def __init__(self, place: "Place", message: str) -> None:
        super().__init__(f"{place.file}:{place.line}: {message}\n    {place.text}")


class Disagreement(TableError):
    """The table can be understood, and the ledger says something else."""


@dataclass(frozen=True)
class Place:
    file: str
    line: int
    text: str


@dataclass(frozen=True)
class LegLine:
    """`debit → credit` and an amount; one side may be left out."""

    debit: str
    credit: str
    amount: Decimal | None


@dataclass(frozen=True)
class Figures:
    """What an account holds, and what is on its way in and out of it."""

    balance: Decimal
    coming: Decimal = Decimal(0)
    going: Decimal = Decimal(0)

    def __str__(self) -> str:
        ways = (f" {word} {plain(way)}" for word, way in (("in", self.coming), ("out", self.going)) if way)
        return plain(self.balance) + "".join(ways)


def plain(amount: Decimal) -> str:
    """An amount without trailing zeros and exponents."""
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",")] if cell else []


def pair(place: Place, text: str) -> tuple[str, str]:
    word, _, value = text.partition(" ")
    if not word:
        raise TableError(place, "there is nothing between two commas")
    return word, value.strip()


def a_name(place: Place, text: str) -> str:
    if not NAME.fullmatch(text):
        raise TableError(place, f"{text!r} is no short name: small letters, digits and dashes")
    return text


def an_amount(place: Place, text: str) -> Decimal:
    if not AMOUNT.fullmatch(text):
        raise TableError(place, f"{text!r} is no amount")
    return Decimal(text)


def an_outcome(place: Place, text: str) -> tuple[str, dict[str, str]]:
    found = OUTCOME.fullmatch(text)
    if not found:
        raise TableError(place, f"{text!r} is no outcome: posted, replayed, done, or refused and its code")
    facts = pairs(place, found["facts"] or "")
    return found["code"] or text.split(" ", maxsplit=1)[0], facts


def some_figures(place: Place, text: str) -> tuple[str, Figures]:
    """`ada 100 in 5 out 40`: 100, of which 40 are on their way out, while 5 are on their way in."""
    name, *words = text.split()
    ways = dict(zip(words[1::2], words[2::2], strict=False))
    if len(words) % 2 == 0 or not set(ways) <= {"in", "out"} or len(ways) != len(words) // 2:
        raise TableError(place, f"{text!r} is no balance: an account, what it holds, and `in` or `out` what is pending")
    zero = Decimal(0)
    amounts = {word: an_amount(place, way) for word, way in ways.items()}
    return name, Figures(an_amount(place, words[0]), amounts.get("in", zero), amounts.get("out", zero))


def pairs(place: Place, cell: str) -> dict[str, str]:
    """`key k1, source s1`: words and what is said of them, each word once."""
    found: dict[str, str] = {}
    for part in parts(cell):
        word, value = pair(place, part)
        if word in found:
            raise TableError(place, f"{word!r} stands there twice")
        found[word] = value
    return found
