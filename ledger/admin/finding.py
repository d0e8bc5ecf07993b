"""Searching a list: each finder turns the typed text into one exact condition, or into none, and says why it matched.

Only columns that can be looked up exactly, or that are short lists, are searched; a text that fits no finder finds
nothing, rather than everything.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Q, QuerySet, Value, When

from ledger import ids
from ledger.errors import DomainError, NotFound
from ledger.money import CURRENCIES, Money

LONGEST = 200
_AMOUNT = re.compile(r"[+\-\u2212]?\s*([0-9][0-9,' ]*(?:\.[0-9]+)?)\s*([A-Za-z]{3,5})?")
_AMOUNT_AFTER = re.compile(r"([A-Za-z]{3,5})\s*([0-9][0-9,' ]*(?:\.[0-9]+)?)")


@dataclass(frozen=True)
class Finder:
    """`why` is shown beside what it found."""

    why: str
    condition: Callable[[str], Q | None]

    def __call__(self, text: str) -> Q | None:
        return self.condition(text)


def search(queryset: QuerySet[Any], text: str, finders: Sequence[Finder]) -> QuerySet[Any]:
    """The rows that any finder knows by this text; all of them for no text, none for a text nobody understands."""
    text = text.strip()
    return queryset if not text else queryset.filter(wanted(text, finders))


def explained(queryset: QuerySet[Any], text: str, finders: Sequence[Finder]) -> QuerySet[Any]:
    """`search`, with the reason of each hit in `why`."""
    found = [(finder.why, q) for finder in finders if (q := finder(text.strip()[:LONGEST])) is not None]
    if not found:
        return queryset.none()
    reasons = [When(condition, then=Value(why)) for why, condition in found]
    return search(queryset, text, finders).annotate(why=Case(*reasons, default=Value(""), output_field=CharField()))


def wanted(text: str, finders: Sequence[Finder]) -> Q:
    """The conditions of all finders together; one that nothing meets when none fits."""
    conditions = Q(pk__in=[])
    for finder in finders:
        if (condition := finder(text[:LONGEST])) is not None:
            conditions |= condition
    return conditions


def public_id(prefix: str, field: str = "pk", why: str = "id") -> Finder:
    """Our own id; `field` is the column that holds its key."""

    def find(text: str) -> Q | None:
        for decode in (ids.decode_uuid, ids.decode_int):
            try:
                return Q(**{field: decode(prefix, text.lower())})
            except NotFound:
                continue
        return None

    return Finder(why, find)


def exactly(field: str, why: str, *, upper: bool = False) -> Finder:
    """Somebody's reference, whole. References have no spaces and are no e-mail addresses."""

    def find(text: str) -> Q | None:
        if " " in text or "@" in text:
            return None
        return Q(**{field: text.upper() if upper else text})

    return Finder(why, find)


def owned_by(why: str, field: str, owners: Callable[[str], QuerySet[Any, Any] | None]) -> Finder:
    """By what is known of the owner in `field`; the owners are found first, so that the long list is read by index."""

    def find(text: str) -> Q | None:
        found = owners(text)
        return None if found is None else Q(**{f"{field}__in": found})

    return Finder(why, find)


def through(why: str, keys: Callable[[str], QuerySet[Any]]) -> Finder:
    """By rows that belong to it; `keys` selects the keys of the owners, so that no row comes twice."""
    return Finder(why, lambda text: Q(pk__in=keys(text)))


def iban(field: str, why: str = "IBAN") -> Finder:
    """A whole account number, however it is spaced."""
    return Finder(why, lambda text: Q(**{field: text.replace(" ", "").upper()}))


def last_four(field: str = "last4") -> Finder:
    return Finder("last 4 digits", lambda text: Q(**{field: text}) if len(text) == 4 and text.isdigit() else None)


def email(field: str) -> Finder:
    why = "client's e-mail" if "__" in field else "e-mail"
    return Finder(why, lambda text: Q(**{f"{field}__istartswith": text}) if "@" in text else None)


def name(field: str, why: str = "name") -> Finder:
    """Part of a name; for short lists only, because it reads every row. A number is no name."""

    return Finder(why, lambda text: Q(**{f"{field}__icontains": text}) if is_name(text) else None)


def is_name(text: str) -> bool:
    return sum(char.isalpha() for char in text) >= 2 and "_" not in text


def account_code(field: str) -> Finder:
    """The whole of an account code or its beginning."""
    return Finder("account code", lambda text: Q(**{f"{field}__startswith": text}) if "/" in text else None)


def amount(field: str = "amount", currency: str = "currency", *, both_signs: bool = False) -> Finder:
    """An amount with or without its currency: "500", "500 usd", "1,234.50", "USD 500"."""

    def find(text: str) -> Q | None:
        parsed = parse_amount(text)
        if parsed is None:
            return None
        value, code = parsed
        wanted = Q(**{f"{field}__in": [value, -value]}) if both_signs else Q(**{field: value})
        return wanted & Q(**{currency: code}) if code else wanted

    return Finder("amount", find)


def parse_amount(text: str) -> tuple[Decimal, str] | None:
    """(amount, currency or "") in a text that is an amount and nothing else, else None. The sign is dropped."""
    if match := _AMOUNT.fullmatch(text.strip()):
        digits, code = match[1], (match[2] or "").upper()
    elif match := _AMOUNT_AFTER.fullmatch(text.strip()):
        digits, code = match[2], match[1].upper()
    else:
        return None
    if code and code not in CURRENCIES:
        return None
    whole, point, decimals = re.sub(r"[,' ]", "", digits).partition(".")
    try:
        # ETH has the most decimals: an amount without a currency is exact in it.
        return Money.of(f"{whole.lstrip('0') or '0'}{point}{decimals}", code or "ETH").amount, code
    except DomainError:
        return None
