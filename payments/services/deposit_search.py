"""Whose payment is a provider speaking of? By the provider's reference, by ours, or by asking the provider.

Two names that point at two deposits are a contradiction, never a choice. Nothing is changed here.
"""

from uuid import UUID

from ledger.errors import NotFound, Unavailable
from payments import dispatch
from payments.connectors import registry
from payments.connectors.psp.base import PspEvent
from payments.models import Deposit
from payments.services import deposit_verdicts
from payments.services.deposit_verdicts import ASK_AGAIN
from payments.verdict import Verdict


def find_for(event: PspEvent, connector: str) -> Deposit | Verdict:
    """The deposit by the provider's reference, else by ours, else by what the provider says when asked; a verdict when
    there is none or more than one. Must not be called inside a transaction.

    Raises `dispatch.Later` when the provider would have to be asked and does not answer."""
    ours = Deposit.objects.select_related("client").filter(connector=connector)
    payment, charge = event.payment_reference, str(event.facts.get("charge") or event.object_reference)
    found = ours.filter(provider_reference=payment).first() if payment else None
    if found is None and charge:
        found = ours.filter(charge_reference=charge).first()
    our_reference = event.our_reference
    if found is None and not our_reference and payment:
        our_reference = _asked_for_ours(connector, payment)
    key = _key(our_reference) if our_reference else None
    named = ours.filter(pk=key).first() if key else None
    if found is None and named is not None and named.provider_reference in ("", payment):
        return named
    if found is None and named is None:
        return deposit_verdicts.unknown(event)
    if found is None or (our_reference and named != found):
        return deposit_verdicts.conflict(named or found, event, "other_reference")
    return found


def _asked_for_ours(connector: str, payment: str) -> str:
    dispatch.require_no_transaction()
    try:
        record = registry.psp(connector).fetch_payment(payment_reference=payment)
    except Unavailable:
        raise dispatch.Later(ASK_AGAIN) from None
    return record.our_reference if record else ""


def _key(our_reference: str) -> UUID | None:
    try:
        return Deposit.key(our_reference)
    except NotFound:
        return None
