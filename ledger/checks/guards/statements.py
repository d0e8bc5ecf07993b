"""SQL text into statements and words, and the loops of our migrations into the statements that they execute.

Knows as much of SQL as telling statements apart needs. Must never ask a database.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SCHEMA = "current_schema"  # stands for the schema in which the migrations ran
_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<word>[A-Za-z_]\w*)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<sign>::|<=|>=|<>|!=|\|\||->>|\#>>|->|\#>|@>|<@|!~~|~~|!~\*|!~|~\*|\?\||\?&|.)""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """`kind` is dollar, text, quoted, word, number or sign; `word` is what PostgreSQL understands: unquoted names in
    lower case, quoted ones as they stand, texts without their quotes."""

    kind: str
    word: str

    def says(self, *words: str) -> bool:
        return self.kind in ("word", "sign") and self.word in words


def tokens(sql: str) -> list[Token]:
    found = []
    for match in _TOKEN.finditer(sql):
        kind, raw = str(match.lastgroup), match.group()
        if kind == "tag":
            kind = "dollar"
        if kind == "skip":
            continue
        if kind == "word":
            raw = raw.lower()
        elif kind == "quoted":
            kind, raw = "word", raw[1:-1].replace('""', '"')
        elif kind == "text":
            raw = raw[1:-1].replace("''", "'")
        elif kind == "dollar":
            raw = raw[raw.index("$", 1) + 1 : raw.rindex("$", 0, -1)]
        found.append(Token(kind, raw))
    return found


def statements(sql: str) -> Iterator[list[Token]]:
    """Every statement of a text, and in place of a loop over names what it executes for each."""
    statement: list[Token] = []
    for token in [*tokens(sql), Token("sign", ";")]:
        if not token.says(";"):
            statement.append(token)
            continue
        if statement and statement[0].says("do"):
            yield from _executed(statement)
        elif statement:
            yield statement
        statement = []


def _executed(block: list[Token]) -> Iterator[list[Token]]:
    """`FOREACH name IN ARRAY ARRAY[…] LOOP EXECUTE format('…', name); … END LOOP`, done. A loop over the catalogue
    cannot be done without one: it may only set what the comparison asks of every function anyway."""
    body = next(token.word for token in block if token.kind == "dollar")
    inside = tokens(body)
    at = 0
    while at < len(inside):
        if not inside[at].says("foreach"):
            at += 1
            continue
        name, start = inside[at + 1].word, at
        while not inside[at].says("loop"):
            at += 1
        values = [token.word for token in inside[start:at] if token.kind == "text"]
        start = at
        while not (inside[at].says("end") and inside[at + 1].says("loop")):
            at += 1
        for value in values:
            for template, arguments in _formats(inside[start:at]):
                filled = iter([value if each == name else each for each in arguments])
                yield from statements(re.sub(r"%[Is]", lambda _, rest=filled: next(rest), template))  # type: ignore[misc]


def _formats(inside: list[Token]) -> Iterator[tuple[str, list[str]]]:
    for at, token in enumerate(inside):
        if token.says("execute") and inside[at + 1].says("format"):
            arguments = []
            for later in inside[at + 4 :]:
                if later.says(";"):
                    break
                if later.kind == "word":
                    arguments.append(later.word)
            yield inside[at + 3].word, arguments


def upto(found: list[Token], at: int, *words: str) -> int:
    """Where, from `at` on and outside of parentheses, one of the words stands; the end when none does."""
    depth = 0
    while at < len(found):
        if depth == 0 and found[at].says(*words):
            return at
        depth += found[at].says("(", "[") - found[at].says(")", "]")
        at += 1
    return at


def split(found: list[Token]) -> list[list[Token]]:
    """What stands between the commas."""
    parts, at = [], 0
    while at < len(found):
        end = upto(found, at, ",")
        parts.append(found[at:end])
        at = end + 1
    return parts
