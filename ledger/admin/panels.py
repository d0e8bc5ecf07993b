"""What an object's page is made of: facts, tables and texts, frozen, ready for the template.

An empty fact is left out; an empty table says so in words. Higher layers add panels of their own to the pages of lower
ones through `above` and `below`, so that no app has to know the apps above it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

NOTHING = ("", None)


@dataclass(frozen=True)
class Fact:
    label: str
    value: Any
    hint: str = ""


@dataclass(frozen=True)
class Facts:
    """A list of label and value."""

    title: str
    facts: tuple[Fact, ...]
    note: str = ""
    kind: str = "facts"


@dataclass(frozen=True)
class Column:
    """`kind`: text, money (right-aligned figures), time or main (the cell that names the row)."""

    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    empty: str = "None."
    note: str = ""
    foot: tuple[Any, ...] = ()
    more: tuple[str, str] | None = None  # (words, address)
    kind: str = "table"

    @property
    def lines(self) -> list[list[tuple[Column, Any]]]:
        """Each row's cells with their columns, as the template needs them."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def foot_line(self) -> list[tuple[Column, Any]]:
        return list(zip(self.columns, self.foot, strict=True)) if self.foot else []


@dataclass(frozen=True)
class Text:
    """Text exactly as it is, never interpreted."""

    title: str
    text: str
    note: str = ""
    kind: str = "text"


Panel = Facts | Table | Text


def facts(title: str, *pairs: tuple[str, Any] | tuple[str, Any, str], note: str = "") -> Facts:
    """A panel of facts; those without a value are left out."""
    return Facts(title, tuple(Fact(*pair) for pair in pairs if pair[1] not in NOTHING), note)


def columns(*labels: str | tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(label) if isinstance(label, str) else Column(*label) for label in labels)


Contributor = Callable[[HttpRequest, Any], Sequence[Panel]]


@dataclass
class Contributors:
    """Functions that give panels for an object; each decides by its kind whether it has any."""

    functions: list[Contributor] = field(default_factory=list)

    def add(self, function: Contributor) -> Contributor:
        self.functions.append(function)
        return function

    def panels(self, request: HttpRequest, shown: Any) -> list[Panel]:
        return [panel for function in self.functions for panel in function(request, shown)]


# Shown above and below the panels that the object's own admin gives.
above, below = Contributors(), Contributors()
