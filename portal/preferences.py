"""A client's own preferences: the zone of his days and the colours of his pages. No money, no personal data."""

from datetime import datetime

from ledger import events
from ledger.database import unit_of_work
from payments.actors import Actor
from payments.models import Client, User


def save(*, client: Client, user: User, timezone: str, theme: str, actor: Actor, now: datetime) -> None:
    """Store both and record the change of zone, because days in the timeline and in statements follow it."""

    def work() -> None:
        before = client.timezone
        user.timezone, user.theme = timezone, theme
        user.save(update_fields=["timezone", "theme"])
        if before == timezone:
            return
        client.timezone = timezone
        client.save(update_fields=["timezone", "updated_at"])
        events.record(
            type="client.timezone_changed",
            object_ref=client.public_id,
            client_ref=client.public_id,
            actor=actor,
            before={"timezone": before},
            after={"timezone": timezone},
            occurred_at=now,
        )

    unit_of_work(work)
