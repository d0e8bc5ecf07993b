"""The API's JSON reader refuses what cannot be stored exactly."""

import io
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.exceptions import ParseError

from config.parsers import StrictJSONParser, loads


def test_numbers_with_a_point_are_exact():
    assert loads(b'{"amount": 0.1}') == {"amount": Decimal("0.1")}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\u0000"}',
        b'{"a\\u0000": 1}',
        b'{"a": "\\ud800"}',
        b'{"a": ["\\udfff"]}',
        b'{"a": "\xff"}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}",
        b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
)
def test_what_cannot_be_stored_is_refused(body: bytes):
    with pytest.raises(ParseError):
        loads(body)


def test_an_endless_body_is_refused_after_the_limit(settings: Any):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    stream = io.BytesIO(b'{"a": "' + b"x" * 1000 + b'"}')
    with pytest.raises(ParseError, match="too large"):
        StrictJSONParser().parse(stream)
    assert stream.tell() == 101
