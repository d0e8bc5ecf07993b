"""Looking after deposits whose end nobody has told us: messages get lost, so the provider is asked by itself.

Asking less and less often, and never changing anything by itself: `payments.services.deposits.sync` does.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from ledger.errors import Unavailable
from payments import dispatch
from payments.models import Deposit
from payments.services import deposits

LAST_LOOK = timedelta(hours=1)  # after expiry, for a payment made in the last minute
AUTHORISED_FOR = timedelta(days=8)  # card networks let an authorisation lapse after seven
_UNDECIDED = ("initiated", "authorised", "failed", "expired")


@dispatch.handler("deposit.sync")
def keep_sync(*, payload: dict[str, Any], now: datetime) -> None:
    """Look after a deposit that nobody has told us the end of, less and less often, until after it expired; `once`
    looks at any deposit, one time."""
    deposit = deposits.find(Deposit.key(payload["deposit"]))
    if payload.get("once"):
        deposits.sync(deposit_id=deposit.pk, now=now)
        return
    age, open_until = now - deposit.created_at, (deposit.expires_at or now) + LAST_LOOK
    if deposit.state == "authorised":
        open_until = deposit.created_at + AUTHORISED_FOR
    if deposit.state not in _UNDECIDED or (deposit.state == "failed" and not deposit.provider_reference):
        return
    with suppress(Unavailable):
        deposit = deposits.sync(deposit_id=deposit.pk, now=now)
    if deposit.state in _UNDECIDED and now < open_until:
        raise dispatch.Later(min(max(age / 4, timedelta(minutes=1)), timedelta(hours=6)))
