"""Telling the provider of a refund, and writing down how it ended.

The provider knows a refund by our public id, so asking again is harmless for as long as it remembers the id; after
that nothing is sent again and a person looks. A refund is done when the provider accepts it or reports the sum.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger import holds
from ledger.database import unit_of_work
from ledger.posting import Source
from payments import dispatch
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.outcomes import Accepted, Outcome, Rejected
from payments.models import Deposit, Refund
from payments.services import deposit_changes, deposit_postings, locking
from payments.services.refunds import UNDER_WAY, record
from payments.services.walking import Occasion

REMEMBERED_FOR = timedelta(hours=23)  # providers promise to know an idempotency key for 24 hours
ASK_AGAIN = timedelta(seconds=30)


@dispatch.handler("refund.send")
def send(*, payload: dict[str, Any], now: datetime) -> None:
    """Ask the provider to refund, once the intention is written; again, under the same name, while it is in doubt."""
    refund_id = Refund.key(payload["refund"])
    refund = unit_of_work(lambda: _intend(refund_id, now))
    if refund is None:
        return
    if now - refund.created_at > REMEMBERED_FOR:
        _leave_to_people(refund)
        return
    dispatch.require_no_transaction()
    deposit = refund.deposit
    outcome = registry.psp(deposit.connector).refund(
        payment_reference=deposit.provider_reference,
        refund_reference=refund.public_id,
        amount=refund.money.amount,
        currency=refund.currency,
    )
    deposit_postings.open_accounts(deposit)
    if not unit_of_work(lambda: _ended(refund_id, outcome, now)):
        raise dispatch.Later(ASK_AGAIN)


def _locked(refund_id: UUID) -> tuple[Deposit, Refund]:
    """The deposit first, then its refund: the same order for everybody."""
    deposit_id = Refund.objects.values_list("deposit_id", flat=True).get(pk=refund_id)
    return locking.locked(Deposit, deposit_id), locking.locked(Refund, refund_id)


def _intend(refund_id: UUID, now: datetime) -> Refund | None:
    _, refund = _locked(refund_id)
    if refund.state not in UNDER_WAY:
        return None
    if refund.state == Refund.State.REQUESTED:
        refund.state = Refund.State.SENT
        refund.save()
        record(refund, "refund.sent", _system(refund), now, before=Refund.State.REQUESTED)
    return refund


def _ended(refund_id: UUID, outcome: Outcome, now: datetime) -> bool:
    """Write down how it ended; False while nobody knows."""
    deposit, refund = _locked(refund_id)
    if isinstance(outcome, Accepted):
        if not refund.provider_reference:
            refund.provider_reference = outcome.reference
            refund.save()
        if refund.state == Refund.State.SENT:  # the provider's report may have been quicker than its answer
            facts = deposit_changes.known(deposit)
            deposit_changes.apply(
                deposit=deposit,
                new=replace(facts, refunded=facts.refunded + refund.money.amount),
                occasion=Occasion(actor=_system(refund), happened_at=now, now=now),
            )
        return True
    if isinstance(outcome, Rejected):
        if refund.state == Refund.State.SENT:
            _refuse(deposit, refund, outcome, now)
        return True
    return refund.state != Refund.State.SENT


def _refuse(deposit: Deposit, refund: Refund, outcome: Rejected, now: datetime) -> None:
    holds.release(
        hold_id=refund.hold_id,
        source=Source("payments", "refund_refused", refund.public_id),
        description="The refund was not possible",
    )
    refund.state = Refund.State.REFUSED
    refund.save()
    record(refund, "refund.refused", _system(refund), now, before=Refund.State.SENT, code=outcome.code)
    _raise(refund, "refund_failed", "A refund was refused by the provider", code=outcome.code)


def _leave_to_people(refund: Refund) -> None:
    _raise(refund, "unknown_outcome", "Nobody says whether a refund was made; it will not be sent again")


def _raise(refund: Refund, category: str, title: str, **facts: str) -> None:
    deposit = refund.deposit
    dispatch.raise_exception(
        category=category,
        key=refund.public_id,
        title=title,
        facts={"deposit": deposit.public_id, "payment": deposit.provider_reference, **facts},
        client_ref=deposit.client.public_id,
        object_ref=refund.public_id,
        amount=refund.money.text,
        currency=refund.currency,
    )


def _system(refund: Refund) -> Actor:
    return Actor.system(refund.deposit.connector)
