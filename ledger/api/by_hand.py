"""What a caller of the API may do to the book directly: open accounts, post, settle, void and reverse transactions.

Each verb is one unit of work with its event. Only reasons that the catalogue opens to people can be used; corrections
go through a second person, and what belongs to a movement (a transfer, a withdrawal) is decided there, never here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction

from ledger import accounts, periods, posting
from ledger.api import trail
from ledger.api.account_names import Names
from ledger.api.permissions import Acting
from ledger.api.shapes import money_in
from ledger.database import unit_of_work
from ledger.errors import DomainError, InvalidRequest, NotFound, PolicyRefused
from ledger.models import Account, Event, Transaction
from ledger.posting import Draft, Leg, Posted, Source
from ledger.reasons import reason as reason_of

# Business references of callers live in a name space of their own: they never meet those of the system's flows.
OURS = "api:"
CLOCKS_DIFFER = timedelta(minutes=5)  # later than now is refused beyond it, earlier needs a permission of its own
BACKDATE = "ledger.backdate_transaction"
RESERVED = frozenset({"land", "corrects"})  # facts that the ledger itself keeps in a transaction's metadata
NEEDS_SECOND_PERSON = frozenset({"MANUAL_ADJUSTMENT", "SUSPENSE_ASSIGNED", "WRITE_OFF"})

Result = TypeVar("Result")
Given = Mapping[str, Any]


class _Rehearsed(Exception):
    def __init__(self, result: Any) -> None:
        self.result = result


def rehearse(work: Callable[[], Result]) -> Result:
    """Do `work` and take it back: what would happen now, without anything left behind."""
    try:
        with transaction.atomic():
            raise _Rehearsed(work())
    except _Rehearsed as rehearsed:
        result: Result = rehearsed.result
        return result


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
    _require_by_hand(given["reason"], actor)

    def work() -> Posted:
        draft = _draft(given, Names(), actor, now)
        pending = bool(given.get("pending"))
        posted = posting.post(**vars(draft), pending=pending)
        if not posted.replayed:
            kind = "transaction.reserved" if pending else "transaction.posted"
            trail.moved(kind, posted.id, draft.legs, actor=actor, now=now, reason=draft.reason)
        return posted

    return unit_of_work(work)


def post_batch(*, given: Sequence[Given], actor: Acting, now: datetime) -> list[Posted]:
    """Post many, all or none. Raises what `post` raises; the parameter names the transaction and its entry."""
    for code in {item["reason"] for item in given}:
        _require_by_hand(code, actor)

    def work() -> list[Posted]:
        names = Names()
        drafts = [_within(index, lambda item=item: _draft(item, names, actor, now)) for index, item in enumerate(given)]
        try:
            posted = posting.post_batch(drafts)
        except DomainError as error:
            if "index" in error.data:
                error.param = _below(f"transactions[{error.data['index']}]", error.param)
            raise
        trail.batch_moved(posted, drafts, actor=actor, now=now)
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


def _require_by_hand(code: str, actor: Acting) -> None:
    reason = reason_of(code)
    if code in NEEDS_SECOND_PERSON:
        raise PolicyRefused("A correction needs a second person: draft an adjustment.", param="reason")
    if not reason.permission or reason.permission == "ledger.reverse_transaction":
        raise InvalidRequest(f"{code} belongs to the system's own flows.", param="reason")
    actor.require(reason.permission)


def _draft(given: Given, names: Names, actor: Acting, now: datetime) -> Draft:
    effective_at, source = given.get("effective_at"), given.get("source")
    _require_time(effective_at, actor, now)
    return Draft(
        reason=given["reason"],
        legs=[_leg(entry, names, f"entries[{index}]") for index, entry in enumerate(given["entries"])],
        source=Source(OURS + source["system"], source["kind"], source["id"]) if source else None,
        effective_at=effective_at,
        description=given.get("description", ""),
        metadata=_metadata(given),
    )


def _require_time(effective_at: datetime | None, actor: Acting, now: datetime) -> None:
    if effective_at is None:
        return
    if effective_at > now + CLOCKS_DIFFER:
        raise InvalidRequest("What takes effect has happened: this time has not come.", param="effective_at")
    if effective_at < now - CLOCKS_DIFFER:
        actor.require(BACKDATE)


def _metadata(given: Given) -> Mapping[str, Any] | None:
    """The caller's facts, with the wish to land in the next open day where the wanted one is closed."""
    metadata: Mapping[str, Any] | None = given.get("metadata")
    if reserved := RESERVED & set(metadata or ()):
        raise InvalidRequest(f"The ledger itself keeps `{min(reserved)}`.", param="metadata")
    if not given.get("land"):
        if given.get("effective_at") and not given.get("source"):  # a known source is answered as it was
            periods.require_open(given["effective_at"])
        return metadata
    if given.get("effective_at") is None:
        raise InvalidRequest("Say when it took effect: only a closed day needs to land elsewhere.", param="land")
    return periods.landing(metadata)


def _leg(entry: Given, names: Names, param: str) -> Leg:
    account = names.ref(entry["account"], entry["currency"], param=f"{param}.account")
    side = posting.debit if entry["direction"] == "debit" else posting.credit
    try:
        return side(account, money_in(entry, account.currency).amount)
    except DomainError as error:
        error.param = _below(param, error.param)
        raise


def _within(index: int, make: Callable[[], Draft]) -> Draft:
    try:
        return make()
    except DomainError as error:
        error.param = _below(f"transactions[{index}]", error.param)
        raise


def _below(path: str, param: str | None) -> str:
    return f"{path}.{param}" if param else path


def _only_currency(found: Transaction) -> str:
    currencies = set(found.entries.values_list("currency", flat=True))
    if len(currencies) != 1:
        raise InvalidRequest("A part has one currency; this transaction has several.", param="amount")
    return str(currencies.pop())
