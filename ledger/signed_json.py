"""Reading JSON that somebody signed: a text that two readers could understand differently is refused.

Nothing but the standard library. Never guesses: of a key that is given twice one reader takes the first value and
another one the last, so that a signature over the one would vouch for the other.
"""

import json
from typing import Any, NoReturn


def read(text: str | bytes) -> dict[str, Any]:
    """The one JSON object in a text. Raises ValueError for repeated keys, NaN and infinities, bottomless nesting,
    anything before or after the object, and bytes that are not UTF-8."""
    try:
        found = json.loads(
            text.decode() if isinstance(text, bytes) else text,
            object_pairs_hook=_once,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
