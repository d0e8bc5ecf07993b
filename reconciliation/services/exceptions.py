"""The exception queue: raise, take, note, resolve, reopen. Notes are written once; every step is an event."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import InvalidAmount, InvalidRequest, InvalidTransition, NotFound, Unavailable
from ledger.money import Money
from payments import dispatch
from payments.actors import Actor
from payments.models import Client, OutboxMessage
from payments.services import locking
from reconciliation.categories import category as category_of
from reconciliation.models import CaseNote, ExceptionCase

SYSTEM = Actor.system("reconciliation")
PERMISSION = "reconciliation.work_exception"
NOTE_MAX = 4000
TRIES = 3


def raise_case(
    *,
    category: str,
    key: str,
    title: str,
    facts: Mapping[str, Any],
    client: Client | None = None,
    object_ref: str = "",
    money: Money | None = None,
    actor: Actor = SYSTEM,
    now: datetime,
) -> ExceptionCase:
    """Open a case, or return the one that is open for this category and key already."""
    kind = category_of(category)

    def work() -> ExceptionCase:
        case = ExceptionCase(
            category=category,
            subject=key,
            title=title[:200],
            object_ref=object_ref,
            client=client,
            amount=money.amount if money else None,
            currency=money.currency if money else "",
            facts=dict(facts),
            team=kind.team,
            due_at=now + kind.due_in,
        )
        for _ in range(TRIES):
            try:
                with transaction.atomic():
                    case.save(force_insert=True)
            except IntegrityError:
                known = _open_about(category, key)
                if known is not None:
                    return known
                continue  # it was resolved between the two looks
            _record(case, "exception.raised", actor, now, before=None)
            return case
        raise Unavailable("The case is opened and resolved by others at this moment.")

    return unit_of_work(work)


def _open_about(category: str, subject: str) -> ExceptionCase | None:
    return ExceptionCase.objects.exclude(state="resolved").filter(category=category, subject=subject).first()


@dispatch.handler(dispatch.EXCEPTION_TOPIC)
def raise_from_outbox(*, payload: dict[str, Any], now: datetime) -> None:
    """Open the case that a lower layer promised."""
    amount, currency = payload.get("amount"), payload.get("currency")
    client_ref = payload.get("client")
    raise_case(
        category=payload["category"],
        key=payload["key"],
        title=payload["title"],
        facts=payload["facts"],
        client=Client.objects.filter(pk=Client.key(client_ref)).first() if client_ref else None,
        object_ref=payload.get("object_ref", ""),
        money=_money(amount, currency),
        now=now,
    )


def _money(amount: str | None, currency: str | None) -> Money | None:
    """None also for what is no amount of ours: the case must be opened all the same, its facts say what was told."""
    try:
        return abs(Money.of(amount, currency)) if amount and currency else None
    except InvalidAmount:
        return None


@dispatch.handler("exception.settled")
def settle_from_outbox(*, payload: dict[str, Any], now: datetime) -> None:
    """Close the case that events have answered by themselves, if it is still open.

    Its raising may still be waiting in the outbox, claimed by another worker: then this waits for it."""
    raising = OutboxMessage.objects.filter(
        topic=dispatch.EXCEPTION_TOPIC,
        state="ready",
        payload__category=payload["category"],
        payload__key=payload["key"],
    )
    if raising.exists():
        raise dispatch.Later(timedelta(seconds=2))
    open_case = _open_about(payload["category"], payload["key"])
    if open_case is not None:
        outcome = payload.get("outcome") or category_of(payload["category"]).outcomes[0][0]
        _resolve(open_case.pk, outcome, payload["note"], SYSTEM, now)


def take(*, case_id: UUID, actor: Actor, now: datetime) -> ExceptionCase:
    """Take a case: it is yours until you resolve it or another takes it over.

    Raises Forbidden, NotFound, InvalidTransition when it is resolved."""
    actor.require(PERMISSION)

    def work() -> ExceptionCase:
        case = _open_case(case_id)
        before = {"state": case.state, "assignee": case.assignee}
        case.assignee, case.state = actor.person, "in_review"
        _save(case)
        _note(case, "taken", f"Taken by {actor.person}", actor)
        _record(case, "exception.taken", actor, now, before=before)
        return case

    return unit_of_work(work)


def take_next(*, actor: Actor, now: datetime, team: str = "") -> ExceptionCase | None:
    """Take the case that is due first and that nobody has; two people never get the same one."""
    actor.require(PERMISSION)

    def work() -> ExceptionCase | None:
        waiting = ExceptionCase.objects.select_for_update(skip_locked=True, of=("self",)).filter(state="new")
        if team:
            waiting = waiting.filter(team=team)
        case = waiting.order_by("due_at", "id").first()
        return take(case_id=case.pk, actor=actor, now=now) if case else None

    return unit_of_work(work)


def note(*, case_id: UUID, text: str, actor: Actor, now: datetime) -> ExceptionCase:
    """Add a note; it can never be changed. Raises Forbidden, NotFound, InvalidRequest."""
    actor.require(PERMISSION)
    _checked(text)

    def work() -> ExceptionCase:
        case = locking.locked(ExceptionCase, case_id)
        _note(case, "note", text, actor)
        _record(case, "exception.noted", actor, now, before=None)
        return case

    return unit_of_work(work)


def resolve(*, case_id: UUID, outcome: str, note: str, actor: Actor, now: datetime) -> ExceptionCase:
    """End a case with one of its kind's outcomes and a note.

    Raises Forbidden, NotFound, InvalidTransition, InvalidRequest (param "outcome" or "note")."""
    actor.require(PERMISSION)
    return _resolve(case_id, outcome, note, actor, now)


def _resolve(case_id: UUID, outcome: str, text: str, actor: Actor, now: datetime) -> ExceptionCase:
    _checked(text)

    def work() -> ExceptionCase:
        case = _open_case(case_id)
        category_of(case.category).require_outcome(outcome)
        before = {"state": case.state}
        case.state, case.outcome, case.resolved_at, case.resolved_by = "resolved", outcome, now, actor.id
        _save(case)
        _note(case, "resolved", text, actor)
        _record(case, "exception.resolved", actor, now, before=before)
        return case

    return unit_of_work(work)


def reopen(*, case_id: UUID, note: str, actor: Actor, now: datetime) -> ExceptionCase:
    """Open a resolved case again, with the reason. Raises Forbidden, NotFound, InvalidTransition, InvalidRequest."""
    actor.require(PERMISSION)
    _checked(note)

    def work() -> ExceptionCase:
        case = locking.locked(ExceptionCase, case_id)
        if case.state != "resolved":
            raise InvalidTransition("This exception is open.", state=case.state, action="reopen")
        others = ExceptionCase.objects.exclude(state="resolved").filter(category=case.category, subject=case.subject)
        if others.exists():
            raise InvalidTransition("Another case is open for the same thing.", action="reopen")
        before = {"state": case.state, "outcome": case.outcome}
        case.state, case.outcome, case.resolved_at, case.resolved_by = "in_review", "", None, ""
        case.assignee = actor.person
        _save(case)
        _note(case, "reopened", note, actor)
        _record(case, "exception.reopened", actor, now, before=before)
        return case

    return unit_of_work(work)


def find(public_id: str) -> ExceptionCase:
    """The case with this public id. Raises NotFound."""
    case = ExceptionCase.objects.filter(pk=ExceptionCase.key(public_id)).select_related("client").first()
    if case is None:
        raise NotFound
    return case


def _open_case(case_id: UUID) -> ExceptionCase:
    case = locking.locked(ExceptionCase, case_id)
    if case.state == "resolved":
        raise InvalidTransition("This exception is resolved.", state=case.state)
    return case


def _save(case: ExceptionCase) -> None:
    case.version += 1
    case.save()


def _note(case: ExceptionCase, kind: str, text: str, actor: Actor) -> None:
    CaseNote(case=case, author=actor.person or actor.id, kind=kind, text=text.strip()).save(force_insert=True)


def _checked(text: str) -> None:
    if not 3 <= len(text.strip()) <= NOTE_MAX:
        raise InvalidRequest(f"A note has 3 to {NOTE_MAX} characters.", param="note")


def _record(
    case: ExceptionCase, event_type: str, actor: Actor, now: datetime, *, before: Mapping[str, Any] | None
) -> None:
    events.record(
        type=event_type,
        object_ref=case.public_id,
        client_ref=case.client.public_id if case.client else "",
        actor=actor,
        before=before,
        after={"state": case.state, "category": case.category, "assignee": case.assignee, "outcome": case.outcome},
        occurred_at=now,
    )
