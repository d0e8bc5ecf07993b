"""The JSON reader of the API: what cannot be stored exactly is refused before a view sees it.

Numbers with a point become Decimal, never float. NaN, infinities, repeated keys, NUL characters, lone
surrogates, bottomless nesting and bodies above the limit are refused. The body must be one JSON object.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

MAX_DEPTH = 20


class StrictJSONParser(BaseParser):
    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Read one JSON object. Raises ParseError (400) with the reason."""
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ParseError("The request body is too large.")
        return loads(body)


def loads(body: bytes) -> dict[str, Any]:
    """Parse strict JSON text in UTF-8. Raises ParseError with the reason."""
    try:
        data = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_pairs,
        )
    except UnicodeDecodeError:
        raise ParseError("The request body is not UTF-8.") from None
    except RecursionError:
        raise ParseError("The JSON is nested too deeply.") from None
    except ValueError as error:
        raise ParseError(f"The JSON cannot be read: {error}.") from None
    if not isinstance(data, dict):
        raise ParseError("The request body must be a JSON object.")
    _refuse_unstorable(data, depth=0)
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is given twice")
        found[key] = value
    return found


def _refuse_unstorable(value: Any, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError("The JSON is nested too deeply.")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise ParseError("A text contains a character that cannot be stored.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unstorable(key, depth=depth)
            _refuse_unstorable(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner, depth=depth + 1)
