"""Refunds that a person asks for: the client's money is held, and the provider is promised to be told.

One refund of a deposit is under way at a time: the provider reports only sums, and equal sums must have one
explanation. No provider is spoken to here (`payments.services.refund_sending` does).
"""

from datetime import datetime
from uuid import UUID

from ledger import accounts, events, holds, ids
from ledger.database import unit_of_work
from ledger.errors import CurrencyMismatch, InvalidRequest, InvalidTransition, LimitExceeded
from ledger.money import Money, positive
from ledger.posting import Source
from payments import outbox
from payments.actors import Actor
from payments.deposit_facts import ZERO
from payments.models import Deposit, Refund
from payments.services import locking
from payments.states import DEPOSIT

PERMISSION = "payments.refund_deposit"
UNDER_WAY = (Refund.State.REQUESTED, Refund.State.SENT)


def refundable(deposit: Deposit) -> Money:
    """What could still go back to the card: captured, less what went back or is disputed."""
    rest = deposit.captured - deposit.refunded - (deposit.disputed - deposit.reinstated)
    return Money.of(max(rest, ZERO), deposit.currency)


def request(*, deposit_id: UUID, money: Money, reason: str, actor: Actor, now: datetime) -> Refund:
    """Hold `money` of the client's wallet and promise to send it back to the card.

    Raises Forbidden, NotFound, InvalidAmount, CurrencyMismatch, InvalidRequest (param "reason"), InvalidTransition
    (nothing captured, a dispute, or another refund under way), LimitExceeded above what can be refunded,
    InsufficientAvailable, AccountFrozen."""
    actor.require(PERMISSION)
    positive(money)
    if not 1 <= len(reason.strip()) <= 1000:
        raise InvalidRequest("Say why, in at most 1000 characters.", param="reason")

    def work() -> Refund:
        deposit = locking.locked(Deposit, deposit_id, param="deposit")
        _require_refundable(deposit, money)
        refund = Refund(
            id=ids.new_id(),
            deposit=deposit,
            amount=money.amount,
            currency=money.currency,
            reason=reason.strip(),
            made_by=actor.id,
            maker=actor.person,
        )
        refund.hold_id = _hold(deposit, refund, actor)
        refund.save(force_insert=True)
        record(refund, "refund.requested", actor, now, before=None)
        outbox.put(
            "refund.send",
            key=refund.public_id,
            payload={"refund": refund.public_id},
            request_id=actor.request_id,
        )
        return refund

    return unit_of_work(work)


def _require_refundable(deposit: Deposit, money: Money) -> None:
    if money.currency != deposit.currency:
        raise CurrencyMismatch(f"This deposit was made in {deposit.currency}.", param="currency")
    if deposit.state != "refunded":
        DEPOSIT.require("refund", deposit.state)
    if deposit.refunds.filter(state__in=UNDER_WAY).exists():
        raise InvalidTransition("Another refund of this deposit is under way.", param="deposit")
    rest = refundable(deposit)
    if money > rest:
        detail = f"At most {rest} of this deposit can be refunded."
        raise LimitExceeded(detail, param="amount", refundable=rest.text, currency=rest.currency)


def _hold(deposit: Deposit, refund: Refund, actor: Actor) -> UUID:
    placed = holds.place(
        wallet=accounts.ref(deposit.client.account_code("wallet"), refund.currency),
        amount=refund.money.amount,
        kind="manual",
        reason=f"Refund {refund.public_id} of deposit {deposit.public_id}",
        actor=actor.id,
        source=Source("payments", "refund_hold", refund.public_id),
        description="Refund to the card under way",
        metadata={"deposit": deposit.public_id, "refund": refund.public_id},
    )
    return placed.hold_id


def record(refund: Refund, kind: str, actor: Actor, now: datetime, *, before: str | None, **data: str) -> None:
    events.record(
        type=kind,
        object_ref=refund.public_id,
        client_ref=refund.deposit.client.public_id,
        actor=actor,
        before=None if before is None else {"state": before},
        after={"state": refund.state, "amount": refund.money.text, "currency": refund.currency},
        data={"deposit": refund.deposit.public_id, **data},
        occurred_at=now,
    )
