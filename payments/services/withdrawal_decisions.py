"""Withdrawals as staff decide them: approve, reject, send back.

Approving re-asks the rules with today's facts, because things change between request and decision.
"""

from datetime import datetime
from uuid import UUID

from ledger.database import unit_of_work
from ledger.errors import InvalidRequest
from payments import outbox
from payments.actors import Actor
from payments.models import Approval, Withdrawal
from payments.services import approvals, locking, withdrawals
from payments.states import WITHDRAWAL

PERMISSION = "payments.approve_withdrawal"


def approve(*, withdrawal_id: UUID, content_hash: str, actor: Actor, now: datetime, note: str = "") -> Withdrawal:
    """Approve what `content_hash` names. With enough approvals the payout is promised in the same commit.

    Raises Forbidden, SelfApproval, NotFound, InvalidTransition, VersionConflict, PolicyRefused."""
    actor.require(PERMISSION)

    def work() -> Withdrawal:
        withdrawal = _locked(withdrawal_id, "approve", actor)
        decision = withdrawals.require_still_allowed(withdrawal, now)
        approved_by = _decide(withdrawal, Approval.Decision.APPROVE, content_hash, actor, now, note=note)
        needed = max(withdrawal.approvals_needed, decision.approvals_needed)
        before = withdrawal.state
        if approved_by < needed:
            withdrawals.record(
                withdrawal, "withdrawal.approved_once", actor, now, before=before, approvals=approved_by, needed=needed
            )
            return withdrawal
        withdrawal.approve()
        withdrawal.approvals_needed = needed
        withdrawal.policy = decision.as_json()
        withdrawal.save()
        withdrawals.record(withdrawal, "withdrawal.approved", actor, now, before=before, approvals=approved_by)
        outbox.put(
            "withdrawal.instruct",
            key=f"{withdrawal.public_id}:{withdrawal.version}",
            payload={"withdrawal": withdrawal.public_id},
        )
        return withdrawal

    return unit_of_work(work)


def reject(
    *,
    withdrawal_id: UUID,
    content_hash: str,
    reason_code: str,
    note: str,
    client_message: str = "",
    actor: Actor,
    now: datetime,
) -> Withdrawal:
    """Refuse for good; the hold is released in the same commit.

    Raises Forbidden, SelfApproval, NotFound, InvalidTransition, VersionConflict, InvalidRequest."""
    actor.require(PERMISSION)
    _check_message(client_message)

    def work() -> Withdrawal:
        withdrawal = _locked(withdrawal_id, "reject", actor)
        _decide(withdrawal, Approval.Decision.REJECT, content_hash, actor, now, reason_code, note)
        before = withdrawal.state
        withdrawal.reject()
        withdrawal.reason_code, withdrawal.client_message = reason_code, client_message
        withdrawals.end_without_paying(withdrawal, now)
        withdrawals.record(withdrawal, "withdrawal.rejected", actor, now, before=before, reason_code=reason_code)
        return withdrawal

    return unit_of_work(work)


def send_back(
    *,
    withdrawal_id: UUID,
    content_hash: str,
    reason_code: str,
    note: str,
    client_message: str = "",
    actor: Actor,
    now: datetime,
) -> Withdrawal:
    """Ask the maker for something; the money stays held. Raises what `reject` raises."""
    actor.require(PERMISSION)
    _check_message(client_message)

    def work() -> Withdrawal:
        withdrawal = _locked(withdrawal_id, "send_back", actor)
        _decide(withdrawal, Approval.Decision.SEND_BACK, content_hash, actor, now, reason_code, note)
        before = withdrawal.state
        withdrawal.send_back()
        withdrawal.reason_code, withdrawal.client_message = reason_code, client_message
        withdrawal.save()
        withdrawals.record(withdrawal, "withdrawal.sent_back", actor, now, before=before, reason_code=reason_code)
        return withdrawal

    return unit_of_work(work)


def _locked(withdrawal_id: UUID, action: str, actor: Actor) -> Withdrawal:
    withdrawal = locking.locked(Withdrawal, withdrawal_id)
    actor.require_other_than(withdrawal.maker)
    WITHDRAWAL.require(action, withdrawal.state)
    return withdrawal


def _check_message(text: str) -> None:
    if len(text) > approvals.NOTE_MAX:
        raise InvalidRequest(f"A message has up to {approvals.NOTE_MAX} characters.", param="client_message")


def _decide(
    withdrawal: Withdrawal,
    decision: str,
    seen_hash: str,
    actor: Actor,
    now: datetime,
    reason_code: str = "",
    note: str = "",
) -> int:
    return approvals.decide(
        object_ref=withdrawal.public_id,
        maker=withdrawal.maker,
        current_hash=withdrawal.content_hash,
        seen_hash=seen_hash,
        decision=decision,
        actor=actor,
        now=now,
        reason_code=reason_code,
        note=note,
    )
