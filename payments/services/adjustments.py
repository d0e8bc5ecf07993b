"""Adjustments: a correction that one person drafts with reason and evidence, and another applies."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from ledger import backdating, events, periods, queries
from ledger.accounts import AccountRef
from ledger.database import unit_of_work
from ledger.errors import CurrencyMismatch, InsufficientAvailable, InvalidRequest, NotFound, PeriodClosed
from ledger.money import Money, positive
from ledger.posting import Source, credit, debit, post
from ledger.reasons import require_kinds
from payments.actors import Actor
from payments.models import Adjustment, Approval, Client
from payments.services import approvals, locking
from payments.states import ADJUSTMENT

EXPIRES_AFTER = timedelta(days=7)
TEXT_MAX = 2000
# Which house account stands on one side of each kind of correction, and on which side ("" for either).
KINDS = {
    "MANUAL_ADJUSTMENT": ("house/adjustments", ""),
    "SUSPENSE_ASSIGNED": ("house/suspense", "debit"),
    "WRITE_OFF": ("house/write-off", "debit"),
}


def draft(
    *,
    debit_account: AccountRef,
    credit_account: AccountRef,
    money: Money,
    reason: str,
    evidence: str,
    client: Client | None = None,
    reason_code: str = "MANUAL_ADJUSTMENT",
    effective_at: datetime | None = None,
    lands: bool = False,
    actor: Actor,
    now: datetime,
) -> Adjustment:
    """Draft a correction and hand it to a second person. Nothing moves yet.

    `reason_code`: MANUAL_ADJUSTMENT, SUSPENSE_ASSIGNED (money whose owner was found) or WRITE_OFF. `client`: whom it
    concerns, where the accounts do not say so; they must not belong to another.
    `effective_at`: when it takes effect, which needs `ledger.backdate_transaction`; when it is approved if left out.
    `lands`: where that day is closed, now or by then, it takes effect at the first open moment and points back.
    Raises Forbidden, InvalidRequest naming the field, CurrencyMismatch, ReasonNotAllowed, PeriodClosed."""
    actor.require("payments.request_adjustment")
    _check_time(effective_at, lands, actor, now)
    _check(reason_code, debit_account, credit_account, positive(money), reason, evidence)
    concerned = _concerned(client, debit_account, credit_account)

    def work() -> Adjustment:
        adjustment = Adjustment(
            client=concerned,
            reason_code=reason_code,
            debit_account_id=debit_account.id,
            credit_account_id=credit_account.id,
            amount=money.amount,
            currency=money.currency,
            reason=reason.strip(),
            evidence=evidence.strip(),
            effective_at=effective_at,
            lands=lands,
            expires_at=now + EXPIRES_AFTER,
            made_by=actor.id,
            maker=actor.person,
        )
        adjustment.submit()
        adjustment.save(force_insert=True)
        _record(adjustment, "adjustment.drafted", actor, now, before=None)
        return adjustment

    return unit_of_work(work)


def approve(*, adjustment_id: UUID, content_hash: str, actor: Actor, now: datetime, note: str = "") -> Adjustment:
    """Apply a correction as the second person: the posting is part of the same commit.

    Raises Forbidden, SelfApproval, NotFound, InvalidTransition, VersionConflict, InsufficientAvailable, PeriodClosed
    when the day it belongs to has been closed since: it then waits as it did."""
    actor.require("payments.approve_adjustment")

    def work() -> Adjustment:
        adjustment = _locked(adjustment_id, "approve", actor, now)
        _require_still_open(adjustment)
        _decide(adjustment, Approval.Decision.APPROVE, content_hash, actor, now, note=note)
        accounts = [
            AccountRef(a.pk, a.code, a.currency_id, a.kind, a.sign)
            for a in (adjustment.debit_account, adjustment.credit_account)
        ]
        if accounts[0].kind == "suspense":
            _require_in_suspense(accounts[0], adjustment.money)
        posted = post(
            reason=adjustment.reason_code,
            legs=[debit(accounts[0], adjustment.money.amount), credit(accounts[1], adjustment.money.amount)],
            source=Source("payments", "adjustment", adjustment.public_id),
            description=adjustment.reason,
            effective_at=adjustment.effective_at,
            metadata=periods.landing() if adjustment.lands else None,
        )
        before = adjustment.state
        adjustment.transaction_id = posted.id
        adjustment.ended_at = now
        adjustment.approve()
        adjustment.save()
        _record(adjustment, "adjustment.applied", actor, now, before=before)
        return adjustment

    return unit_of_work(work)


def reject(
    *, adjustment_id: UUID, content_hash: str, reason_code: str, note: str, actor: Actor, now: datetime
) -> Adjustment:
    """Refuse a correction; nothing ever moved. Raises what `approve` raises, and InvalidRequest."""
    actor.require("payments.approve_adjustment")

    def work() -> Adjustment:
        adjustment = _locked(adjustment_id, "reject", actor, now)
        _decide(adjustment, Approval.Decision.REJECT, content_hash, actor, now, reason_code, note)
        before = adjustment.state
        adjustment.ended_at = now
        adjustment.reject()
        adjustment.save()
        _record(adjustment, "adjustment.rejected", actor, now, before=before)
        return adjustment

    return unit_of_work(work)


def expire_due(*, now: datetime) -> int:
    """End drafts that nobody decided in time; returns how many."""
    count = 0
    for key in Adjustment.objects.filter(state="awaiting_second_person", expires_at__lte=now).values_list(
        "pk", flat=True
    ):

        def work(key: UUID = key) -> int:
            adjustment = locking.locked(Adjustment, key)
            if adjustment.state != "awaiting_second_person":
                return 0
            before = adjustment.state
            adjustment.ended_at = now
            adjustment.expire()
            adjustment.save()
            _record(adjustment, "adjustment.expired", Actor.system("schedule"), now, before=before)
            return 1

        count += unit_of_work(work)
    return count


def find(public_id: str) -> Adjustment:
    """The adjustment with this public id. Raises NotFound."""
    adjustment = Adjustment.objects.filter(pk=Adjustment.key(public_id)).first()
    if adjustment is None:
        raise NotFound
    return adjustment


def _locked(adjustment_id: UUID, action: str, actor: Actor, now: datetime) -> Adjustment:
    adjustment = locking.locked(Adjustment, adjustment_id)
    actor.require_other_than(adjustment.maker)
    ADJUSTMENT.require(action, adjustment.state)
    if adjustment.expires_at <= now:
        raise InvalidRequest("This draft has expired: draft it again.", param="adjustment")
    return adjustment


def _decide(
    adjustment: Adjustment,
    decision: str,
    seen_hash: str,
    actor: Actor,
    now: datetime,
    reason_code: str = "",
    note: str = "",
) -> None:
    approvals.decide(
        object_ref=adjustment.public_id,
        maker=adjustment.maker,
        current_hash=adjustment.content_hash,
        seen_hash=seen_hash,
        decision=decision,
        actor=actor,
        now=now,
        reason_code=reason_code,
        note=note,
    )


def _require_in_suspense(suspense: AccountRef, money: Money) -> None:
    """Nobody can be given more than waits there. House accounts have no floor of their own: one look at a time."""
    locking.one_at_a_time(f"adjustment:{suspense.id}")
    waiting = Money.of(queries.balance_of(suspense.id).available, money.currency)
    if waiting < money:
        raise InsufficientAvailable(f"{waiting} is in suspense, {money} is wanted.", param="amount")


def _check_time(effective_at: datetime | None, lands: bool, actor: Actor, now: datetime) -> None:
    if effective_at is None:
        if lands:
            raise InvalidRequest("Say when it took effect: only a closed day needs to land elsewhere.", param="land")
        return
    backdating.require_happened(effective_at, now=now)
    # However near it is now, it lies back by the time that another person has decided.
    actor.require(backdating.PERMISSION)
    if not lands:
        periods.require_open(effective_at)


def _require_still_open(adjustment: Adjustment) -> None:
    """The database decides when it is written; here it is said what to do about it."""
    if adjustment.effective_at is None or adjustment.lands:
        return
    try:
        periods.require_open(adjustment.effective_at)
    except PeriodClosed as error:
        error.detail = (
            f"{error.detail} This was drafted before: reject it and draft it anew, to land in the next open day."
        )
        raise


def _concerned(client: Client | None, *sides: AccountRef) -> Client | None:
    owners = {side.code.split("/")[1] for side in sides if side.code.startswith("client/")}
    if client is not None and owners - {client.public_id}:
        raise InvalidRequest("An account belongs to another client.", param="client")
    return client or next((Client.objects.filter(pk=Client.key(owner)).first() for owner in owners), None)


def _check(
    reason_code: str, debit_account: AccountRef, credit_account: AccountRef, money: Money, reason: str, evidence: str
) -> None:
    if reason_code not in KINDS:
        raise InvalidRequest(f"A correction is one of: {', '.join(KINDS)}.", param="reason_code")
    for name, text in (("reason", reason), ("evidence", evidence)):
        if not 3 <= len(text.strip()) <= TEXT_MAX:
            raise InvalidRequest(f"Give the {name} in 3 to {TEXT_MAX} characters.", param=name)
    if debit_account.id == credit_account.id:
        raise InvalidRequest("Debit and credit are the same account.", param="credit_account")
    for account in (debit_account, credit_account):
        if account.currency != money.currency:
            raise CurrencyMismatch(f"{account.code} is in {account.currency}.", param="currency")
        if account.kind == "held":
            raise InvalidRequest("Held money moves through its hold only.", param="debit_account")
    house, side = KINDS[reason_code]
    sides = {"debit": debit_account.code, "credit": credit_account.code}
    if house not in ([sides[side]] if side else sides.values()):
        raise InvalidRequest(f"{side or 'One'} side of {reason_code} is {house}.".capitalize(), param="debit_account")
    require_kinds(reason_code, debits={debit_account.kind}, credits={credit_account.kind})


def _record(adjustment: Adjustment, event_type: str, actor: Actor, now: datetime, *, before: str | None) -> None:
    events.record(
        type=event_type,
        object_ref=adjustment.public_id,
        client_ref=adjustment.client.public_id if adjustment.client else "",
        actor=actor,
        before=None if before is None else {"state": before},
        after={"state": adjustment.state, "amount": adjustment.money.text, "currency": adjustment.currency},
        data=_when(adjustment),
        occurred_at=now,
    )


def _when(adjustment: Adjustment) -> dict[str, object] | None:
    """The time that its maker wants, for the event log."""
    if adjustment.effective_at is None:
        return None
    return {"effective_at": adjustment.effective_at.astimezone(UTC).isoformat(), "lands": adjustment.lands}
