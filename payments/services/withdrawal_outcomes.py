"""Withdrawals as the bank ends them: sent, paid, refused, come back, and on the statement; and what people do after.

Only the bank's own word moves a withdrawal on. Whatever contradicts what is already final changes nothing and becomes
an exception for a person. *Paid* means the bank settled it; *settled* means the statement shows it.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ledger import accounts, holds
from ledger.database import unit_of_work
from ledger.errors import InvalidAmount, InvalidRequest, InvalidTransition, NotFound
from ledger.money import Money
from ledger.posting import Source
from payments import dispatch, outbox, postings
from payments.actors import Actor
from payments.connectors.bank.base import PayoutStatus
from payments.decisions import REASON_CODES
from payments.models import Withdrawal, WithdrawalAttempt
from payments.services import locking
from payments.services.approvals import NOTE_MAX
from payments.services.posting import post_recipe
from payments.services.withdrawals import end_without_paying, record, require_still_allowed
from payments.states import WITHDRAWAL

SYSTEM = Actor.system("payouts")
LIVE = ("prepared", "sent", "unknown")
# A copy refused as a duplicate says that the bank has the other copy (ISO 20022 ExternalStatusReason1Code).
DUPLICATE = frozenset({"AM05", "DU01", "DU02", "DU03", "DU04", "DU05", "DUPL"})


def apply_status(*, status: PayoutStatus, connector: str, now: datetime) -> bool:
    """Take one status of a payout from the bank, in any order and any number of times.

    Returns False when the end-to-end id is none of ours. Settled pays, rejected fails, returned gives it back; another
    amount than the payout's moves nothing and becomes a case."""
    ours = WithdrawalAttempt.objects.filter(withdrawal__connector=connector).select_related("withdrawal")
    attempt = ours.filter(**_named_by(status)).first()
    if attempt is None:
        return False
    if status.state in ("settled", "returned") and _other_amount(attempt.withdrawal, status):
        unit_of_work(lambda: _contradicted(attempt.pk, status, now))
        return True
    steps: dict[str, Callable[[], object]] = {
        "settled": lambda: pay(attempt_id=attempt.pk, bank_reference=status.bank_reference, now=now),
        "rejected": lambda: _refused(attempt.pk, status.reason_code, status.reason_text, now),
        "returned": lambda: return_paid(attempt_id=attempt.pk, reason_code=status.reason_code, now=now),
        "accepted": lambda: _acknowledged(attempt.pk, now),
        "received": lambda: _acknowledged(attempt.pk, now),
        "sent": lambda: _acknowledged(attempt.pk, now),
    }
    unit_of_work(steps[status.state])
    return True


def _named_by(status: PayoutStatus) -> dict[str, str]:
    """A status about a whole file names only the message; our messages carry one payout each."""
    if status.end_to_end_id:
        return {"end_to_end_id": status.end_to_end_id}
    return {"message_id": status.message_id}


def _other_amount(withdrawal: Withdrawal, status: PayoutStatus) -> bool:
    if status.amount is None:
        return False
    net = withdrawal.net
    return abs(status.amount) != net.amount or (status.currency or net.currency) != net.currency


