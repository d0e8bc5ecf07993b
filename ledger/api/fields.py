"""The fields of the API's bodies: each takes exactly one JSON type and refuses everything else by name.

REST framework's own fields turn numbers into texts and texts into truth values; near money nothing is guessed. Fields
read and write, they decide nothing: whether an amount is enough or an id exists is the domain's word.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger import ids
from ledger.errors import NotFound
from ledger.money import CURRENCIES, Money

TEXT_MAX = 2000
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?", re.ASCII)
SIGNED = re.compile(rf"-?{_AMOUNT.pattern}", re.ASCII)
# RFC 3339: a date, a time, and a zone; the zone is never guessed.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
_BIGGEST_INTEGER = 2**53  # what every JSON reader keeps exactly
_EXAMPLE = UUID("019e2f5a-7c00-7abc-8def-0123456789ab")


def example(prefix: str) -> str:
    """A public id for examples; it names nothing."""
    return ids.encode(prefix, 17 if prefix == "acc" else _EXAMPLE)


class Text(serializers.CharField):
    """A JSON string, kept as it is. In a body it needs a `max_length`."""

    default_error_messages = {"invalid": "This must be a text."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs["trim_whitespace"] = False
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if "\x00" in data:
            self.fail("invalid")
        return data


class Flag(serializers.BooleanField):
    """JSON true or false; not "true", not 1."""

    default_error_messages = {"invalid": "This must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Choice(serializers.ChoiceField):
    """One of a few texts."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", input=str(data)[:40])
        return data


@extend_schema_field({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$", "example": "500.00"})
class Amount(serializers.Field):
    """An amount: in, a decimal string without sign; out, a `Money` as its decimal string."""

    default_error_messages = {
        "invalid": "Send the amount as a decimal string like 12.50.",
        "zero": "The amount must be above zero.",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
            self.fail("invalid")
        if not data.strip("0."):
            self.fail("zero")
        return data

    def to_representation(self, value: Money) -> str:
        return value.text


@extend_schema_field({"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$", "example": "-29.00"})
class Figure(serializers.Field):
    """An amount of money that is only shown, and may be below zero."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Money | Decimal) -> str:
        return value.text if isinstance(value, Money) else f"{value:f}"


@extend_schema_field({"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$", "example": "29.00"})
class Column(serializers.Field):
    """An amount that a row keeps as a number beside its currency; null stays null."""

    def __init__(self, name: str = "", *, currency: str = "currency", **kwargs: Any) -> None:
        self.column, self.currency = name, currency
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, row: Any) -> str | None:
        amount = getattr(row, self.column or str(self.field_name))
        return None if amount is None else Money.of(amount, attrgetter(self.currency)(row)).text


@extend_schema_field({"type": "string", "enum": sorted(CURRENCIES), "example": "USD"})
class Currency(serializers.Field):
    """A currency's code, in capitals."""

    default_error_messages = {"invalid": "Unknown currency."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in CURRENCIES:
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field({"type": "string", "format": "date-time", "example": "2026-11-20T09:00:00Z"})
class Moment(serializers.Field):
    """A moment in RFC 3339 with its zone; UTC on the way out."""

    default_error_messages = {"invalid": "Send a time like 2026-11-20T09:00:00Z, with its zone."}

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _MOMENT.fullmatch(data):
            self.fail("invalid")
        try:
            moment = datetime.fromisoformat(data.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")
        if not _EARLIEST <= moment <= _LATEST:
            self.fail("invalid")
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class PublicId(serializers.Field):
    """A public id of one kind: in, the key it stands for; out, the text of a key (or of an object's `public_id`)."""

    default_error_messages = {"invalid": "This is not an id of this kind."}

    def __init__(self, prefix: str, *, integer: bool = False, **kwargs: Any) -> None:
        self.prefix, self.integer = prefix, integer
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> UUID | int:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return ids.decode_int(self.prefix, data) if self.integer else ids.decode_uuid(self.prefix, data)
        except NotFound:
            self.fail("invalid")

    def to_representation(self, value: UUID | int) -> str:
        return ids.encode(self.prefix, value)


class PublicRef(PublicId):
    """A public id that is kept as text: for columns that refer to it without a key."""

    def to_internal_value(self, data: Any) -> Any:
        super().to_internal_value(data)
        return data

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field({"type": "object", "additionalProperties": True, "example": {"order": "A-17"}})
class Facts(serializers.Field):
    """A small JSON object of the caller's own: texts, whole numbers, truth values; at most 4,000 characters."""

    default_error_messages = {
        "invalid": "This must be an object.",
        "number": "Send numbers with decimals as texts, and whole numbers up to 9007199254740992.",
        "size": "This is too large: at most 4,000 characters, five levels deep.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            self.fail("invalid")
        if self._size(data, 0) > 4000:
            self.fail("size")
        return dict(data)

    def _size(self, value: Any, depth: int) -> int:
        if depth > 5:
            self.fail("size")
        if isinstance(value, Mapping):
            return sum(len(key) + self._size(inner, depth + 1) for key, inner in value.items()) + 2
        if isinstance(value, Sequence) and not isinstance(value, str):
            return sum(self._size(inner, depth + 1) for inner in value) + 2
        if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) > _BIGGEST_INTEGER):
            self.fail("number")
        return len(str(value))

    def to_representation(self, value: Any) -> Any:
        return value
