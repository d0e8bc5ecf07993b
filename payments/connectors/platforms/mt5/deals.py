"""Rows of the MT5 deal history: how one of ours is labelled, how any is read, and what its clock says.

Everything is exact: amounts come from text into Decimal, a row that cannot be read completely is refused as a
whole and never filled with defaults. MT5 writes times as the broker's wall clock encoded as epoch seconds;
only `ServerClock` may turn them into real moments.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from payments.connectors.platforms.base import PlatformDeal
from payments.connectors.platforms.mt5 import codes

COMMENT_LENGTH = 31  # 32 with the terminator; the server cuts silently (MetaQuotes, /api/trade/balance)
USUAL_OFFSET = timedelta(hours=2)  # most brokers let midnight fall on the New York close: +2 h, in summer +3 h
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TOKEN = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_CONTEXT = Context(prec=60)


class UnreadableRow(ValueError):
    """A row of the history misses a field that we need, or holds something that is not a number."""


@dataclass(frozen=True, kw_only=True)
class FoundDeal(PlatformDeal):
    """The deal that carries our token. `duplicates` are the tickets of further deals that carry it too: the
    money moved more than once and a person must look."""

    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServerClock:
    """The broker's wall clock: from each moment (UTC, ascending) an offset; the first one from ever."""

    changes: tuple[tuple[datetime, timedelta], ...]

    @classmethod
    def fixed(cls, offset: timedelta) -> "ServerClock":
        return cls(changes=((EPOCH, offset),))

    def to_server(self, moment: datetime) -> int:
        """Return the server's epoch seconds for a real moment, rounded down."""
        offset = self.changes[0][1]
        for start, later in self.changes:
            if start <= moment:
                offset = later
        return (moment - EPOCH + offset) // timedelta(seconds=1)

    def from_server(self, milliseconds: int) -> datetime:
        """Return the real moment; in the hour that a clock change repeats, the later offset wins."""
        wall = EPOCH + timedelta(milliseconds=milliseconds)
        for start, offset in reversed(self.changes):
            if wall - offset >= start:
                return wall - offset
        return wall - self.changes[0][1]


def comment_for(*, token: str, note: str) -> str:
    """Return the comment of a balance operation: our whole token first, then as much of the note as fits.

    Raises ValueError when the token is not made of ASCII letters, digits, "_" and "-", or is longer than 31.
    Characters of the note that the Web API would escape or that are not printable ASCII become "?".
    """
    if not _TOKEN.fullmatch(token) or len(token) > COMMENT_LENGTH:
        raise ValueError(f"a token needs 1 to {COMMENT_LENGTH} ASCII letters, digits, '_' or '-': {token!r}")
    plain = "".join(char if " " <= char <= "~" and char not in "\\|=" else "?" for char in note)
    return f"{token} {' '.join(plain.split())}"[:COMMENT_LENGTH].rstrip()


def carries(*, comment: str, token: str) -> bool:
    """Tell whether a comment begins with exactly this token (not with a longer one)."""
    return comment.startswith(token) and not _TOKEN.match(comment, len(token))


def amount_text(*, amount: Decimal, digits: int) -> str | None:
    """Return the amount written with exactly `digits` decimals, or None when that would round it."""
    exact = amount.quantize(Decimal(1).scaleb(-digits), context=_CONTEXT)
    return format(exact, "f") if exact == amount else None


def _number(row: Mapping[str, Any], name: str, default: str | None = None) -> Decimal:
    value = row.get(name, default)
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise UnreadableRow(f"{name} is missing")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise UnreadableRow(f"{name} is not a number: {value!r}") from error
    if not number.is_finite():
        raise UnreadableRow(f"{name} is not a number: {value!r}")
    return number


def _whole(row: Mapping[str, Any], name: str, default: str | None = None) -> int:
    number = _number(row, name, default)
    if number != number.to_integral_value():
        raise UnreadableRow(f"{name} is not a whole number: {number}")
    return int(number)


def read_money(row: Mapping[str, Any], name: str) -> Decimal:
    """Return one amount of any Web API row; raises UnreadableRow when it is missing or not a number."""
    return _number(row, name)


def read_digits(row: Mapping[str, Any]) -> int:
    """Return the decimals of a currency from a row of the Web API; raises UnreadableRow."""
    digits = _whole(row, "CurrencyDigits")
    if not 0 <= digits <= 18:
        raise UnreadableRow(f"CurrencyDigits is out of range: {digits}")
    return digits


def read_deal(row: Mapping[str, Any], *, clock: ServerClock) -> PlatformDeal:
    """Read one row of /api/deal/get_page. Raises UnreadableRow; only Fee may be missing (older servers have
    none).

    Storage is MT5's word for swap; for money operations the amount is Profit (MetaQuotes, deal data
    structure).
    """
    action = _whole(row, "Action")
    milliseconds = _whole(row, "TimeMsc", "0") or _whole(row, "Time") * 1000
    position = _whole(row, "PositionID", "0")
    return PlatformDeal(
        ticket=str(_whole(row, "Deal")),
        login=str(_whole(row, "Login")),
        action=action,
        bucket=codes.bucket_of(action),
        profit=_number(row, "Profit"),
        swap=_number(row, "Storage"),
        commission=_number(row, "Commission"),
        fee=_number(row, "Fee", "0"),
        symbol=str(row.get("Symbol", "")),
        comment=str(row.get("Comment", "")),
        executed_at=clock.from_server(milliseconds),
        reason=_whole(row, "Reason", "0"),
        position=str(position) if position else "",
    )
