"""The SEPA character set: what may stand in a payment file, and how other writing is carried over into it.

Source: EPC217-08 (SEPA requirements for an extended character set) and the basic Latin set of the EPC
implementation guidelines. Names are carried over letter by letter so that the beneficiary's bank can still
compare them; it must never change a reference (references are refused instead, see `is_reference`).
"""

import re
import unicodedata

from text_unidecode import unidecode  # type: ignore[import-untyped]

_FORBIDDEN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]", re.ASCII)
_REFERENCE = re.compile(r"[A-Za-z0-9\-?:().,'+]([A-Za-z0-9/\-?:().,'+ ]{0,33}[A-Za-z0-9\-?:().,'+])?", re.ASCII)
# Usual practice of German-speaking and Nordic banks; unidecode alone would make "Müller" into "Muller".
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "oe", "Ø": "Oe"}
    | {"å": "aa", "Å": "Aa", "æ": "ae", "Æ": "Ae"}
)
_SIGNS = str.maketrans({"&": "+", '"': "'", "_": "-", ";": ",", "<": "(", ">": ")", "[": "(", "]": ")"})


def sepa_text(raw: str, *, limit: int) -> str:
    """The text in the SEPA character set, white space collapsed, cut to `limit` characters. May become
    empty."""
    # Format characters (zero width, direction marks) are invisible: they leave no gap.
    seen = "".join(sign for sign in unicodedata.normalize("NFC", raw) if unicodedata.category(sign) != "Cf")
    latin = unidecode(seen.translate(_LETTERS)).translate(_SIGNS)
    return " ".join(_FORBIDDEN.sub(" ", latin).split())[:limit].strip()


def is_reference(text: str) -> bool:
    """True for 1 to 35 SEPA characters without leading or trailing blank or slash and without "//" (EPC
    rule)."""
    return _REFERENCE.fullmatch(text) is not None and "//" not in text
