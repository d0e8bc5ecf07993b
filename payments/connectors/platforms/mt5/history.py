"""Asking the MT5 history of deals: all rows of a window, and the rows that carry one of our tokens.

The history is read while others write to it, and its clock is the broker's: windows are asked for a day wider
than meant, pages are read again until they agree with the server's own count, and a row that cannot be read
is a reason to stop, never a row to skip. Nothing here changes anything on the platform.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.errors import Unavailable
from payments.connectors.platforms.base import PlatformDeal
from payments.connectors.platforms.mt5 import codes
from payments.connectors.platforms.mt5.client import PAGE_ROWS, Mt5Client
from payments.connectors.platforms.mt5.deals import ServerClock, carries, read_deal

_MARGIN_OF_CLOCK = timedelta(days=1)  # no wall clock is further from UTC than that
_END_OF_TIME = 2**31 - 1  # server seconds: a search for a token has no upper end
_PASSES = 5


class TokenConflict(Unavailable):
    """Our token is in the history on another amount or type: somebody rewrote the row. For a person."""

    default_detail = "The platform's history contradicts what was asked of it."


class History:
    """The deals of one server. Methods raise WebApiError, UnreadableRow or Unavailable; callers translate."""

    def __init__(self, *, client: Mt5Client, clock: ServerClock) -> None:
        self._client = client
        self._clock = clock

    def window(self, *, login: str, since: datetime, until: datetime) -> list[PlatformDeal]:
        """Return the deals executed from `since` to `until`, both included, in the order of their tickets."""
        start = self._clock.to_server(since - _MARGIN_OF_CLOCK)
        end = self._clock.to_server(until + _MARGIN_OF_CLOCK) + 1
        found = self._read(login=login, start=start, end=end)
        return [deal for deal in found if since <= deal.executed_at <= until]

    def matches(self, *, login: str, amount: Decimal, token: str, since: datetime) -> list[PlatformDeal]:
        """Return every balance operation with our token and the signed amount, oldest ticket first.

        Raises TokenConflict when the token is there but on none that agrees in type and amount.
        """
        start = self._clock.to_server(since - _MARGIN_OF_CLOCK)
        ours = [
            deal
            for deal in self._read(login=login, start=start, end=_END_OF_TIME)
            if carries(comment=deal.comment, token=token)
        ]
        agreeing = [d for d in ours if d.action == codes.BALANCE_OPERATION and d.profit == amount]
        if ours and not agreeing:
            raise TokenConflict(token=token, tickets=[deal.ticket for deal in ours])
        return agreeing

    def _read(self, *, login: str, start: int, end: int) -> list[PlatformDeal]:
        """Read all pages until one pass agrees with the server's count: rows may come and go meanwhile."""
        for _ in range(_PASSES):
            rows = self._pass(login=login, start=start, end=end)
            if len(rows) == self._client.deals_total(login=login, start=start, end=end):
                found = [read_deal(row, clock=self._clock) for row in rows.values()]
                return sorted(found, key=lambda deal: int(deal.ticket))
        raise Unavailable("The platform's history did not hold still long enough to be read.", login=login)

    def _pass(self, *, login: str, start: int, end: int) -> dict[str, dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = {}
        offset = 0
        while True:
            page = self._client.deals_page(login=login, start=start, end=end, offset=offset)
            known = len(rows)
            rows.update({str(row.get("Deal")): row for row in page})
            offset += len(page)
            if len(page) < PAGE_ROWS or len(rows) == known:
                return rows
