"""Lines of CSV that a spreadsheet shows and never runs.

RFC 4180 quoting, dot decimals, ISO dates. A text that a spreadsheet would read as a formula gets an apostrophe in
front; a number is written as a number, its minus sign intact. Headers are texts like any other. Nothing here knows
what the columns mean.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

Cell = str | Decimal | int | date | None

# OWASP's list (https://owasp.org/www-community/attacks/CSV_Injection) and what spreadsheets take for the same signs:
# full-width forms, which NFKC folds, and the mathematical minus.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\u2212", "|", "%")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069]")
_QUOTED = re.compile(r'[",;\t\r\n\']|^\s|\s$')
LINE_END = "\r\n"


def line(cells: Iterable[Cell]) -> str:
    """One line with its end. Texts are neutralised, numbers and times are plain."""
    return ",".join(map(_cell, cells)) + LINE_END


def neutral(text: str) -> str:
    """The text as a spreadsheet may safely show it: without invisible characters, never a formula."""
    visible = _INVISIBLE.sub("", text)
    start = unicodedata.normalize("NFKC", visible.lstrip(" \u00a0\u3000"))[:1]
    dangerous = start in _FORMULA or visible[:1] in _FORMULA
    return f"'{visible}" if visible and start and dangerous else visible


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, int | date):
        return str(value)
    text = neutral(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
