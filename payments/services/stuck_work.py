"""Starting parked work again: a promise of the outbox that failed five times gets another five tries."""

from datetime import datetime

from ledger import events, ids
from ledger.database import unit_of_work
from ledger.errors import InvalidTransition, NotFound
from payments import dispatch, outbox
from payments.actors import Actor
from payments.models import OutboxMessage

PREFIX = "out"
# Parked work is always also a case in the exception queue; whoever works those may start it again.
PERMISSION = "reconciliation.work_exception"


def start_again(*, message_id: int, actor: Actor, now: datetime) -> None:
    """Make a parked promise ready again. Handlers are idempotent by nature, so nothing happens twice.

    Raises Forbidden, NotFound, InvalidTransition when it is not parked."""
    actor.require(PERMISSION)

    def work() -> None:
        message = OutboxMessage.objects.filter(pk=message_id).first()
        if message is None:
            raise NotFound(param="message")
        if not dispatch.revive(message_id=message_id, now=now):
            raise InvalidTransition("Only parked work is started again.", state=message.state, action="start again")
        events.record(
            type="outbox.started_again",
            object_ref=ids.encode(PREFIX, message_id),
            actor=actor,
            before={"state": "parked"},
            after={"state": "ready"},
            data={"topic": message.topic, "key": message.key},
            occurred_at=now,
        )

    unit_of_work(work)
    outbox.nudge()
