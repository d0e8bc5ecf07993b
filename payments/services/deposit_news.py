"""What a provider tells us about deposits, by message or when asked: find the deposit, check, take in.

A message is believed only as far as it fits what we know; above an amount, or when it speaks of money we have not
heard of, the provider's own record must bear it out, because a signature is not a proof of funds. What does not fit
is left to a person and posts nothing. The provider is asked before the unit of work begins, never inside it.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, Unavailable
from payments import dispatch
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.psp.base import PaymentFacts, PspEvent
from payments.deposit_checks import contradiction, needs_record, unconfirmed
from payments.deposit_facts import merge, merge_payment
from payments.models import Deposit
from payments.services import deposit_changes, deposit_postings, deposit_verdicts, locking
from payments.services.deposit_search import find_for
from payments.services.deposit_verdicts import ASK_AGAIN
from payments.services.walking import Occasion
from payments.verdict import IGNORED, PROCESSED, Verdict

log = logging.getLogger(__name__)

CONFIRM_ABOVE = Decimal(1000)  # major units; `settings.DEPOSIT_CONFIRM_ABOVE` says otherwise per currency
ALARM_AFTER = timedelta(hours=1)


def apply_event(*, event: PspEvent, connector: str, now: datetime) -> Verdict:
    """Take one provider message in, in any order and any number of times; the verdict says what became of it.

    Speaks to the provider, so it must not be called inside a transaction. Raises `dispatch.Later` when the provider
    must confirm and cannot be asked at the moment, and what posting raises; nothing has changed then."""
    if event.kind == "ignored":
        return IGNORED
    deposit = find_for(event, connector)
    if isinstance(deposit, Verdict):
        return deposit
    if event.kind == "refund_failed":
        return deposit_verdicts.refund_failed(deposit, event)
    record = _ask(deposit, event, now)
    deposit_postings.open_accounts(deposit)
    return unit_of_work(lambda: _take_in(deposit, event, record, now))


def _take_in(found: Deposit, event: PspEvent, record: PaymentFacts | Verdict | None, now: datetime) -> Verdict:
    deposit = locking.locked(Deposit, found.pk)
    if isinstance(record, Verdict):
        return record
    facts = deposit_changes.known(deposit)
    if record is not None:
        if word := unconfirmed(facts, record, ours=deposit.public_id, event=event):
            return deposit_verdicts.conflict(deposit, event, word, record)
        facts = merge_payment(facts, record)
    if word := contradiction(facts, event):
        return deposit_verdicts.conflict(deposit, event, word, record)
    _link(deposit, event, record)
    deposit_changes.apply(
        deposit=deposit,
        new=merge(facts, event),
        occasion=Occasion(actor=Actor.system(deposit.connector), happened_at=min(event.occurred_at, now), now=now),
    )
    return PROCESSED


def _link(deposit: Deposit, event: PspEvent, record: PaymentFacts | None) -> None:
    """Keep the provider's names for this payment; they never change."""
    charge = record.charge_reference if record else ""
    if event.kind == "captured":
        charge = charge or event.object_reference
    payment = deposit.provider_reference or event.payment_reference
    charge = deposit.charge_reference or charge
    if (payment, charge) != (deposit.provider_reference, deposit.charge_reference):
        deposit.provider_reference, deposit.charge_reference = payment, charge
        deposit.save()


def _ask(deposit: Deposit, event: PspEvent, now: datetime) -> PaymentFacts | Verdict | None:
    """The provider's own record, where it is needed or tells the fee; None when the message can stand alone."""
    facts = deposit_changes.known(deposit)
    if (word := contradiction(facts, event)) and word != "more_than_captured":
        return deposit_verdicts.conflict(deposit, event, word)
    must = needs_record(facts, event, limit=confirm_above(deposit.currency))
    if merge(facts, event) == facts or not (must or event.kind == "captured"):
        return None
    dispatch.require_no_transaction()
    reference = event.payment_reference or deposit.provider_reference
    try:
        record = registry.psp(deposit.connector).fetch_payment(payment_reference=reference)
    except Unavailable:
        if must:
            _wait(deposit, event, now)
        return None
    except InvalidRequest:
        if must:
            raise
        log.warning("deposit.record_unreadable", extra={"deposit": deposit.public_id})
        return None
    return record or deposit_verdicts.conflict(deposit, event, "not_confirmed")


def confirm_above(currency: str) -> Decimal:
    """The largest increment that may be credited on a signed message alone, in major units of the currency."""
    limits: dict[str, Decimal] = settings.DEPOSIT_CONFIRM_ABOVE
    return limits.get(currency, CONFIRM_ABOVE)


def _wait(deposit: Deposit, event: PspEvent, now: datetime) -> None:
    if now - event.occurred_at > ALARM_AFTER:
        dispatch.raise_exception(
            category="unknown_outcome",
            key=deposit.public_id,
            title="A deposit cannot be credited because its provider does not answer",
            facts={"event": event.event_id, "kind": event.kind},
            client_ref=deposit.client.public_id,
            object_ref=deposit.public_id,
        )
    raise dispatch.Later(ASK_AGAIN)


def read(*, deposit: Deposit, now: datetime) -> Verdict:
    """Ask the provider how the payment stands and take the answer in, as if every message had come.

    Must not be called inside a transaction. Raises Unavailable, and InvalidRequest for an answer we cannot read."""
    dispatch.require_no_transaction()
    record = registry.psp(deposit.connector).fetch_payment(payment_reference=deposit.provider_reference)
    deposit_postings.open_accounts(deposit)
    verdict = unit_of_work(lambda: _take_in_record(deposit, record, now))
    if verdict.state == "conflict":
        deposit_verdicts.raise_conflict(verdict, key=f"{deposit.public_id}:{verdict.reason}")
    return verdict


def _take_in_record(found: Deposit, record: PaymentFacts | None, now: datetime) -> Verdict:
    deposit = locking.locked(Deposit, found.pk)
    facts = deposit_changes.known(deposit)
    word = unconfirmed(facts, record, ours=deposit.public_id) if record else "unknown_to_provider"
    if record is None or word:
        return Verdict(
            state="conflict",
            reason=word,
            object_ref=deposit.public_id,
            client_ref=deposit.client.public_id,
            facts={"payment": found.provider_reference},
        )
    if record.charge_reference and not deposit.charge_reference:
        deposit.charge_reference = record.charge_reference
        deposit.save()
    actor = Actor.system(deposit.connector)
    occasion = Occasion(actor=actor, happened_at=now, now=now)
    deposit_changes.apply(deposit=deposit, new=merge_payment(facts, record), occasion=occasion)
    return PROCESSED
