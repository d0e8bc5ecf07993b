"""One statement that makes a function or a trigger, read: what it should then be in the catalogue.

Knows the spellings that migrations use; one that it does not know shows at once as a guard that stands otherwise. Must
never ask a database.
"""

from dataclasses import dataclass
from typing import Any

from ledger.checks.guards.expressions import Tree, canonical
from ledger.checks.guards.statements import Token, split, upto

_TYPES = {
    "int": "integer", "int2": "smallint", "int4": "integer", "int8": "bigint", "bool": "boolean",
    "timestamptz": "timestamp with time zone", "varchar": "character varying", "decimal": "numeric",
    "float8": "double precision", "char": "character",
}  # fmt: skip
_MODES = {"in": "i", "out": "o", "inout": "b", "variadic": "v"}
_CLAUSES = (
    "language", "stable", "immutable", "volatile", "strict", "security", "set", "as", "returns", "rows", "cost",
    "parallel", "called", "leakproof", "not", "window", "transform", "support",
)  # fmt: skip
# pg_trigger.tgtype
ROW, BEFORE, INSTEAD = 1, 2, 64
EVENTS = {"insert": 4, "delete": 8, "update": 16, "truncate": 32}


@dataclass(frozen=True, kw_only=True)
class Function:
    """`parameters`: mode, name, type; `settings`: name and value of what it sets for itself."""

    name: str
    parameters: tuple[tuple[str, str, str], ...]
    defaults: tuple[Tree, ...]
    returns: str
    many: bool
    body: str
    language: str
    volatility: str = "v"
    strict: bool = False
    definer: bool = False
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trigger:
    table: str
    name: str
    function: str
    type: int
    columns: tuple[str, ...] = ()
    constraint: bool = False
    deferrable: bool = False
    deferred: bool = False
    old_table: str = ""
    new_table: str = ""
    arguments: tuple[str, ...] = ()
    condition: Tree = ""


def name_of(rest: list[Token], at: int) -> tuple[str, int]:
    """A name, without the schema before it, and where it ends."""
    while rest[at].says("if", "exists", "not", "only"):
        at += 1
    if at + 1 < len(rest) and rest[at + 1].says("."):
        at += 2
    return rest[at].word, at + 1


def _type(words: list[Token]) -> str:
    text = "".join(token.word if not token.says("[", "]") else f" {token.word} " for token in words[:1])
    text += "".join(token.word if token.says("[", "]") else f" {token.word}" for token in words[1:])
    base, bracket, _ = text.partition("[")
    return _TYPES.get(base.strip(), base.strip()) + ("[]" if bracket else "")


def function(rest: list[Token]) -> Function:
    name, at = name_of(rest, 1)
    end = upto(rest, at + 1, ")")
    given = [_parameter(part) for part in split(rest[at + 1 : end])]
    parameters = [parameter for parameter, _ in given]
    told: dict[str, Any] = {"returns": "", "many": False, "settings": ()}
    at = end + 1
    while at < len(rest):
        until = upto(rest, at + 1, *_CLAUSES)
        _clause(rest[at:until], told, parameters)
        at = until
    defaults = tuple(canonical(tuple(default)) for _, default in given if default)
    return Function(name=name, parameters=tuple(parameters), defaults=defaults, **told)


def _parameter(part: list[Token]) -> tuple[tuple[str, str, str], list[Token]]:
    mode = _MODES.get(part[0].word, "")
    part = part[1:] if mode else part
    end = upto(part, 0, "default", "=")
    return (mode or "i", part[0].word, _type(part[1:end])), part[end + 1 :]


def _clause(words: list[Token], told: dict[str, Any], parameters: list[tuple[str, str, str]]) -> None:
    first, rest = words[0].word, words[1:]
    if first == "returns" and rest[0].says("table"):
        told["many"] = True
        parameters += [("t", part[0].word, _type(part[1:])) for part in split(rest[2:-1])]
    elif first == "returns":
        told["many"] = rest[0].says("setof")
        told["returns"] = _type(rest[1:] if told["many"] else rest)
    elif first == "language":
        told["language"] = rest[0].word
    elif first in ("stable", "immutable", "volatile"):
        told["volatility"] = first[0]
    elif first == "strict":
        told["strict"] = True
    elif first == "security":
        told["definer"] = rest[0].says("definer")
    elif first == "set":
        told["settings"] = (*told["settings"], setting(rest))
    elif first == "as":
        told["body"] = rest[0].word


def setting(words: list[Token]) -> tuple[str, str]:
    return words[0].word, ", ".join(part[0].word for part in split(words[2:]))


def trigger(rest: list[Token], *, constraint: bool) -> Trigger:
    kind = BEFORE if rest[1].says("before") else INSTEAD if rest[1].says("instead") else 0
    on = upto(rest, 1, "on")
    table, at = name_of(rest, on + 1)
    call = upto(rest, at, "execute")
    when = upto(rest, at, "when")
    columns = upto(rest, 1, "of")
    between = [token.word for token in rest[at:call]]
    until = len(rest) - 1
    function, opening = name_of(rest, call + 2)
    return Trigger(
        table=table,
        name=rest[0].word,
        function=function,
        type=kind
        | (ROW if "row" in between else 0)
        | sum(EVENTS.get(token.word, 0) for token in rest[1 : min(on, columns)])
        | sum(EVENTS.get(part[0].word, 0) for part in _alternatives(rest[columns:on])),
        columns=tuple(sorted(part[0].word for part in split(_first_list(rest[columns + 1 : on])))),
        constraint=constraint,
        deferrable="deferrable" in between and "not" not in between[: between.index("deferrable")],
        deferred="deferred" in between,
        old_table=_transition(between, "old"),
        new_table=_transition(between, "new"),
        arguments=tuple(part[0].word for part in split(rest[opening + 1 : until])),
        condition=canonical(tuple(rest[when + 1 : call])) if when < call else "",
    )


def _first_list(words: list[Token]) -> list[Token]:
    return words[: upto(words, 0, "or")]


def _alternatives(words: list[Token]) -> list[list[Token]]:
    """What follows each OR."""
    return [[words[at + 1]] for at, token in enumerate(words) if token.says("or")]


def _transition(words: list[str], which: str) -> str:
    for at, word in enumerate(words):
        if word == which and words[at + 1] == "table":
            return words[at + 3] if words[at + 2] == "as" else words[at + 2]
    return ""