def _contradicted(attempt_id: UUID, status: PayoutStatus, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    told = f"{status.amount:f} {status.currency}"
    what = f"the bank reports {told} {status.state}, the payout is {withdrawal.net}"
    record(withdrawal, "withdrawal.contradicted", SYSTEM, now, before=withdrawal.state, what=what)
    _tell("conflicting_event", withdrawal, attempt, what, key=f"{status.state}:{told}")


def pay(*, attempt_id: UUID, bank_reference: str, now: datetime) -> None:
    """The bank settled it: the hold is captured into "paid, not yet on the statement", the fee is ours."""
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state == "settled":
        return
    if attempt.state == "rejected" or not WITHDRAWAL.allows("pay", withdrawal.state):
        _late(withdrawal, attempt, "settled after the attempt had ended", now)
        return
    before = withdrawal.state
    _capture(withdrawal)
    attempt.state, attempt.ended_at = "settled", now
    attempt.save()
    withdrawal.pay()
    withdrawal.provider_reference, withdrawal.paid_at = bank_reference[:120], now
    withdrawal.save()
    record(withdrawal, "withdrawal.paid", SYSTEM, now, before=before, attempt=attempt.public_id)
    _end_doubt(attempt, "confirmed_elsewhere", "The bank settled it.")


def _capture(withdrawal: Withdrawal) -> None:
    assert withdrawal.hold_id is not None  # noqa: S101 (a withdrawal is made together with its hold)
    held = withdrawal.client.account_code("held")
    recipes = [postings.withdrawal_paid(held=held, rail=withdrawal.connector, net=withdrawal.net)]
    if withdrawal.fee:
        recipes.append(postings.withdrawal_fee(held=held, fee=withdrawal.fee_money))
    for recipe in recipes:
        target = recipe.lines[1]
        holds.capture(
            hold_id=withdrawal.hold_id,
            to=accounts.ref(target.account, target.money.currency),
            amount=target.money.amount,
            reason=recipe.reason,
            source=Source("payments", recipe.reason.lower(), withdrawal.public_id),
        )


def _acknowledged(attempt_id: UUID, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state in ("prepared", "unknown"):
        mark_sent(withdrawal, attempt, now)


def _refused(attempt_id: UUID, code: str, text: str, now: datetime) -> None:
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state == "rejected":
        return
    if attempt.state == "settled":
        _late(withdrawal, attempt, f"rejected ({code[:35]}) after it was settled", now)
        return
    if code in DUPLICATE:
        what = f"refused as a duplicate ({code}): the bank's other copy decides"
        record(withdrawal, "withdrawal.contradicted", SYSTEM, now, before=withdrawal.state, what=what)
        _tell("conflicting_event", withdrawal, attempt, what, key=code)
        return
    fail(withdrawal, attempt, code, text, now)


def fail(withdrawal: Withdrawal, attempt: WithdrawalAttempt, code: str, text: str, now: datetime) -> None:
    """This attempt is over; the money stays held until a person retries or gives it back."""
    before = withdrawal.state
    attempt.state, attempt.reason_code, attempt.ended_at = "rejected", code[:40], now
    attempt.save()
    withdrawal.fail()
    withdrawal.reason_code = code[:40]
    withdrawal.save()
    record(withdrawal, "withdrawal.failed", SYSTEM, now, before=before, reason_code=code)
    _tell("payout_failed", withdrawal, attempt, f"failed: {code}", code=code, text=text[:300])
    _end_doubt(attempt, "not_happened", "The bank refused it.")


def _late(withdrawal: Withdrawal, attempt: WithdrawalAttempt, what: str, now: datetime) -> None:
    record(withdrawal, "withdrawal.contradicted", SYSTEM, now, before=withdrawal.state, what=what)
    _tell("late_after_final", withdrawal, attempt, what, key=what)


def _tell(
    category: str, withdrawal: Withdrawal, attempt: WithdrawalAttempt, what: str, *, key: str = "", **facts: str
) -> None:
    dispatch.raise_exception(
        category=category,
        key=":".join(part for part in (attempt.public_id, key) if part),
        title=f"Payout {withdrawal.public_id}: {what}",
        facts={"attempt": attempt.public_id, "state": withdrawal.state, **facts},
        object_ref=withdrawal.public_id,
        client_ref=withdrawal.client.public_id,
        amount=withdrawal.money.text,
        currency=withdrawal.currency,
    )


def _end_doubt(attempt: WithdrawalAttempt, outcome: str, note: str) -> None:
    """Close what people were told while nobody knew: that it is in doubt, and that the bank is silent."""
    for key in (attempt.public_id, f"{attempt.public_id}:silent"):
        dispatch.settle_exception(category="unknown_outcome", key=key, outcome=outcome, note=note)


def return_paid(*, attempt_id: UUID, reason_code: str, now: datetime) -> bool:
    """A paid withdrawal came back: the net amount is the client's again, the original rows stay as they are.

    False, with a case, when this attempt was never paid: then nothing has moved."""
    withdrawal, attempt = locked_attempt(attempt_id)
    if attempt.state == "rejected":
        _late(withdrawal, attempt, "returned although it was never paid", now)
        return False
    if withdrawal.state == "returned":
        return True
    if attempt.state != "settled":
        pay(attempt_id=attempt_id, bank_reference="", now=now)
        withdrawal.refresh_from_db()
    wallet = withdrawal.client.account_code("wallet")
    post_recipe(
        postings.withdrawal_returned(bank=withdrawal.connector, wallet=wallet, net=withdrawal.net),
        source=Source("payments", "withdrawal_returned", withdrawal.public_id),
        description=f"Withdrawal {withdrawal.public_id} came back",
    )
    withdrawal.return_()
    withdrawal.reason_code, withdrawal.ended_at = reason_code[:40], now
    withdrawal.save()
    record(withdrawal, "withdrawal.returned", SYSTEM, now, before="paid", reason_code=reason_code)
    return True


def settle(*, end_to_end_id: str, connector: str, net: Money, bank: str, actor: Actor, now: datetime) -> Withdrawal:
    """The statement shows the debit: paid if it was not yet, and off our list of payouts on their way.

    Raises NotFound for an end-to-end id that is none of ours, InvalidAmount when the line has another amount,
    InvalidTransition when the withdrawal was not on its way."""

    def work() -> Withdrawal:
        key = (
            WithdrawalAttempt.objects.filter(end_to_end_id=end_to_end_id, withdrawal__connector=connector)
            .values_list("pk", flat=True)
            .first()
        )
        if key is None:
            raise NotFound("No payout of ours has this end-to-end id.", param="end_to_end_id")
        withdrawal, attempt = locked_attempt(key)
        if withdrawal.net != net:
            raise InvalidAmount(f"The payout is {withdrawal.net}, the line says {net}.", param="amount")
        if attempt.state in LIVE:
            pay(attempt_id=key, bank_reference="", now=now)
            withdrawal, attempt = locked_attempt(key)
        if attempt.state != "settled":
            raise InvalidTransition("This payout was not on its way.", state=withdrawal.state, action="settle")
        if withdrawal.settled_at is not None:
            return withdrawal
        post_recipe(
            postings.withdrawal_settled(rail=connector, bank=bank, net=net),
            source=Source("payments", "withdrawal_settled", withdrawal.public_id),
        )
        withdrawal.settled_at = now
        withdrawal.save()
        record(withdrawal, "withdrawal.settled", actor, now, before=withdrawal.state)
        return withdrawal

    return unit_of_work(work)


def mark_sent(withdrawal: Withdrawal, attempt: WithdrawalAttempt, now: datetime) -> None:
    """The bank has the message. Call with both rows locked."""
    before = withdrawal.state
    attempt.state, attempt.sent_at = "sent", now
    attempt.save()
    withdrawal.send()
    withdrawal.save()
    record(withdrawal, "withdrawal.sent", SYSTEM, now, before=before, attempt=attempt.public_id)
    if before == "unknown":
        _end_doubt(attempt, "confirmed_elsewhere", "The bank has it.")


# --- people -----------------------------------------------------------------------------------------------------------


def retry(*, withdrawal_id: UUID, actor: Actor, now: datetime) -> Withdrawal:
    """Try a failed payout again: the same withdrawal, a new attempt. The rules are asked again.

    Raises Forbidden, NotFound, InvalidTransition, AccountFrozen, PolicyRefused."""
    actor.require("payments.retry_withdrawal")

    def work() -> Withdrawal:
        withdrawal = locking.locked(Withdrawal, withdrawal_id)
        WITHDRAWAL.require("retry", withdrawal.state)
        require_still_allowed(withdrawal, now)
        withdrawal.retry()
        withdrawal.reason_code = ""
        withdrawal.save()
        record(withdrawal, "withdrawal.retried", actor, now, before="failed")
        outbox.put(
            "withdrawal.instruct",
            key=f"{withdrawal.public_id}:{withdrawal.version}",
            payload={"withdrawal": withdrawal.public_id},
        )
        _end_failure(withdrawal, "retried", f"Tried again by {actor.id}.")
        return withdrawal

    return unit_of_work(work)


def abandon(*, withdrawal_id: UUID, reason_code: str, note: str, actor: Actor, now: datetime) -> Withdrawal:
    """Give up on a failed payout; the hold is released.

    Raises Forbidden, NotFound, InvalidTransition, InvalidRequest (param "reason_code" or "note")."""
    actor.require("payments.retry_withdrawal")
    if reason_code not in REASON_CODES:
        raise InvalidRequest("Give a reason code.", param="reason_code")
    if not 1 <= len(note.strip()) <= NOTE_MAX:
        raise InvalidRequest(f"Give a note of up to {NOTE_MAX} characters.", param="note")

    def work() -> Withdrawal:
        withdrawal = locking.locked(Withdrawal, withdrawal_id)
        WITHDRAWAL.require("abandon", withdrawal.state)
        withdrawal.abandon()
        withdrawal.reason_code = reason_code
        end_without_paying(withdrawal, now)
        record(withdrawal, "withdrawal.abandoned", actor, now, before="failed", note=note)
        _end_failure(withdrawal, "given_back", f"Given back: {note.strip()}")
        return withdrawal

    return unit_of_work(work)


def _end_failure(withdrawal: Withdrawal, outcome: str, note: str) -> None:
    """What is done about a failed payout is the outcome of its case."""
    for attempt in withdrawal.attempts.filter(state="rejected"):
        dispatch.settle_exception(category="payout_failed", key=attempt.public_id, outcome=outcome, note=note)


def locked_attempt(attempt_id: UUID) -> tuple[Withdrawal, WithdrawalAttempt]:
    """Lock order: the withdrawal, then its attempt."""
    withdrawal_id = WithdrawalAttempt.objects.values_list("withdrawal_id", flat=True).get(pk=attempt_id)
    withdrawal = locking.locked(Withdrawal, withdrawal_id)
    return withdrawal, locking.locked(WithdrawalAttempt, attempt_id)
