"""Disputes: a cardholder's bank takes a deposit back, and sometimes gives it again.

Opening a dispute moves no money; only the provider's word that the funds left us or came back does, and that
is posted by `payments.services.chargebacks`. Called with the deposit locked, inside the unit of work that learned of
it (`payments.services.deposit_changes`).
"""

from collections.abc import Iterable

from ledger import events
from ledger.models import Transaction
from ledger.money import Money
from payments import dispatch
from payments.deposit_facts import ZERO, DisputeFacts
from payments.models import Deposit, Dispute
from payments.services.chargebacks import FEE_RETURNED, WON
from payments.services.walking import Occasion, walk
from payments.states import DISPUTE


def known(deposit: Deposit) -> tuple[DisputeFacts, ...]:
    """The deposit's disputes as facts. What was posted for them stands in the ledger under the provider's ids."""
    rows = list(deposit.disputes.order_by("provider_reference"))
    if not rows:
        return ()
    posted = set(
        Transaction.objects.filter(
            source_system=deposit.connector,
            source_kind__in=(WON, FEE_RETURNED),
            source_id__in=[row.provider_reference for row in rows],
        ).values_list("source_kind", "source_id")
    )
    return tuple(
        DisputeFacts(
            reference=row.provider_reference,
            amount=row.money.amount,
            reason=row.reason_code,
            withdrawn=row.withdrawn_at is not None,
            reinstated=(WON, row.provider_reference) in posted,
            outcome=row.state if row.state in ("won", "lost") else "",
            fee_taken=Money.of(row.fee, row.currency).amount,
            fee_returned=Money.of(row.fee, row.currency).amount
            if (FEE_RETURNED, row.provider_reference) in posted
            else ZERO,
        )
        for row in rows
    )


def learn(deposit: Deposit, old: Iterable[DisputeFacts], new: Iterable[DisputeFacts], occasion: Occasion) -> None:
    """Write what the facts say into the dispute rows, step by step, with their events. Posts nothing."""
    before = {one.reference: one for one in old}
    for facts in new:
        if facts != before.get(facts.reference):
            _write(deposit, facts, before.get(facts.reference), occasion)


def _write(deposit: Deposit, facts: DisputeFacts, old: DisputeFacts | None, occasion: Occasion) -> None:
    row = deposit.disputes.filter(provider_reference=facts.reference).first()
    if row is None:
        row = Dispute(
            deposit=deposit,
            provider_reference=facts.reference,
            amount=facts.amount,
            currency=deposit.currency,
            made_by=occasion.actor.id,
        )
    row.reason_code = facts.reason[:60]
    row.fee = facts.fee_taken
    if facts.withdrawn and row.withdrawn_at is None:
        row.withdrawn_at = occasion.happened_at
    if facts.outcome and row.ended_at is None:
        row.ended_at = occasion.happened_at
    new_row = row._state.adding
    row.save()
    if new_row:
        _tell(row, "dispute.opened", None, facts, occasion)
        dispatch.raise_exception(
            category="dispute",
            key=row.public_id,
            title="A card payment is disputed",
            facts={"deposit": deposit.public_id, "dispute": facts.reference, "reason": row.reason_code},
            client_ref=deposit.client.public_id,
            object_ref=row.public_id,
            amount=row.money.text,
            currency=row.currency,
        )
    # Both of these are true of a dispute that we hear of late: money left us, and then the bank decided.
    stops = [facts.state]
    if facts.withdrawn and row.state == "opened":
        stops.insert(0, "funds_withdrawn")
    passed = walk(
        row,
        DISPUTE,
        stops,
        before=_figures(old),
        after=_figures(facts),
        occasion=occasion,
        client_ref=deposit.client.public_id,
        data={"deposit": deposit.public_id},
    )
    if not passed and not new_row:
        _tell(row, "dispute.updated", old, facts, occasion)


def _figures(facts: DisputeFacts | None) -> dict[str, object]:
    if facts is None:
        return {}
    return {
        "amount": str(facts.amount),
        "withdrawn": facts.withdrawn,
        "reinstated": facts.reinstated,
        "fee_taken": str(facts.fee_taken),
        "fee_returned": str(facts.fee_returned),
    }


def _tell(row: Dispute, kind: str, old: DisputeFacts | None, new: DisputeFacts, occasion: Occasion) -> None:
    events.record(
        type=kind,
        object_ref=row.public_id,
        client_ref=row.deposit.client.public_id,
        actor=occasion.actor,
        before=_figures(old) or None,
        after={**_figures(new), "state": row.state},
        data={"deposit": row.deposit.public_id, "reason": row.reason_code},
        occurred_at=occasion.happened_at,
    )
