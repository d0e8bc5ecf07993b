"""Recording events: one append-only row per state change, in the same commit as the change itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models.functions import Now

from ledger.models import Event


class Who(Protocol):
    """Whoever acts: `payments.actors.Actor` is one. All values are opaque ids."""

    @property
    def id(self) -> str: ...
    @property
    def person(self) -> str: ...
    @property
    def on_behalf_of(self) -> str: ...
    @property
    def ip(self) -> str | None: ...
    @property
    def device(self) -> str: ...
    @property
    def request_id(self) -> str: ...


@dataclass(frozen=True)
class _Machine:
    """A part of the firm's own machinery that acts by itself."""

    id: str
    person: str = ""
    on_behalf_of: str = ""
    ip: str | None = None
    device: str = ""
    request_id: str = ""


CLOCK = _Machine("system:schedule")


def record(
    *,
    type: str,
    object_ref: str,
    actor: Who,
    client_ref: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
) -> None:
    """Append one event. Must be called inside the transaction that makes the change. JSON values only; no names, no
    bank data."""
    record_many(
        type=type,
        actor=actor,
        changes=[
            Change(object_ref=object_ref, client_ref=client_ref, before=before, after=after, data=data),
        ],
        occurred_at=occurred_at,
    )


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happened to one object; values as in `record`."""

    object_ref: str
    client_ref: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None


def record_many(*, type: str, actor: Who, changes: Iterable[Change], occurred_at: datetime | None = None) -> None:
    """`record` for many objects that the same act changes alike, in a few statements."""
    Event.objects.bulk_create(
        [
            Event(
                type=type,
                **vars(change),
                actor=actor.id,
                person=actor.person,
                on_behalf_of=actor.on_behalf_of,
                ip=actor.ip,
                device=actor.device[:200],
                request_id=actor.request_id[:64],
                occurred_at=occurred_at or Now(),
                xid=0,
            )
            for change in changes
        ],
        batch_size=1000,
    )
