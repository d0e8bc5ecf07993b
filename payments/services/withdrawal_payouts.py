"""Withdrawals on their way to the bank: write the intention, send once, and ask when in doubt.

The attempt is written before the bank is called. An attempt whose outcome is unknown is never sent again: the bank is
asked whether it has the message, and only its "no" after a quiet time makes room for a new attempt.
"""

from datetime import datetime, timedelta
from uuid import UUID

from ledger.database import unit_of_work
from payments import dispatch, outbox
from payments.connectors import registry
from payments.connectors.bank.base import Payout
from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected
from payments.models import Withdrawal, WithdrawalAttempt
from payments.services import locking
from payments.services.withdrawal_outcomes import SYSTEM, fail, locked_attempt, mark_sent, try_again
from payments.services.withdrawals import record

ASK_AGAIN = (5, 15, 60, 300)  # seconds between questions to the bank
# A file may still be on its way when we first ask; only after this does "never heard of it" count as an answer.
QUIET = timedelta(seconds=30)


# --- sending ----------------------------------------------------------------------------------------------------------


@dispatch.handler("withdrawal.instruct")
def instruct(*, payload: dict[str, str], now: datetime) -> None:
    """Send an approved withdrawal to its bank, once."""
    attempt = unit_of_work(lambda: _prepare(payload["withdrawal"], now))
    if attempt is None:
        return
    dispatch.require_no_transaction()
    outcome = _send(attempt, now)
    unit_of_work(lambda: _sent(attempt.pk, outcome, now))


def _prepare(public_id: str, now: datetime) -> WithdrawalAttempt | None:
    """Write the intention. An attempt already there was cut off in the middle: in doubt, not sent again."""
    withdrawal = locking.locked(Withdrawal, Withdrawal.key(public_id))
    if withdrawal.state == "instructed":
        live = withdrawal.attempts.filter(state="prepared").first()
        if live is not None:
            _doubt(withdrawal, live, "interrupted", now)
        return None
    if withdrawal.state != "approved":
        return None
    number = withdrawal.attempts.count() + 1
    attempt = WithdrawalAttempt(
        withdrawal=withdrawal,
        number=number,
        message_id=_short_id("M", withdrawal, number),
        end_to_end_id=_short_id("E", withdrawal, number),
    )
    attempt.save(force_insert=True)
    withdrawal.instruct()
    withdrawal.save()
    record(withdrawal, "withdrawal.instructed", SYSTEM, now, before="approved", attempt=attempt.public_id)
    return attempt


def _short_id(letter: str, withdrawal: Withdrawal, number: int) -> str:
    """Unique within the 35 characters that ISO 20022 allows: WW, a letter, the withdrawal's own key, the attempt."""
    return f"WW{letter}{withdrawal.public_id.removeprefix('wd_').upper()}{number:02d}"


def _send(attempt: WithdrawalAttempt, now: datetime) -> Outcome:
    withdrawal = Withdrawal.objects.select_related("payment_method").get(pk=attempt.withdrawal_id)
    method = withdrawal.payment_method
    payout = Payout(
        end_to_end_id=attempt.end_to_end_id,
        amount=withdrawal.net.amount,
        currency=withdrawal.currency,
        beneficiary_name=method.holder_name,
        beneficiary_iban=method.iban,
        beneficiary_bic=method.bic,
        remittance=f"Withdrawal {withdrawal.public_id}",
    )
    bank = registry.bank(withdrawal.connector)
    return bank.send_payouts(message_id=attempt.message_id, payouts=[payout], execute_on=now.date(), now=now)


def _sent(attempt_id: UUID, outcome: Outcome, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state != "prepared":
        return
    match outcome:
        case Accepted():
            mark_sent(withdrawal, attempt, now)
        case Rejected():
            fail(withdrawal, attempt, outcome.code, outcome.message, now)
        case InDoubt():
            _doubt(withdrawal, attempt, outcome.reason, now)


def _doubt(withdrawal: Withdrawal, attempt: WithdrawalAttempt, reason: str, now: datetime) -> None:
    before = withdrawal.state
    attempt.state, attempt.sent_at = "unknown", attempt.sent_at or now
    attempt.save()
    withdrawal.doubt()
    withdrawal.save()
    record(withdrawal, "withdrawal.in_doubt", SYSTEM, now, before=before, reason=reason)
    outbox.put(
        "withdrawal.inquire",
        key=attempt.public_id,
        payload={"attempt": attempt.public_id, "asked": 0},
        available_at=now + timedelta(seconds=ASK_AGAIN[0]),
    )


# --- asking -----------------------------------------------------------------------------------------------------------


@dispatch.handler("withdrawal.inquire")
def inquire(*, payload: dict[str, str], now: datetime) -> None:
    """Ask the bank whether it has a message whose hand-over is in doubt."""
    attempt = WithdrawalAttempt.objects.select_related("withdrawal").get(pk=WithdrawalAttempt.key(payload["attempt"]))
    if attempt.state != "unknown":
        return
    dispatch.require_no_transaction()
    known = registry.bank(attempt.withdrawal.connector).knows_message(message_id=attempt.message_id)
    if known is None or (not known and attempt.sent_at and now - attempt.sent_at < QUIET):
        _report_doubt(attempt, now)
        raise dispatch.Later(timedelta(seconds=_pause(attempt, now)))
    unit_of_work(lambda: _answered(attempt.pk, known, now))


def _pause(attempt: WithdrawalAttempt, now: datetime) -> int:
    waited = (now - (attempt.sent_at or now)).total_seconds()
    return next((pause for pause in ASK_AGAIN if waited < pause * 3), ASK_AGAIN[-1])


def _report_doubt(attempt: WithdrawalAttempt, now: datetime) -> None:
    if attempt.sent_at and now - attempt.sent_at > QUIET * 4:
        withdrawal = attempt.withdrawal
        unit_of_work(
            lambda: dispatch.raise_exception(
                category="unknown_outcome",
                key=attempt.public_id,
                title=f"The bank does not say whether it has payout {withdrawal.public_id}",
                facts={"message_id": attempt.message_id, "end_to_end_id": attempt.end_to_end_id},
                object_ref=withdrawal.public_id,
                client_ref=withdrawal.client.public_id,
                amount=withdrawal.money.text,
                currency=withdrawal.currency,
            )
        )


def _answered(attempt_id: UUID, known: bool, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state != "unknown":
        return
    if known:
        mark_sent(withdrawal, attempt, now)
        return
    # The bank never got it: this attempt is over and a new one is safe.
    attempt.state, attempt.reason_code, attempt.ended_at = "rejected", "not_received", now
    attempt.save()
    withdrawal.fail()
    withdrawal.save()
    record(withdrawal, "withdrawal.not_received", SYSTEM, now, before="unknown")
    try_again(withdrawal, SYSTEM, now)
