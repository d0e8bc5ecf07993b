"""What a caller of the API may do to one transaction that stands in the book: settle, void, expire, extend, reverse.

Each verb is one unit of work with its event. What belongs to a movement (a transfer, a withdrawal) is decided there;
nobody reverses what he posted himself.
"""

from datetime import datetime
from uuid import UUID

from ledger import posting
from ledger.api import trail
from ledger.api.account_names import Names
from ledger.api.by_hand import Given, find, leg, own, require_other
from ledger.api.originals import Original
from ledger.api.permissions import Acting
from ledger.api.shapes import money_in
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, NotPending
from ledger.models import Entry, Transaction
from ledger.money import Money
from ledger.posting import Leg, Posted


def settle(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime) -> Posted:
    """Post a pending transaction, wholly, or the part that `amount` or `entries` say.

    Raises Forbidden, PolicyRefused, InvalidAmount and whatever `ledger.posting.settle` raises."""
    actor.require("ledger.post_transaction")

    def work() -> Posted:
        found = _reserved(transaction_id)
        original = Original(found, Entry.Layer.PENDING)
        part, legs = _amount(given, original), _entries(given)
        original.require_entries(legs)
        with original.explained(part, legs):
            settled = posting.settle(
                pending_id=transaction_id, amount=part, legs=legs, description=given.get("reason", "")
            )
        trail.resolved("transaction.settled", settled.id, found, actor=actor, now=now)
        return settled

    return unit_of_work(work)


def void(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime) -> Posted:
    """Give back what is still pending. Raises Forbidden, NotFound, PolicyRefused, InvalidTransition."""
    actor.require("ledger.post_transaction")

    def work() -> Posted:
        found = _reserved(transaction_id)
        voided = posting.void(pending_id=transaction_id, description=given.get("reason", ""))
        trail.resolved("transaction.voided", voided.id, found, actor=actor, now=now)
        return voided

    return unit_of_work(work)


def expire(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime) -> Posted:
    """Give back what is still pending because an outside system reports a status that ends it.

    Raises Forbidden, PolicyRefused and whatever `ledger.posting.expire` raises."""
    actor.require("ledger.post_transaction")

    def work() -> Posted:
        found = _reserved(transaction_id)
        ended = posting.expire(pending_id=transaction_id, status=given["status"], description=given.get("reason", ""))
        trail.resolved("transaction.expired", ended.id, found, actor=actor, now=now)
        return ended

    return unit_of_work(work)


def extend(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime) -> Transaction:
    """Put off the end of a pending transaction. Raises Forbidden, PolicyRefused and whatever `ledger.posting.extend`
    raises."""
    actor.require("ledger.post_transaction")

    def work() -> Transaction:
        found = _reserved(transaction_id)
        posting.extend(
            pending_id=transaction_id, expires_at=given["expires_at"], reason=given["reason"], actor=actor, now=now
        )
        return found

    return unit_of_work(work)


def reverse(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime, once: str | None = None) -> Posted:
    """Mirror what is left of a posted transaction, or the part that `amount` or `entries` say; never by the person who
    posted it. `once`: a name under which it is done at most once.

    Raises Forbidden, SelfApproval and whatever `ledger.posting.reverse` raises."""
    actor.require("ledger.reverse_transaction")

    def work() -> Posted:
        found = find(transaction_id)
        require_other(found, actor)
        original = Original(found, Entry.Layer.POSTED)
        part, legs = _amount(given, original), _entries(given)
        if found.reverses_id is None:
            original.require_entries(legs)
        with original.explained(part, legs):
            reversed_ = posting.reverse(
                transaction_id=transaction_id,
                description=given["reason"],
                amount=part,
                legs=legs,
                rest=True,
                idempotency_key=once,
            )
        if not reversed_.replayed:
            trail.resolved("transaction.reversed", reversed_.id, found, actor=actor, now=now)
        return reversed_

    return unit_of_work(work)


def _reserved(transaction_id: UUID) -> Transaction:
    """A reservation of nobody's movement, whether or not it has ended. Raises NotFound, PolicyRefused, NotPending."""
    found = own(transaction_id)
    if found.phase != Transaction.Phase.PENDING:
        raise NotPending(param="transaction")
    return found


def _amount(given: Given, original: Original) -> Money | None:
    """The part that a body names by an amount; its currency may be left out where the transaction has only one."""
    if not given.get("amount"):
        return None
    if len(original.currencies) == 1:
        return money_in(given, *original.currencies)
    if "currency" not in given:
        raise InvalidRequest("This transaction has several currencies: say which one is meant.", param="currency")
    return money_in(given, given["currency"])


def _entries(given: Given) -> list[Leg] | None:
    if not given.get("entries"):
        return None
    names = Names()
    return [leg(entry, names, f"entries[{index}]") for index, entry in enumerate(given["entries"])]
