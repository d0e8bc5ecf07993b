"""What is decided about a withdrawal: approve, reject, send back, cancel, resubmit, retry, abandon."""

from typing import Any

from ledger import ids
from ledger.api import fields
from ledger.api.endpoints import Acts
from ledger.api.shapes import Input
from payments.api.withdrawals import WithdrawalAnswer
from payments.decisions import REASON_CODES, REJECT_CODES, SEND_BACK_CODES
from payments.models import Withdrawal
from payments.services import withdrawal_decisions, withdrawal_outcomes, withdrawals
from payments.services.approvals import NOTE_MAX

HASH = "9f2c4e5b8d7a6c1e0f3b2a4d5c6e7f80"
HASH_HELP = "The `content_hash` you decide on; anything that has changed since gives another one."


class WithdrawalApproval(Input):
    specimen = {"content_hash": HASH}

    content_hash = fields.Text(max_length=64, help_text=HASH_HELP)
    note = fields.Text(max_length=NOTE_MAX, required=False)


class WithdrawalRejection(Input):
    specimen = {"content_hash": HASH, "reason_code": "payee_not_client", "note": "The account is a company's"}

    content_hash = fields.Text(max_length=64, help_text=HASH_HELP)
    reason_code = fields.Choice(choices=REJECT_CODES)
    note = fields.Text(max_length=NOTE_MAX, help_text="For staff.")
    client_message = fields.Text(max_length=1000, required=False, help_text="Words that the client sees.")


class WithdrawalReturnToMaker(WithdrawalRejection):
    specimen = {"content_hash": HASH, "reason_code": "documents_needed", "note": "Proof of address is a year old"}

    reason_code = fields.Choice(choices=SEND_BACK_CODES)


class WithdrawalGivenUp(Input):
    specimen = {"reason_code": "account_closed", "note": "AC04 twice"}

    reason_code = fields.Choice(choices=sorted(REASON_CODES))
    note = fields.Text(max_length=NOTE_MAX)


class WithdrawalAct(Acts):
    """One step of a withdrawal."""

    keyed = True
    answer = WithdrawalAnswer
    verb: Any

    def act(self, given: dict[str, Any], reference: str) -> Withdrawal:
        key = ids.decode_uuid("wd", reference)
        withdrawal: Withdrawal = type(self).verb(withdrawal_id=key, **given, actor=self.actor, now=self.now)
        return withdrawal


class WithdrawalApprove(WithdrawalAct):
    """Approve what the `content_hash` names. With enough approvals the payout is sent."""

    permission = {"POST": "payments.approve_withdrawal"}
    summary = {"POST": "Approve a withdrawal"}
    body = WithdrawalApproval
    verb = staticmethod(withdrawal_decisions.approve)


class WithdrawalReject(WithdrawalAct):
    """Refuse for good; the money is available again at once."""

    permission = {"POST": "payments.approve_withdrawal"}
    summary = {"POST": "Reject a withdrawal"}
    body = WithdrawalRejection
    verb = staticmethod(withdrawal_decisions.reject)


class WithdrawalSendBack(WithdrawalAct):
    """Ask for what is missing; the money stays held."""

    permission = {"POST": "payments.approve_withdrawal"}
    summary = {"POST": "Send a withdrawal back"}
    body = WithdrawalReturnToMaker
    verb = staticmethod(withdrawal_decisions.send_back)


class WithdrawalCancel(WithdrawalAct):
    """Call it off before it is approved; the money is available again at once."""

    permission = {"POST": "payments.request_withdrawal"}
    summary = {"POST": "Cancel a withdrawal"}
    verb = staticmethod(withdrawals.cancel)


class WithdrawalResubmit(WithdrawalAct):
    """What was missing is there: back to the queue."""

    permission = {"POST": "payments.request_withdrawal"}
    summary = {"POST": "Resubmit a withdrawal"}
    verb = staticmethod(withdrawals.resubmit)


class WithdrawalRetry(WithdrawalAct):
    """Try a failed payout again, as a new attempt of the same withdrawal."""

    permission = {"POST": "payments.retry_withdrawal"}
    summary = {"POST": "Retry a failed payout"}
    verb = staticmethod(withdrawal_outcomes.retry)


class WithdrawalAbandon(WithdrawalAct):
    """Give up on a failed payout; the money is available again at once."""

    permission = {"POST": "payments.retry_withdrawal"}
    summary = {"POST": "Abandon a failed payout"}
    body = WithdrawalGivenUp
    verb = staticmethod(withdrawal_outcomes.abandon)
