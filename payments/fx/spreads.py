"""The firm's spread in basis points: one figure for everything, exceptions per pair and per class of client.

Written as text in the settings, most specific first wins: `50 EUR/USD=30 *@professional=25 EUR/USD@professional=12.5`.
A pair is named either way round. Pure: nothing here knows a client or a rate.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.money import CURRENCIES

MOST = Decimal(2_000)
_RULE = re.compile(
    r"(?:(?P<pair>\*|[A-Z]{3,4}/[A-Z]{3,4})(?:@(?P<group>[a-z]+))?=)?(?P<bps>[0-9]{1,4}(?:\.[0-9]{1,4})?)", re.ASCII
)
_ALL = frozenset({"*"})


@dataclass(frozen=True)
class Spreads:
    """Spreads by (the two currencies, class of client); "" stands for every class."""

    rules: Mapping[tuple[frozenset[str], str], Decimal] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Spreads":
        """Read the setting. Raises ValueError naming the part that is wrong, or when the general figure is missing."""
        rules: dict[tuple[frozenset[str], str], Decimal] = {}
        for part in text.split():
            match = _RULE.fullmatch(part)
            if match is None:
                raise ValueError(f"{part!r} is not a spread like 50, EUR/USD=30 or *@professional=25.")
            pair = frozenset((match["pair"] or "*").split("/"))
            bps = Decimal(match["bps"])
            if bps > MOST or (pair != _ALL and (len(pair) != 2 or not pair <= set(CURRENCIES))):
                raise ValueError(f"{part!r}: two known currencies, and at most {MOST} basis points.")
            rules[pair, match["group"] or ""] = bps
        if (_ALL, "") not in rules:
            raise ValueError("Give the general spread in basis points first, like 50.")
        return cls(rules)

    def bps(self, *, sell: str, buy: str, client_class: str) -> Decimal:
        """The spread for a pair and a class of client, in basis points of the price."""
        pair = frozenset((sell, buy))
        for rule in ((pair, client_class), (pair, ""), (_ALL, client_class)):
            if rule in self.rules:
                return self.rules[rule]
        return self.rules[_ALL, ""]
