"""Decisions by a second person: the same checks for everything that has a maker.

The decider has the permission, is not the maker (compared by human, not by login or key), has not decided this content
before, and saw exactly the content that is there now.
"""

from datetime import datetime

from ledger.errors import InvalidRequest, InvalidTransition, VersionConflict
from payments.actors import Actor
from payments.decisions import REASON_CODES
from payments.models import Approval

NOTE_MAX = 2000


def decide(
    *,
    object_ref: str,
    maker: str,
    current_hash: str,
    seen_hash: str,
    decision: str,
    actor: Actor,
    now: datetime,
    reason_code: str = "",
    note: str = "",
) -> int:
    """Record one decision and return how many people have approved this content, this one included.

    Call inside the transaction, with the decided row locked. Raises SelfApproval, VersionConflict, InvalidTransition
    for a second decision by the same person, InvalidRequest for a missing or unknown reason code."""
    actor.require_other_than(maker)
    if seen_hash != current_hash:
        raise VersionConflict(param="content_hash")
    if decision != Approval.Decision.APPROVE:
        if reason_code not in REASON_CODES:
            raise InvalidRequest("Give a reason code.", param="reason_code")
        if not note.strip():
            raise InvalidRequest("Give a note that explains the decision.", param="note")
    if len(note) > NOTE_MAX:
        raise InvalidRequest(f"A note has up to {NOTE_MAX} characters.", param="note")
    earlier = Approval.objects.filter(object_ref=object_ref, content_hash=current_hash)
    if earlier.filter(person=actor.person).exists():
        raise InvalidTransition("You have already decided on this.", action=decision)
    Approval(
        object_ref=object_ref,
        decision=decision,
        person=actor.person,
        actor=actor.id,
        maker=maker,
        content_hash=current_hash,
        reason_code=reason_code,
        note=note,
        decided_at=now,
    ).save(force_insert=True)
    return earlier.filter(decision=Approval.Decision.APPROVE).count()
