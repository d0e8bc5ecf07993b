"""Conditions in one form, however they are spelled: as Django writes them, as people do, or as PostgreSQL of any
version answers them.

Parentheses that change nothing, casts that PostgreSQL adds by itself, and `IN` against `= ANY (ARRAY[…])` make no
difference; what is said does. Must never ask a database.
"""

from functools import lru_cache

from ledger.checks.guards.reading import WIDE, Reader, Tree, Unread, after_type, said
from ledger.checks.guards.statements import Token, tokens


@lru_cache(maxsize=4096)
def canonical(sql: str | tuple[Token, ...] | None) -> Tree:
    """The meaning of a condition as something that can be compared; "" for none. What cannot be read is compared word
    by word."""
    if not sql:
        return ""
    found = tokens(sql) if isinstance(sql, str) else list(sql)
    try:
        reader = Reader(found)
        tree = reader.expression(0)
        if reader.at < len(found):
            raise Unread
    except (Unread, IndexError):
        return loose(found)
    return tree


def loose(sql: str | list[Token]) -> tuple[str, ...]:
    """The words of a query in order, without what PostgreSQL adds or leaves out when it answers one: parentheses, casts
    that change nothing, names for columns, and qualifiers where there is one table only. Enough for views, which are
    projections."""
    found = tokens(sql) if isinstance(sql, str) else sql
    alone = not any(token.says("join") for token in found)
    words: list[str] = []
    at = 0
    while at < len(found):
        token = found[at]
        if token.says("::"):
            value, start, at = found[at - 1], at + 1, after_type(found, at + 1)
            constant = value.kind in ("text", "number") or value.says("null")
            if (name := said(found[start:at])) not in WIDE and not constant:
                words.append(f"::{name}")
            continue
        if alone and at + 1 < len(found) and found[at + 1].says("."):
            at += 2
            continue
        if token.says("as") and found[at + 1].kind == "word":
            at += 2
            continue
        if not token.says("(", ")", ";"):
            words.append(f"'{token.word}'" if token.kind == "text" else token.word)
        at += 1
    return tuple(words)
