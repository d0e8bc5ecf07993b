"""What a caller of the API may do to the book directly: open accounts, post and reserve, one by one or many.

Each verb is one unit of work with its event. Only reasons that the catalogue opens to people can be used; corrections
go through a second person, and what belongs to a movement (a transfer, a withdrawal) is decided there, never here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger import accounts, backdating, periods, posting
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
BACKDATE = backdating.PERMISSION
RESERVED = frozenset({"land", "corrects"})  # facts that the ledger itself keeps in a transaction's metadata
# What makes money out of nothing is never one person's act: the reason → where two people do it.
NEEDS_SECOND_PERSON = {
    **dict.fromkeys(("MANUAL_ADJUSTMENT", "SUSPENSE_ASSIGNED", "WRITE_OFF"), "A correction: draft an adjustment."),
    "OPENING_BALANCE": "An opening balance: prepare an import of opening balances.",
}

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
        draft = draft_of(given, Names(), actor, now)
        words = {name: word for name, word in vars(draft).items() if name != "chain"}
        posted = posting.post(**words)
        if not posted.replayed:
            kind = "transaction.reserved" if draft.pending else "transaction.posted"
            trail.moved(kind, posted.id, draft.legs, actor=actor, now=now, reason=draft.reason)
        return posted

    return unit_of_work(work)


def own(transaction_id: UUID) -> Transaction:
    """A transaction that no movement of ours stands behind. Raises NotFound, PolicyRefused."""
    found = find(transaction_id)
    require_own(found)
    return found


def require_own(found: Transaction) -> None:
    """Raise PolicyRefused when a movement stands behind the transaction: it is decided there."""
    if found.source_system is not None and not found.source_system.startswith(OURS):
        raise PolicyRefused(f"This belongs to {found.source_id}: decide it there.", belongs_to=found.source_id)


def find(transaction_id: UUID) -> Transaction:
    """A transaction. Raises NotFound."""
    found = Transaction.objects.filter(pk=transaction_id).first()
    if found is None:
        raise NotFound
    return found


def require_other(found: Transaction, actor: Acting) -> None:
    """Raise SelfApproval when the same person posted it."""
    maker = Event.objects.filter(object_ref=found.public_id).order_by("id").values_list("person", flat=True).first()
    if maker:
        actor.require_other_than(maker)


def require_by_hand(code: str, actor: Acting) -> None:
    """Raise InvalidRequest, PolicyRefused or Forbidden unless this caller may post with this reason by hand."""
    reason = reason_of(code)
    if code in NEEDS_SECOND_PERSON:
        raise PolicyRefused(f"This needs a second person. {NEEDS_SECOND_PERSON[code]}", param="reason")
    if not reason.permission or reason.permission == "ledger.reverse_transaction":
        raise InvalidRequest(f"{code} belongs to the system's own flows.", param="reason")
    actor.require(reason.permission)


def draft_of(given: Given, names: Names, actor: Acting, now: datetime, *, alone: bool = True) -> Draft:
    """The draft that a body asks for. `alone`: look first whether its day is closed; a batch leaves that to the
    database, which asks once for all of it. Raises Forbidden, InvalidRequest, NotFound, CurrencyMismatch,
    InvalidAmount."""
    effective_at, source = given.get("effective_at"), given.get("source")
    if effective_at is not None:
        backdating.require_allowed(effective_at, actor=actor, now=now)
    return Draft(
        reason=given["reason"],
        legs=[leg(entry, names, f"entries[{index}]") for index, entry in enumerate(given["entries"])],
        source=Source(OURS + source["system"], source["kind"], source["id"]) if source else None,
        effective_at=effective_at,
        description=given.get("description", ""),
        metadata=_metadata(given, alone),
        pending=bool(given.get("pending")),
        conditions=[
            condition(one, names, param=f"conditions[{index}]") for index, one in enumerate(given.get("conditions", ()))
        ],
        expires_at=given.get("expires_at"),
        expires_on=tuple(given.get("expires_on") or ()),
        chain=given.get("chain"),
    )


def _metadata(given: Given, alone: bool) -> Mapping[str, Any] | None:
    """The caller's facts, with the wish to land in the next open day where the wanted one is closed."""
    metadata: Mapping[str, Any] | None = given.get("metadata")
    if reserved := RESERVED & set(metadata or ()):
        raise InvalidRequest(f"The ledger itself keeps `{min(reserved)}`.", param="metadata")
    if not given.get("land"):
        if alone and given.get("effective_at") and not given.get("source"):  # a known source is answered as it was
            periods.require_open(given["effective_at"])
        return metadata
    if given.get("effective_at") is None:
        raise InvalidRequest("Say when it took effect: only a closed day needs to land elsewhere.", param="land")
    return periods.landing(metadata)


def leg(entry: Given, names: Names, param: str) -> Leg:
    """One entry of a body. Raises what finding its account and reading its amount raise, naming the entry."""
    account = names.ref(entry["account"], entry["currency"], param=f"{param}.account")
    side = posting.debit if entry["direction"] == "debit" else posting.credit
    try:
        return side(account, money_in(entry, account.currency).amount)
    except DomainError as error:
        error.param = below(param, error.param)
        raise


def below(path: str, param: str | None) -> str:
    return f"{path}.{param}" if param else path
