"""A part of the book: accounts by category, kind, branch of the code and currency.

Roll-ups, drill-downs and balance monitors choose accounts with the same words. Pure data and the SQL that means the
same; nothing here reads or decides.
"""

import re
from dataclasses import dataclass
from typing import Any

from ledger.chart import CATEGORIES, DEBIT_NORMAL, KINDS, classify
from ledger.errors import InvalidRequest
from ledger.money import currency as currency_of

# Branches of the chart whose accounts are mostly what others owe us: their sum is shown as a debit.
_DEBIT_BRANCHES = ("bank", "psp")
_PREFIX = re.compile(r"[a-z0-9_-]{1,40}(/[a-z0-9_-]{1,40}){0,4}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Accounts that meet every word that is given; "" is any. `prefix` is a branch: "psp/stripe" is that account, if
    there is one, and everything under it."""

    category: str = ""
    kind: str = ""
    prefix: str = ""
    currency: str = ""

    @property
    def sign(self) -> int:
        """+1 where the sum of these accounts is shown credit positive, −1 debit positive. It follows from the words
        alone, so an account that is opened later never turns a sum round."""
        if self.kind:
            return KINDS[self.kind].sign
        if self.category:
            return -1 if self.category in DEBIT_NORMAL else 1
        try:
            return classify(self.prefix)[0].sign
        except InvalidRequest:
            return -1 if self.prefix.split("/")[0] in _DEBIT_BRANCHES else 1

    @property
    def depth(self) -> int:
        """How many parts of a code the branch names."""
        return len(self.prefix.split("/")) if self.prefix else 0

    def where(self, alias: str = "a") -> tuple[str, list[Any]]:
        """A condition on `ledger_account` under this alias, and its parameters."""
        parts, values = ["true"], []
        for column in ("category", "kind", "currency"):
            if value := getattr(self, column):
                parts.append(f"{alias}.{column} = %s")
                values.append(value)
        if self.prefix:
            parts.append(f"({alias}.code = %s OR starts_with({alias}.code, %s))")
            values += [self.prefix, f"{self.prefix}/"]
        return " AND ".join(parts), values


def scope(*, category: str = "", kind: str = "", prefix: str = "", currency: str = "") -> Scope:
    """A scope from words of a caller; "client/*" means "client". Raises InvalidRequest naming the word, InvalidAmount
    (param "currency")."""
    if category and category not in CATEGORIES:
        raise InvalidRequest(f"A category is one of: {', '.join(CATEGORIES)}.", param="category")
    if kind and kind not in KINDS:
        raise InvalidRequest(f"A kind is one of: {', '.join(sorted(KINDS))}.", param="kind")
    prefix = prefix.removesuffix("*").removesuffix("/")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise InvalidRequest("A prefix is the beginning of an account code, like psp/stripe.", param="prefix")
    if currency:
        currency_of(currency)
    return Scope(category=category, kind=kind, prefix=prefix, currency=currency)
