"""Saying by hand when something took effect: what has not happened is refused, an earlier time needs a permission.

Whether the books are still open then is a question for `ledger.periods`. The flows' times come from outside systems and
are not asked here: no person of ours chose them.
"""

from datetime import datetime, timedelta
from typing import Protocol

from ledger.errors import InvalidRequest

PERMISSION = "ledger.backdate_transaction"
CLOCKS_DIFFER = timedelta(minutes=5)  # later than now is refused beyond it, earlier needs the permission


class Backdater(Protocol):
    """Whoever says the time: `payments.actors.Actor` is one."""

    def require(self, permission: str) -> None: ...


def require_happened(effective_at: datetime, *, now: datetime) -> None:
    """Raise InvalidRequest (param "effective_at") for a time that has not come."""
    if effective_at > now + CLOCKS_DIFFER:
        raise InvalidRequest("What takes effect has happened: this time has not come.", param="effective_at")


def require_allowed(effective_at: datetime, *, actor: Backdater, now: datetime) -> None:
    """Raise InvalidRequest for a time that has not come, Forbidden for one further back than clocks differ, unless this
    person may say it."""
    require_happened(effective_at, now=now)
    if effective_at < now - CLOCKS_DIFFER:
        actor.require(PERMISSION)
