"""What a caller of the API may do with holds: set money aside, take it for the firm, give it back.

One unit of work each, with its event. A hold that belongs to a movement is decided there. Whoever placed a hold never
takes the money himself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger import holds
from ledger.api import trail
from ledger.api.account_names import Names
from ledger.api.by_hand import require_own
from ledger.api.originals import say_what_is_left
from ledger.api.permissions import Acting
from ledger.api.shapes import money, money_in
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, NotFound, OverCapture
from ledger.models import Event, Hold

REASON = "MANUAL_ADJUSTMENT"
KINDS = ("aml_review", "chargeback_window", "kyc_review", "manual", "settlement_window")


@dataclass(frozen=True)
class Moved:
    """A hold after an act, and the transaction that the act wrote; None where it moved nothing."""

    hold: Hold
    transaction: UUID | None


def place(*, given: dict[str, Any], actor: Acting, now: datetime) -> Hold:
    """`placed`, for whoever wants the hold alone."""
    return placed(given=given, actor=actor, now=now).hold


def capture(*, hold_id: UUID, given: dict[str, Any], actor: Acting, now: datetime) -> Hold:
    """`captured`, for whoever wants the hold alone."""
    return captured(hold_id=hold_id, given=given, actor=actor, now=now).hold


def release(*, hold_id: UUID, given: dict[str, Any], actor: Acting, now: datetime, once: str | None = None) -> Hold:
    """`released`, for whoever wants the hold alone. `once`: a name under which it is done at most once."""
    return released(hold_id=hold_id, given=given, actor=actor, now=now, once=once).hold


def placed(*, given: dict[str, Any], actor: Acting, now: datetime) -> Moved:
    """Set money of a wallet or pocket aside. Raises Forbidden, NotFound, InvalidRequest, InsufficientAvailable,
    AccountFrozen, AccountClosed, CurrencyMismatch."""
    actor.require("ledger.place_hold")
    expires_at = given.get("expires_at")
    if expires_at is not None and expires_at <= now:
        raise InvalidRequest("A hold ends in the future.", param="expires_at")

    def work() -> Moved:
        done = holds.place(
            wallet=Names().ref(given["account"], given["currency"], param="account"),
            amount=money(given).amount,
            kind=given["kind"],
            reason=given["reason"],
            actor=actor.id,
            expires_at=expires_at,
        )
        hold = _find(done.hold_id)
        trail.hold("hold.placed", hold, actor=actor, now=now)
        return Moved(hold, done.posted.id)

    return unit_of_work(work)


def captured(*, hold_id: UUID, given: dict[str, Any], actor: Acting, now: datetime) -> Moved:
    """Take the money, or the part that `amount` says, to an account of the firm.

    Raises Forbidden, SelfApproval, NotFound, PolicyRefused, InvalidTransition, OverCapture, InvalidRequest."""
    actor.require("ledger.release_hold")

    def work() -> Moved:
        hold = _own(hold_id)
        _require_other(hold, actor)
        currency = hold.wallet.currency_id
        target = Names().ref(given["to"], currency, param="to")
        if not target.code.startswith("house/"):
            raise InvalidRequest("Held money is taken to an account of the house, or released.", param="to")
        part = money_in(given, currency).amount if given.get("amount") else None
        with _explained(currency):
            done = holds.capture(hold_id=hold_id, to=target, reason=REASON, amount=part, description=given["reason"])
        return Moved(_after(hold, "hold.captured", actor, now), done.id)

    return unit_of_work(work)


def released(*, hold_id: UUID, given: dict[str, Any], actor: Acting, now: datetime, once: str | None = None) -> Moved:
    """Give the rest back, or the part that `amount` says. `once`: a name under which it is done at most once.

    Raises Forbidden, NotFound, PolicyRefused, InvalidTransition, OverRelease, CurrencyMismatch, InvalidAmount."""
    actor.require("ledger.release_hold")

    def work() -> Moved:
        hold = _own(hold_id)
        currency, words = hold.wallet.currency_id, given.get("reason", "")
        part = money_in(given, currency).amount if given.get("amount") else None
        with _explained(currency):
            done = holds.release(hold_id=hold_id, amount=part, description=words, idempotency_key=once)
        if done.replayed:
            return Moved(hold, None)
        return Moved(_after(hold, "hold.released", actor, now), done.id)

    return unit_of_work(work)


def extend(*, hold_id: UUID, given: dict[str, Any], actor: Acting, now: datetime) -> Hold:
    """Put off the end of a hold. Raises Forbidden, PolicyRefused and whatever `ledger.holds.extend` raises."""
    actor.require("ledger.place_hold")

    def work() -> Hold:
        _own(hold_id)
        holds.extend(hold_id=hold_id, expires_at=given["expires_at"], reason=given["reason"], actor=actor, now=now)
        return _find(hold_id)

    return unit_of_work(work)


@contextmanager
def _explained(currency: str) -> Iterator[None]:
    """Around an act that takes a part: a refusal for too much says how much is left."""
    try:
        yield
    except OverCapture as error:
        error.data["currency"] = currency
        say_what_is_left(error, param="amount")
        raise


def _own(hold_id: UUID) -> Hold:
    hold = _find(hold_id)
    require_own(hold.placed_by)
    return hold


def _find(hold_id: UUID) -> Hold:
    hold = Hold.objects.select_related("wallet", "placed_by").filter(pk=hold_id).first()
    if hold is None:
        raise NotFound
    return hold


def _require_other(hold: Hold, actor: Acting) -> None:
    maker = Event.objects.filter(object_ref=hold.public_id, type="hold.placed").values_list("person", flat=True).first()
    if maker:
        actor.require_other_than(maker)


def _after(before: Hold, kind: str, actor: Acting, now: datetime) -> Hold:
    hold = _find(before.pk)
    trail.hold(kind, hold, actor=actor, now=now, before={"state": before.state})
    return hold
