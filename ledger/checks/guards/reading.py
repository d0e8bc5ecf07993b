"""A condition read into a tree: `a OR b AND NOT c` as nested tuples of words, the same for the same meaning.

Binds as PostgreSQL does. Must never ask a database.
"""

from typing import Any

from ledger.checks.guards.statements import Token, split, upto

Tree = Any  # nested tuples of words
_COMPARES = ("=", "<>", "!=", "<", ">", "<=", ">=")
_NUMBERS = ("integer", "int", "bigint", "smallint", "numeric")
# What a value can be cast to and stay what it is; PostgreSQL does so to find an operator.
WIDE = ("text", "character varying", "numeric", "text []", "character varying []", "numeric []")
_BINDING = {"+": 6, "-": 6, "*": 7, "/": 7, "%": 7}
_OTHERS = ("||", "->", "->>", "#>", "#>>", "@>", "<@", "~", "~*", "!~", "!~*", "~~", "!~~", "?", "?|", "?&", "&", "|")


class Unread(Exception):
    """Not the kind of condition that this module reads."""


def after_type(found: list[Token], at: int) -> int:
    """Past a type after `::`: its words, its length and its brackets."""
    while at < len(found) and found[at].kind == "word" and not found[at].says("and", "or", "is", "as", "from", "not"):
        at += 1
        if at < len(found) and found[at].says("."):
            at += 1
        elif found[at - 1].word not in ("character", "timestamp", "time", "double", "with", "without"):
            break
    if at < len(found) and found[at].says("(") and found[at - 1].word in ("varying", "numeric", "varchar"):
        at = upto(found, at + 1, ")") + 1
    while at < len(found) and found[at].says("["):
        at += 2
    if at + 2 < len(found) and found[at].says("with", "without") and found[at + 1].says("time"):
        at += 3
    return at


def said(words: list[Token]) -> str:
    return " ".join(token.word for token in words).replace("[ ]", "[]")


class Reader:
    """Reads from `at` on; raises Unread, or IndexError at the end, where it cannot."""

    def __init__(self, found: list[Token]) -> None:
        self.found, self.at = found, 0

    def sees(self, *words: str) -> bool:
        return self.at < len(self.found) and self.found[self.at].says(*words)

    def take(self, *words: str) -> bool:
        if self.sees(*words):
            self.at += 1
            return True
        return False

    def need(self, word: str) -> None:
        if not self.take(word):
            raise Unread

    def expression(self, binding: int) -> Tree:
        left = self.prefix()
        while True:
            for step in (self.logical, self.comparison, self.arithmetic):
                found = step(left, binding)
                if found is not None:
                    left = found
                    break
            else:
                return left

    def prefix(self) -> Tree:
        if self.take("not"):
            return ("not", self.expression(3))
        if self.take("-"):
            value = self.postfix(self.primary())
            return ("number", f"-{value[1]}") if value[0] == "number" else ("-", value)
        return self.postfix(self.primary())

    def primary(self) -> Tree:
        if self.take("("):
            inside = self.items(")")
            return inside[0] if len(inside) == 1 else ("row", *inside)
        token = self.found[self.at]
        self.at += 1
        if token.kind in ("text", "number"):
            return (token.kind, token.word)
        if token.kind != "word":
            raise Unread
        if token.says("array") and self.take("["):
            return ("array", *self.items("]"))
        name = token.word
        while self.take("."):
            name += "." + self.found[self.at].word
            self.at += 1
        if self.take("("):
            inside = self.items(")")
            return ("row", *inside) if name == "row" else ("call", name, *inside)
        if name == "case":
            return self.case()
        if name in ("select", "exists", "cast", "interval"):
            raise Unread
        return ("null",) if name == "null" else ("name", name)

    def case(self) -> Tree:
        arms: list[Tree] = []
        while self.take("when"):
            arms.append(self.expression(0))
            self.need("then")
            arms.append(self.expression(0))
        otherwise = self.expression(0) if self.take("else") else ("null",)
        self.need("end")
        return ("case", *arms, otherwise)

    def items(self, closing: str) -> list[Tree]:
        end = upto(self.found, self.at, closing)
        inside = [_whole(part) for part in split(self.found[self.at : end])]
        self.at = end + 1
        return inside

    def postfix(self, value: Tree) -> Tree:
        while self.sees("::"):
            start = self.at + 1
            self.at = after_type(self.found, start)
            if value[0] == "text" and self.found[start].word in _NUMBERS:
                value = ("number", value[1])
            elif value[0] not in ("text", "number", "null") and (name := said(self.found[start : self.at])) not in WIDE:
                value = ("cast", name, value)
        return value

    def logical(self, left: Tree, binding: int) -> Tree | None:
        for word, strength in (("or", 1), ("and", 2)):
            if binding < strength and self.take(word):
                right = self.expression(strength)
                parts = [*(left[1:] if left[0] == word else (left,)), *(right[1:] if right[0] == word else (right,))]
                return (word, *parts)
        return None

    def comparison(self, left: Tree, binding: int) -> Tree | None:
        if binding >= 4:
            return None
        if self.take("is"):
            no = self.take("not")
            if self.take("distinct"):
                self.need("from")
                return ("same" if no else "distinct", left, self.expression(4))
            word = self.found[self.at].word
            self.at += 1
            return ("is", no, word, left)
        if self.sees("not") and self.found[self.at + 1].says("in", "between"):
            self.at += 1
            return ("not", self.comparison(left, binding))
        if self.take("in"):
            self.need("(")
            return ("in", left, *self.items(")"))
        if self.take("between"):
            low = self.expression(4)
            self.need("and")
            return ("and", (">=", left, low), ("<=", left, self.expression(4)))
        if self.sees(*_COMPARES):
            return self.compared(left)
        return None

    def compared(self, left: Tree) -> Tree:
        sign = self.found[self.at].word.replace("!=", "<>")
        self.at += 1
        if not self.take("any", "all"):
            return (sign, left, self.expression(4))
        every = self.found[self.at - 1].word == "all"
        self.need("(")
        inside = self.items(")")
        if len(inside) != 1 or inside[0][0] != "array" or (sign, every) not in (("=", False), ("<>", True)):
            return (sign, "all" if every else "any", left, *inside)
        found = ("in", left, *inside[0][1:])
        return ("not", found) if every else found

    def arithmetic(self, left: Tree, binding: int) -> Tree | None:
        if self.at >= len(self.found) or self.found[self.at].kind != "sign":
            return None
        sign = self.found[self.at].word
        strength = _BINDING.get(sign, 5 if sign in _OTHERS else 0)
        if binding >= strength:
            return None
        self.at += 1
        return (sign, left, self.expression(strength))


def _whole(part: list[Token]) -> Tree:
    reader = Reader(part)
    tree = reader.expression(0)
    if reader.at < len(part):
        raise Unread
    return tree
