"""The rows of an archive as they are read, with their footer judged, and the list of what is wrong with it.

Nothing but the standard library. Never trusts a byte: lines have a greatest length, and words of the file that are
repeated to a person cannot pretend to be ours.
"""

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import digest_signature, signed_json

LONGEST = 64 * 1024 * 1024  # bytes of one line; a transaction of a hundred thousand legs has a fifth of it
MOST = 20  # findings that are told
_FOOTER = {"row", "accounts", "transactions", "sha256", "signature"}
Row = dict[str, Any]


@dataclass
class Findings:
    """What is wrong with a file, in words; empty when nothing is. `digest` is the closing's own, `sha256` the file's,
    `key` the name of the key that signed it; `place` is where reading has come to."""

    period: str = ""
    digest: str = ""
    sha256: str = ""
    key: str = ""
    transactions: int = 0
    entries: int = 0
    place: str = "the file"
    wrong: list[str] = field(default_factory=list)

    def require(self, true: bool, words: str) -> None:
        if not true and len(self.wrong) < MOST:
            self.wrong.append(one_line(words))


def one_line(words: str) -> str:
    """Words with everything escaped that would not be printed as it stands, line ends too."""
    return words if words.isprintable() else words.encode("unicode_escape").decode("ascii")


def rows(path: Path, found: Findings, keys: Mapping[str, bytes]) -> Iterator[Row]:
    """The rows before the footer, which must be the last, count them and bear their SHA-256, signed by one of `keys`.

    Raises ValueError, and what gzip raises, for what cannot be read; `found.place` says where."""
    counts: Counter[str] = Counter()
    seal, closed = hashlib.sha256(), False
    with gzip.open(path, "rb") as file:
        lines = iter(lambda: file.readline(LONGEST + 1), b"")
        for number, raw in enumerate(lines, 1):
            found.place = f"line {number}"
            if closed:
                found.require(False, f"{found.place}: something follows the footer")
                return
            if len(raw) > LONGEST:
                raise ValueError(f"it is longer than {LONGEST} bytes")
            row = signed_json.read(raw)
            if row["row"] == "footer":
                closed = True
                _close(row, seal.hexdigest(), counts, found, keys)
                continue
            seal.update(raw)
            counts[row["row"]] += 1
            yield row
    found.place = "after the last line"
    found.require(closed, "the footer is missing: the file is not whole, and it is not signed")


def _close(row: Row, sha256: str, counts: Counter[str], found: Findings, keys: Mapping[str, bytes]) -> None:
    found.require(set(row) <= _FOOTER, "the footer says more than a footer does")
    found.require(row["sha256"] == sha256, "the content is not what the footer's SHA-256 is of")
    for noun in ("account", "transaction"):
        found.require(row[f"{noun}s"] == counts[noun], f"the footer counts other {noun}s")
    fault = digest_signature.fault(row, digest_signature.signed_text(digest_signature.ARCHIVE, sha256), keys)
    found.require(not fault, fault)
    if not fault:
        found.key = row["signature"]["key"]
