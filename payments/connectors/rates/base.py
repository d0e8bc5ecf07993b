"""What a source of exchange rates is to us: it hands over a file untouched, and can read such a file.

Fetching and reading are apart, so that the raw bytes are kept before anybody judges them. A source decides nothing:
whether a rate may be used is the firm's word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from payments.fx.freshness import Freshness


@dataclass(frozen=True, kw_only=True)
class RateFile:
    """One file as the source gave it. `kind` says how it is read."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class ReadRate:
    """One unit of `base` costs `value` (> 0) units of `counter`, published for that moment."""

    base: str
    counter: str
    value: Decimal
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReadRates:
    """What a file says: its rates, and the currency codes in it that we do not keep books in. From `stale_at` on the
    file as a whole is too old to be taken; None where its age does not matter."""

    rates: Sequence[ReadRate]
    unknown: Sequence[str] = ()
    stale_at: datetime | None = None


class RateSource(Protocol):
    name: str
    freshness: Freshness

    def fetch(self, *, history: bool = False) -> RateFile:
        """The newest file, or with `history` the source's recent past.

        Raises Unavailable, of which `refusals` names causes; nothing has then happened."""

    def read(self, *, kind: str, content: bytes) -> ReadRates:
        """Every rate in a file. Raises InvalidRequest (param "file") for a file that is not wholly understood."""
