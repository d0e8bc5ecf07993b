"""What a caller of the API may do to the book directly: open accounts, post, settle, void and reverse transactions.

Each verb is one unit of work with its event. Only reasons that the catalogue opens to people can be used; corrections
go through a second person, and what belongs to a movement (a transfer, a withdrawal) is decided there, never here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger import accounts, posting
from ledger.api import trail
from ledger.api.account_names import Names
from ledger.api.conditions import condition
from ledger.api.permissions import Acting
from ledger.api.shapes import money_in
from ledger.database import unit_of_work
from ledger.errors import DomainError, InvalidRequest, NotFound, PolicyRefused
from ledger.models import Account, Event, Transaction
from ledger.posting import Draft, Leg, Posted, Source
from ledger.reasons import reason as reason_of

# Business references of callers live in a name space of their own: they never meet those of the system's flows.
OURS = "api:"
CLOCKS_DIFFER = timedelta(minutes=5)
NEEDS_SECOND_PERSON = frozenset({"MANUAL_ADJUSTMENT", "SUSPENSE_ASSIGNED", "WRITE_OFF"})

Given = Mapping[str, Any]


def open_account(*, code: str, currency: str, actor: Acting, now: datetime) -> Account:
    """Open an account, or find it open. Raises Forbidden, InvalidRequest (code), InvalidAmount (currency)."""
    actor.require("ledger.add_account")

    def work() -> Account:
        known = Account.objects.filter(code=code, currency=currency).first()
        if known is not None:
            return known
        account = Account.objects.get(pk=accounts.open_account(code=code, currency=currency).id)
        trail.account_opened(account, actor=actor, now=now)
        return account

    return unit_of_work(work)


def post(*, given: Given, actor: Acting, now: datetime) -> Posted:
    """Post, or with `pending` reserve, what `given` says. Raises Forbidden, InvalidRequest, PolicyRefused, NotFound and
    whatever `ledger.posting.post` raises; the parameter names the entry."""
    require_by_hand(given["reason"], actor)

    def work() -> Posted:
        draft = draft_of(given, Names(), now)
        words = {name: word for name, word in vars(draft).items() if name != "chain"}
        posted = posting.post(**words)
        if not posted.replayed:
            kind = "transaction.reserved" if draft.pending else "transaction.posted"
            trail.moved(kind, posted.id, draft.legs, actor=actor, now=now, reason=draft.reason)
        return posted

    return unit_of_work(work)


def settle(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime) -> Posted:
    """Post a pending transaction, wholly or the part that `amount` says.

    Raises Forbidden, NotFound, PolicyRefused, InvalidTransition, OverCapture, CurrencyMismatch, InvalidAmount."""
    actor.require("ledger.post_transaction")

    def work() -> Posted:
        found = own(transaction_id)
        part = money_in(given, _only_currency(found)) if given.get("amount") else None
        settled = posting.settle(pending_id=transaction_id, amount=part, description=given.get("reason", ""))
        trail.resolved("transaction.settled", settled.id, found, actor=actor, now=now)
        return settled

    return unit_of_work(work)


def void(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime) -> Posted:
    """Give back what is still pending. Raises Forbidden, NotFound, PolicyRefused, InvalidTransition."""
    actor.require("ledger.post_transaction")

    def work() -> Posted:
        found = own(transaction_id)
        voided = posting.void(pending_id=transaction_id, description=given.get("reason", ""))
        trail.resolved("transaction.voided", voided.id, found, actor=actor, now=now)
        return voided

    return unit_of_work(work)


def reverse(*, transaction_id: UUID, given: Given, actor: Acting, now: datetime) -> Posted:
    """Mirror a posted transaction in full; never by the person who posted it.

    Raises Forbidden, SelfApproval, NotFound, OverReversal, InvalidRequest, InsufficientAvailable."""
    actor.require("ledger.reverse_transaction")

    def work() -> Posted:
        found = _find(transaction_id)
        _require_other(found, actor)
        reversed_ = posting.reverse(transaction_id=transaction_id, description=given["reason"])
        trail.resolved("transaction.reversed", reversed_.id, found, actor=actor, now=now)
        return reversed_

    return unit_of_work(work)


def own(transaction_id: UUID) -> Transaction:
    """A transaction that no movement of ours stands behind. Raises NotFound, PolicyRefused."""
    found = _find(transaction_id)
    require_own(found)
    return found


def require_own(found: Transaction) -> None:
    """Raise PolicyRefused when a movement stands behind the transaction: it is decided there."""
    if found.source_system is not None and not found.source_system.startswith(OURS):
        raise PolicyRefused(f"This belongs to {found.source_id}: decide it there.", belongs_to=found.source_id)


def _find(transaction_id: UUID) -> Transaction:
    found = Transaction.objects.filter(pk=transaction_id).first()
    if found is None:
        raise NotFound
    return found


def _require_other(found: Transaction, actor: Acting) -> None:
    maker = Event.objects.filter(object_ref=found.public_id).order_by("id").values_list("person", flat=True).first()
    if maker:
        actor.require_other_than(maker)


def require_by_hand(code: str, actor: Acting) -> None:
    """Raise InvalidRequest, PolicyRefused or Forbidden unless this caller may post with this reason by hand."""
    reason = reason_of(code)
    if code in NEEDS_SECOND_PERSON:
        raise PolicyRefused("A correction needs a second person: draft an adjustment.", param="reason")
    if not reason.permission or reason.permission == "ledger.reverse_transaction":
        raise InvalidRequest(f"{code} belongs to the system's own flows.", param="reason")
    actor.require(reason.permission)


def draft_of(given: Given, names: Names, now: datetime) -> Draft:
    """The draft that a body asks for. Raises InvalidRequest, NotFound, CurrencyMismatch, InvalidAmount."""
    effective_at, source = given.get("effective_at"), given.get("source")
    if effective_at is not None and effective_at > now + CLOCKS_DIFFER:
        raise InvalidRequest("What takes effect has happened: this time has not come.", param="effective_at")
    return Draft(
        reason=given["reason"],
        legs=[_leg(entry, names, f"entries[{index}]") for index, entry in enumerate(given["entries"])],
        source=Source(OURS + source["system"], source["kind"], source["id"]) if source else None,
        effective_at=effective_at,
        description=given.get("description", ""),
        metadata=given.get("metadata"),
        pending=bool(given.get("pending")),
        conditions=[
            condition(one, names, param=f"conditions[{index}]") for index, one in enumerate(given.get("conditions", ()))
        ],
        chain=given.get("chain"),
    )


def _leg(entry: Given, names: Names, param: str) -> Leg:
    account = names.ref(entry["account"], entry["currency"], param=f"{param}.account")
    side = posting.debit if entry["direction"] == "debit" else posting.credit
    try:
        return side(account, money_in(entry, account.currency).amount)
    except DomainError as error:
        error.param = below(param, error.param)
        raise


def below(path: str, param: str | None) -> str:
    return f"{path}.{param}" if param else path


def _only_currency(found: Transaction) -> str:
    currencies = set(found.entries.values_list("currency", flat=True))
    if len(currencies) != 1:
        raise InvalidRequest("A part has one currency; this transaction has several.", param="amount")
    return str(currencies.pop())
