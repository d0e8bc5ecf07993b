"""Public identifiers: a prefix that names the noun, and a time-ordered key in Crockford's base 32.

Objects that others refer to have UUIDv7 keys made by us before anything is written, so that an intention has its name
before it has its row. Small internal keys (accounts, events) are 64-bit integers in the same clothes.
"""

import os
import time
import uuid

from ledger.errors import NotFound

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_VALUES = {char: index for index, char in enumerate(_ALPHABET)}
_UUID_CHARS = 26
_INT_CHARS = 13


def new_id() -> uuid.UUID:
    """A fresh UUIDv7 (RFC 9562): 48 bits of milliseconds, 74 random bits."""
    millis = time.time_ns() // 1_000_000
    rand = int.from_bytes(os.urandom(10), "big")
    value = (millis & (2**48 - 1)) << 80 | 0x7 << 76 | (rand >> 68 & 0xFFF) << 64 | 0b10 << 62 | rand & (2**62 - 1)
    return uuid.UUID(int=value)


def new_texts(count: int) -> list[str]:
    """Fresh UUIDv7 as hexadecimal text, each later than the one before it (RFC 9562, 6.2, method 2): what is written
    together lies together in every index."""
    millis = time.time_ns() // 1_000_000 & (2**48 - 1)
    rand = int.from_bytes(os.urandom(10), "big") >> 7  # 73 bits, so that what is added cannot overflow 74
    steps = memoryview(os.urandom(4 * count)).cast("I")
    found = []
    for step in steps:
        rand += step + 1
        found.append(f"{millis:012x}7{rand >> 62:03x}{0b10 << 62 | rand & (2**62 - 1):016x}")
    return found


def encode(prefix: str, key: uuid.UUID | int) -> str:
    """`encode("wd", key)` → "wd_…": 26 characters for a UUID, 13 for a 64-bit integer; sorts like the key."""
    number, width = (key.int, _UUID_CHARS) if isinstance(key, uuid.UUID) else (key, _INT_CHARS)
    chars = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        chars.append(_ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(chars))}"


def decode_uuid(prefix: str, text: str) -> uuid.UUID:
    """The UUID in a public id. Raises NotFound for anything that `encode` cannot have made."""
    number = _decode(prefix, text, _UUID_CHARS)
    if number >= 2**128:
        raise NotFound
    return uuid.UUID(int=number)


def decode_int(prefix: str, text: str) -> int:
    """The integer in a public id. Raises NotFound for anything that `encode` cannot have made."""
    number = _decode(prefix, text, _INT_CHARS)
    if number >= 2**63:
        raise NotFound
    return number


def _decode(prefix: str, text: str, width: int) -> int:
    head, _, body = text.partition("_")
    if head != prefix or len(body) != width or not set(body) <= _VALUES.keys():
        raise NotFound
    number = 0
    for char in body:
        number = number * 32 + _VALUES[char]
    return number
