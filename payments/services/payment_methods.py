"""Payees: added and removed, never edited, so that an old payout always shows where it really went."""

import unicodedata
from datetime import datetime
from uuid import UUID

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import DuplicateReference, InvalidRequest, InvalidTransition
from payments.actors import Actor
from payments.models import Client, PaymentMethod, Withdrawal
from payments.services import locking


def add_sepa(
    *,
    client: Client,
    holder_name: str,
    iban: str,
    bic: str = "",
    currency: str = "EUR",
    actor: Actor,
    now: datetime,
) -> PaymentMethod:
    """Add a bank account in the SEPA area. The same account with the same holder again gives the same payee.

    Raises Forbidden, NotFound for another client, InvalidRequest (param "iban", "bic", "holder_name", "currency"),
    DuplicateReference (param "iban") when the account is there under another holder's name."""
    actor.require("payments.add_paymentmethod")
    actor.require_client(client.pk)
    if currency != "EUR":
        raise InvalidRequest("SEPA pays out in EUR only.", param="currency")
    if not 2 <= len(holder_name.strip()) <= 140:
        raise InvalidRequest("The account holder's name has 2 to 140 characters.", param="holder_name")
    account = checked_iban(iban)
    bank = _checked_bic(bic, account) if bic.strip() else account.bic

    def work() -> PaymentMethod:
        locking.locked(Client, client.pk, param="client")  # two at once must not both be new
        known = PaymentMethod.objects.filter(
            client=client, iban=str(account), currency=currency, state=PaymentMethod.State.ACTIVE
        ).first()
        if known:
            if not same_name(known.holder_name, holder_name):
                raise DuplicateReference("This account is there under another name. Remove it first.", param="iban")
            return known
        method = PaymentMethod(
            client=client,
            rail=PaymentMethod.Rail.SEPA,
            currency=currency,
            holder_name=holder_name.strip(),
            iban=str(account),
            bic=str(bank or ""),
            last4=str(account)[-4:],
            name_matches=same_name(holder_name, client.name),
        )
        method.save(force_insert=True)
        events.record(
            type="payment_method.added",
            object_ref=method.public_id,
            client_ref=client.public_id,
            actor=actor,
            after={"rail": method.rail, "name_matches": method.name_matches},
            occurred_at=now,
        )
        return method

    return unit_of_work(work)


def remove(*, payment_method_id: UUID, actor: Actor, now: datetime) -> PaymentMethod:
    """Stop using a payee. Raises InvalidTransition while a withdrawal to it is open."""
    actor.require("payments.add_paymentmethod")

    def work() -> PaymentMethod:
        method = locking.locked(PaymentMethod, payment_method_id, param="payment_method")
        actor.require_client(method.client_id)
        if method.state == PaymentMethod.State.REMOVED:
            return method
        if Withdrawal.objects.filter(payment_method=method, state__in=Withdrawal.OPEN).exists():
            raise InvalidTransition("A withdrawal to this payee is still open.", param="payment_method")
        method.state = PaymentMethod.State.REMOVED
        method.save()
        events.record(
            type="payment_method.removed",
            object_ref=method.public_id,
            client_ref=method.client.public_id,
            actor=actor,
            before={"state": "active"},
            after={"state": "removed"},
            occurred_at=now,
        )
        return method

    return unit_of_work(work)


def checked_iban(text: str) -> IBAN:
    """A valid IBAN of a SEPA country. Raises InvalidRequest (param "iban")."""
    try:
        iban = IBAN(text)
    except (SchwiftyException, ValueError, LookupError, TypeError):
        raise InvalidRequest("This is not a valid IBAN. Please check the digits.", param="iban") from None
    if not iban.in_sepa_zone:
        raise InvalidRequest("This country is not part of SEPA.", param="iban")
    return iban


def _checked_bic(text: str, iban: IBAN) -> BIC:
    try:
        bic = BIC(text.strip())
    except (SchwiftyException, ValueError, LookupError, TypeError):
        raise InvalidRequest("This is not a valid BIC.", param="bic") from None
    if bic.country_code != iban.country_code:
        raise InvalidRequest("BIC and IBAN are of different countries.", param="bic")
    return bic


def same_name(one: str, other: str) -> bool:
    """True when two names have the same words, whatever their order, case and accents."""

    def words(name: str) -> set[str]:
        plain = unicodedata.normalize("NFKD", name.casefold())
        return set("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())

    return bool(words(one)) and words(one) == words(other)
