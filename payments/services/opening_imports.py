"""Opening balances from an old system: one person prepares, another approves, then all of it is posted or nothing.

Preparing keeps both files and the dry run's figures; approving is about exactly those. Carrying out judges the files
once more against the books of that moment and does nothing when the outcome would be another. The report that comes
out is signed.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from ledger import events, report_checking, report_signature
from ledger.database import unit_of_work
from ledger.errors import DomainError, DuplicateReference, InvalidRequest, NotFound, VersionConflict
from payments import dispatch, outbox
from payments.actors import Actor
from payments.models import Approval, OpeningImport
from payments.services import approvals, locking, opening_plans, opening_posting, opening_reports
from payments.services.opening_plans import Plan
from payments.states import OPENING_IMPORT

PREPARE = "payments.prepare_opening_import"
APPROVE = "payments.approve_opening_import"
SYSTEM = Actor.system("opening_import")
TOPIC = "opening.apply"
REFERENCE_MAX = 80


def rehearse(*, content: bytes, control: bytes, suspense: bool = False, now: datetime) -> Plan:
    """What an import would do now; nothing is written. Raises opening_plans.Refused with every error."""
    return opening_plans.plan(content=content, control=control, suspense=suspense, today=now.astimezone(UTC).date())


def prepare(
    *,
    content: bytes,
    control: bytes,
    name: str,
    reference: str,
    suspense: bool = False,
    actor: Actor,
    now: datetime,
) -> tuple[OpeningImport, bool]:
    """Keep the files and what they will do, and hand them to a second person. Nothing moves yet.

    The same files under the same reference are the import that is there already (second value True). Raises Forbidden,
    InvalidRequest (param "reference", "name"), DuplicateReference when the reference has other files, and
    opening_plans.Refused."""
    actor.require(PREPARE)
    reference = reference.strip()
    if not 1 <= len(reference) <= REFERENCE_MAX or not reference.isprintable():
        raise InvalidRequest(f"A reference has 1 to {REFERENCE_MAX} characters.", param="reference")
    if not name.isprintable():  # it stands in the report that people read
        raise InvalidRequest("The name of a file is one line.", param="name")
    digests = [hashlib.sha256(part).hexdigest() for part in (content, control)]

    def work() -> tuple[OpeningImport, bool]:
        locking.one_at_a_time(f"opening:{reference}")
        known = OpeningImport.objects.filter(reference=reference).exclude(state__in=["rejected", "failed"]).first()
        if known is not None:
            if [known.sha256, known.control_sha256, known.suspense] != [*digests, suspense]:
                raise DuplicateReference("This reference has been used with other files.", param="reference")
            return known, True
        plan = rehearse(content=content, control=control, suspense=suspense, now=now)
        made = OpeningImport(
            reference=reference,
            file_name=name[:200],
            content=content,
            sha256=digests[0],
            control=control,
            control_sha256=digests[1],
            suspense=suspense,
            rows=len(plan.placed),
            figures=plan.figures(),
            made_by=actor.id,
            maker=actor.person,
        )
        made.save(force_insert=True)
        _record(made, "opening_import.prepared", actor, now, before=None)
        return made, False

    return unit_of_work(work)


def approve(*, import_id: UUID, content_hash: str, actor: Actor, now: datetime, note: str = "") -> OpeningImport:
    """The second person agrees; a worker carries it out. Raises Forbidden, SelfApproval, NotFound, InvalidTransition,
    VersionConflict."""
    actor.require(APPROVE)

    def work() -> OpeningImport:
        opening = _decided(import_id, "approve", content_hash, actor, now, "", note)
        before = opening.state
        opening.approve()
        opening.save()
        _record(opening, "opening_import.approved", actor, now, before=before)
        outbox.put(TOPIC, key=opening.public_id, payload={"import": opening.public_id}, request_id=actor.request_id)
        return opening

    return unit_of_work(work)


def reject(
    *, import_id: UUID, content_hash: str, reason_code: str, note: str, actor: Actor, now: datetime
) -> OpeningImport:
    """The second person refuses; nothing ever moved, and the reference is free again. Raises what `approve` raises, and
    InvalidRequest."""
    actor.require(APPROVE)

    def work() -> OpeningImport:
        opening = _decided(import_id, "reject", content_hash, actor, now, reason_code, note)
        before = opening.state
        opening.ended_at = now
        opening.reject()
        opening.save()
        _record(opening, "opening_import.rejected", actor, now, before=before)
        return opening

    return unit_of_work(work)


def apply(
    *,
    import_id: UUID,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> OpeningImport:
    """Carry an approved import out, whole; again is harmless. A refusal of the books undoes it and ends as `failed`.

    Raises NotFound, InvalidTransition for one that nobody has approved."""

    def work() -> OpeningImport:
        opening = locking.locked(OpeningImport, import_id)
        if opening.state == "applied":
            return opening
        OPENING_IMPORT.require("apply", opening.state)
        locking.one_at_a_time("opening")
        try:
            with transaction.atomic():
                _carry_out(opening, now, progress)
        except DomainError as error:
            opening.error = error.detail
            opening.fail()
        else:
            opening.apply()
        opening.ended_at = now
        opening.save()
        _record(opening, f"opening_import.{opening.state}", SYSTEM, now, before="approved")
        return opening

    return unit_of_work(work)


@dispatch.handler(TOPIC)
def apply_from_outbox(*, payload: dict[str, str], now: datetime) -> None:
    """Keep the promise that `approve` made."""
    apply(import_id=OpeningImport.key(payload["import"]), now=now)


def find(public_id: str) -> OpeningImport:
    """The import with this public id. Raises NotFound."""
    found = OpeningImport.objects.filter(pk=OpeningImport.key(public_id)).first()
    if found is None:
        raise NotFound
    return found


def _carry_out(opening: OpeningImport, now: datetime, progress: Callable[[int, int], None]) -> None:
    plan = rehearse(content=bytes(opening.content), control=bytes(opening.control), suspense=opening.suspense, now=now)
    if plan.figures() != opening.figures:
        raise VersionConflict("The books have changed since this was approved: prepare it again.")
    posted = opening_posting.carry_out(opening, plan, actor=SYSTEM, now=now, progress=progress)
    report = opening_reports.build(opening, plan, posted, now=now)
    opening.report = report_checking.canonical(report).decode()
    opening.signature = report_signature.sign(report)


def _decided(
    import_id: UUID, action: str, content_hash: str, actor: Actor, now: datetime, reason_code: str, note: str
) -> OpeningImport:
    opening = locking.locked(OpeningImport, import_id)
    actor.require_other_than(opening.maker)
    OPENING_IMPORT.require(action, opening.state)
    approvals.decide(
        object_ref=opening.public_id,
        maker=opening.maker,
        current_hash=opening.content_hash,
        seen_hash=content_hash,
        decision=Approval.Decision.APPROVE if action == "approve" else Approval.Decision.REJECT,
        actor=actor,
        now=now,
        reason_code=reason_code,
        note=note,
    )
    opening.decided_by, opening.decided_at = actor.person, now
    return opening


def _record(opening: OpeningImport, kind: str, actor: Actor, now: datetime, *, before: str | None) -> None:
    data = {"reference": opening.reference, "sha256": opening.sha256, "control_sha256": opening.control_sha256}
    if opening.report:  # so that the seal covers what people keep of the cut-over
        data["report_sha256"] = opening_reports.digest(opening)
    events.record(
        type=kind,
        object_ref=opening.public_id,
        actor=actor,
        before=None if before is None else {"state": before},
        after={"state": opening.state, "rows": opening.rows},
        data=data,
        occurred_at=now,
    )
