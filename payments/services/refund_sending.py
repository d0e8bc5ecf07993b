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
from ledger.errors import InvalidRequest, InvalidTransition, NotFound
from ledger.posting import Source
from payments import dispatch, outbox
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.outcomes import Accepted, Outcome, Rejected
from payments.models import Deposit, Refund
from payments.services import deposit_changes, deposit_news, deposit_postings, locking
from payments.services.refunds import PERMISSION, UNDER_WAY, record
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
    _release(deposit, refund, _system(refund), now, code=outcome.code)
    _raise(refund, "refund_failed", "A refund was refused by the provider", code=outcome.code)


def _release(deposit: Deposit, refund: Refund, actor: Actor, now: datetime, **why: str) -> None:
    if deposit_postings.is_held(refund):
        holds.release(
            hold_id=refund.hold_id,
            source=Source("payments", "refund_refused", refund.public_id),
            description="The refund was not possible",
        )
    refund.state = Refund.State.REFUSED
    refund.save()
    record(refund, "refund.refused", actor, now, before=Refund.State.SENT, **why)


def _leave_to_people(refund: Refund) -> None:
    """Look once more for the sum at the provider, and tell a person; `give_up` is the way out when it is not there."""
    _raise(refund, "unknown_outcome", "Nobody says whether a refund was made; it will not be sent again")
    payload = {"deposit": refund.deposit.public_id, "once": True}
    outbox.put("deposit.sync", key=refund.public_id, payload=payload)


def give_up(*, refund_id: UUID, note: str, actor: Actor, now: datetime) -> Refund:
    """A person ends a refund that nobody ever answered: the provider is asked once more, and when its sum shows no
    such refund, the money goes back to the wallet. Speaks to the provider: not inside a transaction.

    Raises Forbidden, NotFound, InvalidRequest (param "note"), InvalidTransition (ended, or it may still be sent),
    Unavailable."""
    actor.require(PERMISSION)
    if not 1 <= len(note.strip()) <= 1000:
        raise InvalidRequest("Say why, in at most 1000 characters.", param="note")
    refund = Refund.objects.select_related("deposit__client").filter(pk=refund_id).first()
    if refund is None:
        raise NotFound(param="refund")
    if now - refund.created_at <= REMEMBERED_FOR:
        raise InvalidTransition("This refund may still be sent again.", param="refund")
    verdict = deposit_news.read(deposit=refund.deposit, now=now)
    if verdict.state == "conflict":
        raise InvalidTransition("The provider contradicts our books.", param="refund", reason=verdict.reason)

    def work() -> Refund:
        deposit, current = _locked(refund_id)
        if current.state != Refund.State.SENT:
            raise InvalidTransition(f"This refund is {current.state}.", param="refund", state=current.state)
        _release(deposit, current, actor, now, note=note.strip())
        return current

    return unit_of_work(work)


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
