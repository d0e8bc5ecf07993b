"""MT5 as a trading platform: moves money once, and finds out what became of a move that was left in doubt.

It must never send a balance operation twice, never call a doubt a failure, and never read an unknown number
as a known one. A move is labelled with our token at the head of the comment, because MT5 has no external
reference and no deduplication: the history of deals is the only place where the truth can be asked for.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ssl import SSLContext
from typing import Any

from ledger.errors import Unavailable
from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected
from payments.connectors.platforms.base import PlatformAccount, PlatformDeal
from payments.connectors.platforms.mt5.accounts import Accounts, random_password
from payments.connectors.platforms.mt5.channel import NeverSent, NoAnswer, WebApiError
from payments.connectors.platforms.mt5.client import Mt5Client, Refused
from payments.connectors.platforms.mt5.deals import (
    USUAL_OFFSET,
    FoundDeal,
    ServerClock,
    UnreadableRow,
    amount_text,
    comment_for,
)
from payments.connectors.platforms.mt5.history import History
from payments.connectors.platforms.mt5.session import Mt5Session, OwnerLock

log = logging.getLogger(__name__)

_RAW_KEPT = 2000


class Mt5Adapter:
    """One MT5 server. Make one per process and share it; see `Mt5Session` for `timeout`, `owner_lock` and
    `tls`.

    `utc_offset` is the server's wall clock, one offset or its history. `leverage` is given to new accounts.
    """

    def __init__(
        self,
        *,
        url: str,
        login: str,
        password: str,
        name: str = "mt5",
        utc_offset: timedelta | ServerClock = USUAL_OFFSET,
        timeout: float = 10.0,
        ping_after: float = 20.0,
        owner_lock: OwnerLock = nullcontext,
        tls: SSLContext | None = None,
        leverage: int = 100,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._session = Mt5Session(
            url=url,
            login=login,
            password=password,
            timeout=timeout,
            ping_after=ping_after,
            owner_lock=owner_lock,
            tls=tls,
        )
        clock = utc_offset if isinstance(utc_offset, ServerClock) else ServerClock.fixed(utc_offset)
        self.name = name
        self._client = Mt5Client(session=self._session)
        self._accounts = Accounts(client=self._client)
        self._history = History(client=self._client, clock=clock)
        self._leverage, self._now = leverage, now

    def move(self, *, login: str, amount: Decimal, token: str, note: str) -> Outcome:
        """Add the signed amount, in the account's currency, to the trading balance; at most once.

        Accepted.reference is the deal's ticket. Rejected means that the balance did not change: refused by
        return code (free margin is checked there), or never sent (codes unreachable, auth_failed, busy,
        amount_not_representable). InDoubt must be resolved by `find`. Raises ValueError for an amount of zero
        or a token that does not fit into the comment.
        """
        if not isinstance(amount, Decimal) or not amount.is_finite() or amount == 0:
            raise ValueError(f"not an amount to move: {amount!r}")
        comment = comment_for(token=token, note=note)
        try:
            digits = self._accounts.digits(login=login)
        except (WebApiError, UnreadableRow) as error:
            return _rejected(error, facts={"step": "before_sending"})  # a look at the account changes nothing
        text = amount_text(amount=amount, digits=digits)
        if text is None:
            message = f"The account has {digits} decimals; {amount} would be rounded."
            return Rejected(code="amount_not_representable", message=message)
        facts = {"login": login, "amount": text, "comment": comment}
        try:
            ticket = self._client.change_balance(login=login, amount=text, comment=comment)
        except NoAnswer as error:
            return self._in_doubt(error, facts)
        except (NeverSent, Refused) as error:
            return _rejected(error, facts=facts)
        return Accepted(reference=ticket, facts=facts)

    def find(self, *, login: str, amount: Decimal, token: str, since: datetime) -> FoundDeal | None:
        """Look for the balance operation that carries `token` with the same signed amount, from `since` on.

        None means not there *yet*: a history may lag and a slow server may still be working, so rule only
        after both have had time. `duplicates` of the answer is not empty when the money moved more than once.
        Raises Unavailable when the platform cannot be asked, and its kind TokenConflict when the token is on
        a row that disagrees.
        """
        with self._asking(login):
            matches = self._history.matches(login=login, amount=amount, token=token, since=since)
        if not matches:
            return None
        duplicates = tuple(deal.ticket for deal in matches[1:])
        if duplicates:
            log.error("mt5 %s: token %s was carried out more than once: %s", self.name, token, duplicates)
        return FoundDeal(**vars(matches[0]), duplicates=duplicates)

    def deals(self, *, login: str, since: datetime, until: datetime) -> Sequence[PlatformDeal]:
        """Return the deals executed from `since` to `until`, both included, by ticket. Raises Unavailable."""
        with self._asking(login):
            return self._history.window(login=login, since=since, until=until)

    def account(self, *, login: str) -> PlatformAccount:
        """Return the account's figures in its own currency. Raises NotFound or Unavailable."""
        as_of = self._now()
        with self._asking(login):
            return self._accounts.figures(login=login, as_of=as_of)

    def open_account(self, *, client_name: str, currency: str, group: str) -> Outcome:
        """Open a trading account in a group of this currency; Accepted.reference is the login.

        Both passwords are random and forgotten at once: the client sets his own by the platform's reset.
        InDoubt means that an account without money may exist.
        """
        try:
            configured = str(self._client.group(name=group).get("Currency", ""))
            if configured != currency:
                message = f"The group {group} keeps its accounts in {configured}, not in {currency}."
                return Rejected(code="currency_mismatch", message=message)
        except WebApiError as error:
            return _rejected(error, facts={"step": "before_sending", "group": group})
        facts = {"group": group, "currency": currency}
        try:
            login = self._client.add_user(
                group=group,
                name=client_name,
                leverage=self._leverage,
                main=random_password(),
                investor=random_password(),
            )
        except NoAnswer as error:
            return self._in_doubt(error, facts)
        except (NeverSent, Refused) as error:
            return _rejected(error, facts=facts)
        return Accepted(reference=login, facts=facts)

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        self._session.drop()

    @contextmanager
    def _asking(self, login: str) -> Iterator[None]:
        """Turn every way in which a question can fail into Unavailable: no answer proves nothing."""
        try:
            yield
        except (WebApiError, UnreadableRow) as error:
            log.warning("mt5 %s: asking about %s failed: %s", self.name, login, error)
            raise Unavailable(platform=self.name, login=login, reason=str(error)) from error

    def _in_doubt(self, error: NoAnswer, facts: dict[str, Any]) -> InDoubt:
        raw = error.raw[:_RAW_KEPT].decode("utf-8", "replace")
        log.warning("mt5 %s: in doubt (%s): %s, answer %r", self.name, error.reason, facts, raw)
        return InDoubt(reason=error.reason, facts={**facts, "raw": raw} if raw else facts)


def _rejected(error: Exception, *, facts: dict[str, Any]) -> Rejected:
    if isinstance(error, Refused):
        return Rejected(code=error.code, message=str(error), facts={**facts, "retcode": error.number})
    code = error.code if isinstance(error, NeverSent) else "unreachable"
    return Rejected(code=code, message=str(error), facts=facts)
