"""Sending a transfer to its platform: intention, one call, outcome — three steps, no transaction around the call.

A balance operation has no idempotency key, so it is sent at most once whatever crashes: a transfer found `sent` was cut
off in the middle and is in doubt. Whatever the call raises leaves the row `sent`, and the next attempt finds it so.
"""

from datetime import datetime
from uuid import UUID

from payments import dispatch
from payments.connectors import registry
from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected
from payments.models import Transfer
from payments.services import transfer_steps

NOTE = "transfer"


@dispatch.handler("transfer.send")
def send(*, payload: dict[str, str], now: datetime) -> None:
    """Tell the platform, once."""
    transfer_id = Transfer.key(payload["transfer"])
    account = Transfer.objects.select_related("trading_account").get(pk=transfer_id).platform_account
    platform = registry.platform(account.platform)  # before the intention: an unknown platform sends nothing
    transfer = transfer_steps.begin(transfer_id=transfer_id, now=now)
    if transfer is None:
        return
    dispatch.require_no_transaction()
    outcome = platform.move(login=account.login, amount=transfer.platform_amount, token=transfer.token, note=NOTE)
    _record(transfer_id, outcome, now)


def _record(transfer_id: UUID, outcome: Outcome, now: datetime) -> None:
    match outcome:
        case Accepted():
            transfer_steps.confirm(transfer_id=transfer_id, ticket=outcome.reference, now=now, found="answer")
        case Rejected():
            transfer_steps.refuse(
                transfer_id=transfer_id, code=outcome.code, now=now, found="answer", message=outcome.message[:300]
            )
        case InDoubt():
            transfer_steps.doubt(transfer_id=transfer_id, reason=outcome.reason, now=now)
