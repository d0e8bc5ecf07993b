"""Deposits as people start them: write the intention, ask the provider for a page to pay on, ask it how it went.

What a provider tells us later arrives through `payments.intake` and is taken in by `payments.services.deposit_news`.
No provider is ever spoken to inside a database transaction, and repeating any step here is harmless: the provider
knows the deposit by our public id.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from ledger.database import unit_of_work
from ledger.errors import AccountClosed, AccountFrozen, InvalidRequest, NotFound
from ledger.money import CURRENCIES, Money, positive
from payments import dispatch, outbox
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected
from payments.models import Client, Deposit, Refund
from payments.services import deposit_changes, deposit_news, locking, refunds

OPEN_FOR = timedelta(hours=24)  # how long the provider remembers our reference for certain
FIRST_POLL = timedelta(minutes=2)


apply_event = deposit_news.apply_event


@dataclass(frozen=True)
class Rail:
    """A way in: the connector that serves it and the currencies it takes."""

    connector: str
    currencies: frozenset[str]


RAILS: dict[str, Rail] = {
    Deposit.Rail.CARD: Rail("stripe", frozenset(code for code, c in CURRENCIES.items() if c.kind == "fiat")),
}


def start(*, client: Client, money: Money, rail: str = "card", return_url: str, actor: Actor, now: datetime) -> Deposit:
    """Write down that the client is going to pay `money`, and promise to tell the provider. No money moves.

    Raises Forbidden, NotFound (another's client), AccountFrozen, AccountClosed, InvalidAmount, InvalidRequest naming
    `rail`, `currency` or `return_url`."""
    actor.require("payments.request_deposit")
    actor.require_client(client.pk)
    chosen = RAILS.get(rail)
    if chosen is None:
        raise InvalidRequest("This way to pay in is not offered.", param="rail")
    if positive(money).currency not in chosen.currencies:
        raise InvalidRequest(f"{money.currency} cannot be paid in this way.", param="currency")
    _check_address(return_url)

    def work() -> Deposit:
        _require_active(locking.locked(Client, client.pk, param="client"))
        deposit = Deposit(
            client=client,
            amount=money.amount,
            currency=money.currency,
            rail=rail,
            connector=chosen.connector,
            return_url=return_url,
            expires_at=now + OPEN_FOR,
            made_by=actor.id,
            maker=actor.person,
        )
        deposit.save(force_insert=True)
        deposit_changes.record(deposit, "deposit.initiated", actor=actor, now=now)
        payload = {"deposit": deposit.public_id}
        outbox.put("deposit.start", key=deposit.public_id, payload=payload, request_id=actor.request_id)
        outbox.put("deposit.sync", key=deposit.public_id, payload=payload, available_at=now + FIRST_POLL)
        return deposit

    return unit_of_work(work)


def _check_address(return_url: str) -> None:
    parts = urlsplit(return_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(return_url) > 500:
        raise InvalidRequest("Send the web address to come back to.", param="return_url")


def _require_active(client: Client) -> None:
    if client.state == Client.State.FROZEN:
        raise AccountFrozen("This client is frozen.", param="client")
    if client.state != Client.State.ACTIVE:
        raise AccountClosed("This client's accounts are closed.", param="client")


def ensure_checkout(*, deposit_id: UUID, now: datetime) -> Deposit:
    """Create the payment at the provider unless that is done, and return the deposit with its `checkout_url`.

    Speaks to the provider, so it must not be called inside a transaction. When the provider refuses, the deposit has
    failed with a code; when it gives no clear answer, the deposit stays initiated, without a `checkout_url`, and the
    promise `deposit.start` goes on asking: our public id is the provider's idempotency key. Raises NotFound."""
    deposit, _ = _create_payment(deposit_id, now)
    return deposit


def _create_payment(deposit_id: UUID, now: datetime) -> tuple[Deposit, Outcome | None]:
    dispatch.require_no_transaction()
    deposit = find(deposit_id)
    if deposit.state != "initiated" or deposit.provider_reference:
        return deposit, None
    outcome = registry.psp(deposit.connector).create_payment(
        our_reference=deposit.public_id,
        amount=deposit.money.amount,
        currency=deposit.currency,
        return_url=deposit.return_url,
    )
    return unit_of_work(lambda: _created(deposit_id, outcome, now)), outcome


def _created(deposit_id: UUID, outcome: Outcome, now: datetime) -> Deposit:
    deposit = locking.locked(Deposit, deposit_id)
    actor = Actor.system(deposit.connector)
    if isinstance(outcome, Accepted):
        _accept(deposit, outcome, actor, now)
    elif isinstance(outcome, Rejected) and deposit.state == "initiated" and not deposit.provider_reference:
        deposit.failure_code = outcome.code[:60]
        deposit.fail()
        deposit.save()
        deposit_changes.record(deposit, "deposit.failed", actor=actor, now=now, before="initiated")
    return deposit


def _accept(deposit: Deposit, outcome: Accepted, actor: Actor, now: datetime) -> None:
    if deposit.provider_reference not in ("", outcome.reference):
        dispatch.raise_exception(
            category="conflicting_event",
            key=f"{deposit.public_id}:second_payment",
            title="A provider made a second payment for one deposit",
            facts={"first": deposit.provider_reference, "second": outcome.reference},
            client_ref=deposit.client.public_id,
            object_ref=deposit.public_id,
        )
    elif not deposit.checkout_url:
        deposit.provider_reference = outcome.reference
        deposit.checkout_url = str(outcome.facts["checkout_url"])
        deposit.save()
        deposit_changes.record(deposit, "deposit.checkout_ready", actor=actor, now=now)


@dispatch.handler("deposit.start")
def keep_start(*, payload: dict[str, Any], now: datetime) -> None:
    """Create the payment at the provider if nobody has yet; again later while the answer is in doubt."""
    deposit, outcome = _create_payment(Deposit.key(payload["deposit"]), now)
    if isinstance(outcome, InDoubt) and deposit.state == "initiated":
        raise dispatch.Later(timedelta(seconds=10))


def sync(*, deposit_id: UUID, now: datetime) -> Deposit:
    """Ask the provider how the payment stands and take the answer in: the way out of a message that never came.

    Speaks to the provider, so it must not be called inside a transaction. Raises NotFound."""
    dispatch.require_no_transaction()
    deposit = find(deposit_id)
    if not deposit.provider_reference:
        return ensure_checkout(deposit_id=deposit_id, now=now)
    deposit_news.read(deposit=deposit, now=now)
    return find(deposit_id)


def refund(*, deposit_id: UUID, money: Money, reason: str, actor: Actor, now: datetime) -> Refund:
    """See `payments.services.refunds.request`."""
    return refunds.request(deposit_id=deposit_id, money=money, reason=reason, actor=actor, now=now)


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Give up deposits that nobody has paid in time; returns how many. No money moves; a payment that comes later is
    still credited, once, and shown to people. Safe to run in parallel."""
    due = Deposit.objects.filter(state="initiated", expires_at__lte=now).order_by("expires_at")
    return sum(unit_of_work(partial(_expire, key, now)) for key in due.values_list("pk", flat=True)[:limit])


def _expire(deposit_id: UUID, now: datetime) -> bool:
    deposit = locking.locked(Deposit, deposit_id)
    if deposit.state != "initiated":
        return False
    deposit.expire()
    deposit.save()
    deposit_changes.record(deposit, "deposit.expired", actor=Actor.system("deposits"), now=now, before="initiated")
    return True


def find(deposit_id: UUID) -> Deposit:
    """The deposit with its client. Raises NotFound."""
    deposit = Deposit.objects.select_related("client").filter(pk=deposit_id).first()
    if deposit is None:
        raise NotFound(param="deposit")
    return deposit
