"""Withdrawals on their way to the bank: write the intention, hand over, and ask when in doubt.

The attempt is written before the bank is called, with the ids under which the bank will know it. When nobody knows
whether the bank has it, the bank is asked; it is never handed over again blindly and never under other ids. Only when
the bank says, after a quiet time, that it never had this message is the very same message handed over once more: should
the first copy still arrive, from a slow line or a sleeping worker, the bank refuses the second of the two (ISO 20022:
MessageIdentification is unique per sender). A new attempt with new ids needs a definite refusal of the old one.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from ledger.database import unit_of_work
from payments import dispatch, outbox
from payments.connectors import registry
from payments.connectors.bank.base import Payout
from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected
from payments.models import Withdrawal, WithdrawalAttempt
from payments.services import locking
from payments.services.withdrawal_outcomes import SYSTEM, fail, locked_attempt, mark_sent
from payments.services.withdrawals import record

ASK_AGAIN = (5, 15, 60, 300)  # seconds between questions to the bank
# A copy may still be on its way when we give up on it. Counted from then, and longer than a hand-over may take (20 s of
# silence), so that a second copy is rare; that it is harmless follows from its ids, not from this time.
QUIET = timedelta(seconds=60)
# From here on a person is told that a payout is in doubt, or that the bank took it and says nothing.
OVERDUE = timedelta(minutes=3)
SILENCE = timedelta(days=2)
# These say nothing about an earlier copy of the same message.
_NOT_FROM_THE_BANK = ("unreachable", "invalid_payment")


# --- handing over -----------------------------------------------------------------------------------------------------


@dispatch.handler("withdrawal.instruct")
def instruct(*, payload: dict[str, str], now: datetime) -> None:
    """Send an approved withdrawal to its bank, once."""
    attempt = unit_of_work(lambda: _prepare(payload["withdrawal"], now))
    if attempt is None:
        return
    outcome, ended = _send(attempt.pk, "prepared", now)
    if outcome is not None:
        unit_of_work(lambda: _sent(attempt.pk, outcome, ended))


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


def _send(attempt_id: UUID, state: str, now: datetime) -> tuple[Outcome | None, datetime]:
    """Hand the attempt's message to the bank; returns the outcome and when it was known.

    None when the attempt is not in `state` any more: somebody else went on with it while this worker slept."""
    dispatch.require_no_transaction()
    started = time.monotonic()
    attempt = WithdrawalAttempt.objects.select_related("withdrawal__payment_method").get(pk=attempt_id)
    if attempt.state != state:
        return None, now
    withdrawal, method = attempt.withdrawal, attempt.withdrawal.payment_method
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
    outcome = bank.send_payouts(message_id=attempt.message_id, payouts=[payout], execute_on=now.date(), now=now)
    return outcome, now + timedelta(seconds=time.monotonic() - started)


def _sent(attempt_id: UUID, outcome: Outcome, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    match outcome:
        case Accepted() if attempt.state in ("prepared", "unknown"):
            mark_sent(withdrawal, attempt, now)
        case Rejected() if attempt.state == "prepared":
            fail(withdrawal, attempt, outcome.code, outcome.message, now)
        case InDoubt() if attempt.state == "prepared":
            _doubt(withdrawal, attempt, outcome.reason, now)


def _doubt(withdrawal: Withdrawal, attempt: WithdrawalAttempt, reason: str, now: datetime) -> None:
    before = withdrawal.state
    attempt.state, attempt.sent_at = "unknown", now
    attempt.save()
    withdrawal.doubt()
    withdrawal.save()
    record(withdrawal, "withdrawal.in_doubt", SYSTEM, now, before=before, reason=reason)
    outbox.put(
        "withdrawal.inquire",
        key=attempt.public_id,
        payload={"attempt": attempt.public_id},
        available_at=now + timedelta(seconds=ASK_AGAIN[0]),
    )


# --- asking -----------------------------------------------------------------------------------------------------------


@dispatch.handler("withdrawal.inquire")
def inquire(*, payload: dict[str, str], now: datetime) -> None:
    """Ask the bank whether it has a message whose hand-over is in doubt, again and again until it is not any more."""
    attempt = WithdrawalAttempt.objects.select_related("withdrawal").get(pk=WithdrawalAttempt.key(payload["attempt"]))
    if attempt.state != "unknown":
        return
    dispatch.require_no_transaction()
    known = registry.bank(attempt.withdrawal.connector).knows_message(message_id=attempt.message_id)
    if known:
        unit_of_work(lambda: _arrived(attempt.pk, now))
        return
    _report_doubt(attempt, now)
    if known is None or now - (attempt.sent_at or attempt.created_at) < QUIET:
        raise dispatch.Later(timedelta(seconds=_pause(attempt, now)))
    _hand_over_again(attempt.pk, now)


def _pause(attempt: WithdrawalAttempt, now: datetime) -> int:
    waited = (now - (attempt.sent_at or attempt.created_at)).total_seconds()
    return next((pause for pause in ASK_AGAIN if waited < pause * 3), ASK_AGAIN[-1])


def _arrived(attempt_id: UUID, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state == "unknown":
        mark_sent(withdrawal, attempt, now)


def _hand_over_again(attempt_id: UUID, now: datetime) -> None:
    """The bank never had it: the same message, under the same ids. Only the bank's own refusal ends the attempt."""
    unit_of_work(lambda: _not_received(attempt_id, now))
    outcome, ended = _send(attempt_id, "unknown", now)
    if outcome is None:
        return
    definite = isinstance(outcome, Accepted) or (
        isinstance(outcome, Rejected) and outcome.code not in _NOT_FROM_THE_BANK
    )
    if not definite:
        raise dispatch.Later(timedelta(seconds=ASK_AGAIN[0]))
    unit_of_work(lambda: _answered(attempt_id, outcome, ended))


def _not_received(attempt_id: UUID, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state == "unknown":
        attempt.sent_at = now  # the quiet time begins anew
        attempt.save()
        record(withdrawal, "withdrawal.not_received", SYSTEM, now, before="unknown", attempt=attempt.public_id)


def _answered(attempt_id: UUID, outcome: Outcome, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state != "unknown":
        return
    if isinstance(outcome, Rejected):
        fail(withdrawal, attempt, outcome.code, outcome.message, now)
    else:
        mark_sent(withdrawal, attempt, now)


# --- telling people ---------------------------------------------------------------------------------------------------


def _report_doubt(attempt: WithdrawalAttempt, now: datetime) -> None:
    if now - attempt.created_at > OVERDUE:
        what = "The bank does not say whether it has payout"
        unit_of_work(lambda: _report(attempt, f"{what} {attempt.withdrawal.public_id}"))


def report_silent(*, now: datetime) -> int:
    """Tell people, once each, about payouts that the bank took and never spoke of again; returns how many there are."""
    silent = WithdrawalAttempt.objects.filter(state="sent", sent_at__lt=now - SILENCE).select_related("withdrawal")
    for attempt in silent:
        title = f"The bank took payout {attempt.withdrawal.public_id} and says nothing since"
        unit_of_work(partial(_report, attempt, title, ":silent"))
    return len(silent)


def _report(attempt: WithdrawalAttempt, title: str, what: str = "") -> None:
    withdrawal = attempt.withdrawal
    dispatch.raise_exception(
        category="unknown_outcome",
        key=f"{attempt.public_id}{what}",
        title=title,
        facts={"message_id": attempt.message_id, "end_to_end_id": attempt.end_to_end_id},
        object_ref=withdrawal.public_id,
        client_ref=withdrawal.client.public_id,
        amount=withdrawal.money.text,
        currency=withdrawal.currency,
    )
