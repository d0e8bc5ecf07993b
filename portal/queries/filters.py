"""What a reader of the timeline asked for, and what that means for each source of lines.

Values come from addresses that anybody can write: everything is checked here, nothing becomes part of SQL text.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from ledger import ids
from ledger.errors import InvalidAmount, InvalidRequest, NotFound
from ledger.money import CURRENCIES, Money
from ledger.reasons import REASONS
from portal.wording import NOUNS, states_in
from portal.wording.entries import TOLD_BY_MOVEMENTS, TRADING_RESULTS, entry
from portal.wording.shape import Text

KINDS: dict[str, Text] = {
    "deposit": _("Deposits"),
    "withdrawal": _("Withdrawals"),
    "transfer": _("Transfers"),
    "trading": _("Trading"),
    "fee": _("Fees"),
    "hold": _("Holds"),
    "refund": _("Refunds"),
    "dispute": _("Disputes"),
    "return": _("Returns"),
    "conversion": _("Conversions"),
    "bonus": _("Bonus"),
    "credit": _("Credits"),
    "debt": _("What you owed"),
    "correction": _("Corrections"),
}
GROUPS: dict[str, Text] = {
    "open": _("Under way"),
    "yours": _("Waiting for you"),
    "done": _("Done"),
    "stopped": _("Not completed"),
}
MOVEMENTS = ("deposit", "withdrawal", "transfer", "conversion", "refund", "dispute", "hold")
_PREFIXES = {"dep": "deposit", "wd": "withdrawal", "tr": "transfer", "cv": "conversion", "ref": "refund",
             "dsp": "dispute", "hold": "hold", "txn": "entry"}  # fmt: skip
_ENTRY_REASONS = tuple(code for code in REASONS if code not in TOLD_BY_MOVEMENTS)
_TRADING_RESULTS = frozenset(code for result in TRADING_RESULTS for code in (result, REASONS[result].reversal_code))
_LONGEST_QUERY = 80
_AMOUNT = re.compile(r"[+\-−]?\s*([0-9][0-9.,'’\s]*)\s*([A-Za-z]{3,4})?")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty means "all". `until` is the last day included; days are days of the client's zone."""

    kind: str = ""
    state: str = ""
    currency: str = ""
    since: date | None = None
    until: date | None = None
    q: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Filters":
        """From an address. Raises InvalidRequest naming the parameter."""
        return cls(
            kind=_one_of(query, "kind", KINDS),
            state=_one_of(query, "state", _known_states()),
            currency=_one_of(query, "currency", CURRENCIES),
            since=_day(query, "from"),
            until=_day(query, "to"),
            q=_text(query),
        )

    @property
    def active(self) -> bool:
        return self != Filters()

    def states_of(self, noun: str) -> list[str]:
        return list(states_in(noun, self.state)) if self.state else list(NOUNS[noun].states)

    def wants(self, noun: str) -> bool:
        """Whether lines of a noun can match at all."""
        if self.kind and noun in MOVEMENTS and self.kind != noun:
            return False
        return bool(self.states_of(noun))

    @property
    def reasons(self) -> list[str]:
        """The reason codes of entries that match the kind."""
        return [code for code in _ENTRY_REASONS if self.kind in ("", entry(code).kind)]

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From the first moment of `since` to the last of `until`; without them, of all time that can be."""
        first = self.since or date(1970, 1, 2)
        last = self.until or date(9000, 1, 1)
        starts = datetime(first.year, first.month, first.day, tzinfo=zone)
        after = last + timedelta(days=1)
        return starts.astimezone(UTC), datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the SQL texts that say what is searched for."""
        noun, key = _reference(self.q)
        money = _amount(self.q)
        pattern = re.sub(r"([\\%_])", r"\\\1", self.q)
        return {
            "q": self.q,
            "amount": money[0] if money else None,
            "key": key,
            "like": f"%{pattern}%" if self.q and not noun else None,
            "currency": self.currency or (money[1] if money else ""),
            "reasons": self.reasons,
            # Both ends of a transfer are one line, told from the wallet.
            "trading_reasons": [code for code in self.reasons if code != "CLIENT_INTERNAL_TRANSFER"],
            "results": sorted(_TRADING_RESULTS),
            "debt_reasons": ["WRITE_OFF", "MANUAL_ADJUSTMENT", "OPENING_BALANCE"],
            **{f"{name}_states": self.states_of(name) for name in MOVEMENTS},
        }


def noun_of(reference: str) -> tuple[str, uuid.UUID]:
    """The noun and key of a movement's public id. Raises NotFound."""
    noun, key = _reference(reference)
    if key is None:
        raise NotFound
    return noun, key


def _reference(text: str) -> tuple[str, uuid.UUID | None]:
    prefix = text.partition("_")[0]
    if prefix in _PREFIXES:
        try:
            return _PREFIXES[prefix], ids.decode_uuid(prefix, text)
        except NotFound:
            pass
    return "", None


def _amount(text: str) -> tuple[Decimal, str] | None:
    """What an amount that somebody pasted means: sign, thousands marks and currency may be there or not."""
    match = _AMOUNT.fullmatch(text.strip().removeprefix("$").removeprefix("€").removeprefix("£").strip())
    if match is None:
        return None
    digits = re.sub(r"['’\s]", "", match[1])
    decimals = re.search(r"[.,]([0-9]{1,2}|[0-9]{4,18})$", digits)
    whole = re.sub(r"[.,]", "", digits[: decimals.start()] if decimals else digits)
    code = (match[2] or "").upper()
    try:
        amount = Money.of(f"{int(whole)}.{decimals[1]}" if decimals else str(int(whole)), "ETH").amount
    except InvalidAmount:
        return None
    return (amount, code if code in CURRENCIES else "")


def _known_states() -> set[str]:
    return set(GROUPS) | {state for noun in NOUNS.values() for state in noun.states}


def _one_of(query: Mapping[str, str], name: str, known: Any) -> str:
    value = query.get(name, "")
    if value and value not in known:
        raise InvalidRequest(f"Unknown {name}.", param=name)
    return value


def _day(query: Mapping[str, str], name: str) -> date | None:
    value = query.get(name, "")
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise InvalidRequest("A day looks like 2026-11-21.", param=name) from None
    if not 1970 <= day.year <= 8999:
        raise InvalidRequest("This day is too far away.", param=name)
    return day


def _text(query: Mapping[str, str]) -> str:
    value = query.get("q", "").strip()
    if len(value) > _LONGEST_QUERY or "\x00" in value:
        raise InvalidRequest(f"Search for at most {_LONGEST_QUERY} characters.", param="q")
    return value
