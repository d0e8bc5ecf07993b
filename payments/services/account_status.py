"""Freezing ledger accounts: a frozen account refuses to be reduced, except by what already happened elsewhere."""

from datetime import datetime

from ledger import accounts
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, NotFound
from ledger.models import Account
from payments.actors import Actor

PERMISSION = "ledger.freeze_account"
REASON_MAX = 1000


def set_status(*, account_id: int, status: str, reason: str, actor: Actor, now: datetime) -> Account:
    """Freeze ("frozen") or unfreeze ("open") an account; the reason is kept in its event.

    Raises Forbidden, NotFound, InvalidRequest (param "reason" or "status"), InvalidTransition, AccountClosed."""
    actor.require(PERMISSION)
    if status not in (Account.Status.OPEN, Account.Status.FROZEN):
        raise InvalidRequest("An account is frozen or unfrozen here.", param="status")
    if not 3 <= len(reason.strip()) <= REASON_MAX:
        raise InvalidRequest(f"Say why, in 3 to {REASON_MAX} characters.", param="reason")

    def work() -> Account:
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            raise NotFound(param="account")
        accounts.set_status(account_id=account_id, status=status, reason=reason.strip(), actor=actor, now=now)
        account.refresh_from_db()
        return account

    return unit_of_work(work)
