"""A person's word about a rate that was held back: confirmed, it may be used; rejected, it never is.

Whoever brought a rate cannot decide it. The decision is written once.
"""

from datetime import datetime
from uuid import UUID

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, InvalidTransition, NotFound
from payments import dispatch
from payments.actors import Actor
from payments.models import Rate, RateDecision
from payments.services import locking
from payments.services.rates import CATEGORY

PERMISSION = "payments.decide_rate"
NOTE_MAX = 2000
OUTCOMES = {"confirmed": "rate_confirmed", "rejected": "rate_rejected"}


def decide(*, rate_id: UUID, decision: str, note: str, actor: Actor, now: datetime) -> Rate:
    """Confirm ("confirmed") or reject ("rejected") a held rate. `note` says how it was checked.

    Raises Forbidden, SelfApproval, NotFound, InvalidTransition (not held, or decided already), InvalidRequest."""
    actor.require(PERMISSION)
    if decision not in OUTCOMES:
        raise InvalidRequest("A rate is confirmed or rejected.", param="decision")
    if not 3 <= len(note.strip()) <= NOTE_MAX:
        raise InvalidRequest(f"Say in 3 to {NOTE_MAX} characters how it was checked.", param="note")

    def work() -> Rate:
        locking.one_at_a_time(f"rate:{rate_id}")
        rate = find(rate_id)
        actor.require_other_than(rate.maker)
        if rate.state != "held":
            raise InvalidTransition(f"A rate that is {rate.state} is not decided.", state=rate.state, action="decide")
        RateDecision(
            rate=rate,
            decision=decision,
            maker=rate.maker,
            person=actor.person,
            actor=actor.id,
            note=note.strip(),
            decided_at=now,
        ).save(force_insert=True)
        events.record(
            type=f"rate.{decision}",
            object_ref=rate.public_id,
            actor=actor,
            before={"state": "held"},
            after={"state": decision, "pair": rate.pair, "value": f"{rate.value.normalize():f}"},
            occurred_at=now,
        )
        dispatch.settle_exception(
            category=CATEGORY, key=rate.public_id, outcome=OUTCOMES[decision], note=note.strip()[:500]
        )
        return find(rate_id)

    return unit_of_work(work)


def find(rate_id: UUID) -> Rate:
    """The rate with this key, with its decision. Raises NotFound."""
    rate = Rate.objects.select_related("decision", "message", "compared_with").filter(pk=rate_id).first()
    if rate is None:
        raise NotFound(param="rate")
    return rate
