"""Strict reading of Stripe's JSON: every value is checked for its type, and a wrong one is refused by its
field name.

Numbers with a point become exact decimals, never floats. Nothing here knows what a field means; that is
the business of `webhook` and `adapter`. It must never fill in a default for a field that carries money.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.errors import InvalidAmount, InvalidRequest
from payments.connectors.psp.stripe import amounts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IDENTIFIER = re.compile(r"[A-Za-z0-9_\-]{1,255}", re.ASCII)
_LATEST = 253_402_300_799  # 9999-12-31T23:59:59Z, the last moment a datetime can hold

Json = Mapping[str, Any]


def document(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises InvalidRequest (param "body") for anything else, NaN and Infinity
    included."""
    try:
        data = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        raise InvalidRequest("The body is not JSON.", param="body") from problem
    if not isinstance(data, dict):
        raise InvalidRequest("The body is not a JSON object.", param="body")
    return data


def _no_constant(name: str) -> None:
    raise ValueError(name)


def mapping(source: Json, name: str) -> Json:
    """A nested object. Raises InvalidRequest naming the field."""
    value = source.get(name)
    if not isinstance(value, Mapping):
        raise _bad(name, "an object")
    return value


def identifier(source: Json, name: str) -> str:
    """A Stripe id, given as text or as an expanded object. Raises InvalidRequest when it is absent or
    malformed."""
    found = optional_identifier(source, name)
    if not found:
        raise _bad(name, "an id")
    return found


def optional_identifier(source: Json, name: str) -> str:
    """Like `identifier`, with "" for null and absent."""
    value = source.get(name)
    if isinstance(value, Mapping):
        value = value.get("id")
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise _bad(name, "an id")
    return value


def word(source: Json, name: str, *, default: str = "") -> str:
    """Short text of Stripe's own making (status, reason, code); `default` for null and absent."""
    value = source.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > 500 or not value.isprintable():
        raise _bad(name, "text")
    return value


def integer(source: Json, name: str) -> int:
    """A whole number; a decimal point, text or a boolean is refused by name."""
    value = source.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _bad(name, "an integer")
    return value


def currency(source: Json, name: str = "currency") -> str:
    """Our upper-case code for Stripe's lower-case one. Raises InvalidRequest for a currency we do not
    keep."""
    code = word(source, name).upper()
    amounts.exponent(code)
    return code


def amount(source: Json, name: str) -> Decimal:
    """Major units of the object's own currency from Stripe's integer. Raises InvalidRequest naming the
    field."""
    units = integer(source, name)
    code = currency(source)
    try:
        return amounts.from_stripe(units, code)
    except InvalidAmount as problem:
        raise InvalidRequest(problem.detail, param=name) from problem


def moment(source: Json, name: str = "created") -> datetime:
    """A time from whole seconds since 1970, UTC."""
    seconds = integer(source, name)
    if not 0 <= seconds <= _LATEST:
        raise _bad(name, "a time in seconds")
    return EPOCH + timedelta(seconds=seconds)


def _bad(name: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(f"Stripe's field {name!r} is not {wanted}.", param=name)
