"""The only way in: every provider message is kept as it came, then answered, and judged later by a worker.

Nothing is parsed before the untouched bytes are stored. A message whose signature does not hold is stored as refused
and changes nothing. The same message again is counted; the same event with other content is kept beside the first
and left to a person.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest
from payments import dispatch, outbox
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.psp.base import PaymentServiceProvider, Refused, Verified
from payments.models import ProviderEvent
from payments.services import deposits, settlements
from payments.services.deposit_verdicts import raise_conflict
from payments.verdict import Verdict

TOPIC = "provider_event.process"
MAX_BODY_BYTES = 512 * 1024  # far above any provider's message; a larger body is refused unread
_KEPT_HEADERS = frozenset({"content-type", "user-agent", "date", "webhook-id", "webhook-timestamp"})
_HEADER_MAX = 2000
_EVENT_ID_MAX = 120


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """`accepted`: the signature holds and the message is kept. `reason` says why not."""

    accepted: bool
    reason: str = ""
    duplicate: bool = False


def receive(*, connector: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Receipt:
    """Check the signature over the untouched body and keep the message, with the promise to process it.

    `connector` is a name of the registry. Raises InvalidRequest for an unknown one or a body above
    `MAX_BODY_BYTES`; nothing is kept then."""
    psp = registry.psp(connector)
    if len(body) > MAX_BODY_BYTES:
        raise InvalidRequest("The body is too large.", param="body")
    proof = psp.verify(headers=headers, body=body, now=now)
    row = ProviderEvent(
        connector=connector,
        headers=kept_headers(headers),
        body=body,
        body_sha256=hashlib.sha256(body).hexdigest(),
    )
    if isinstance(proof, Refused):
        unit_of_work(lambda: _keep_refused(row, proof, now))
        return Receipt(accepted=False, reason=proof.reason)
    return unit_of_work(lambda: _keep(row, proof))


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that prove or explain a message; never credentials or cookies."""
    lower = {name.lower(): value.replace("\x00", "")[:_HEADER_MAX] for name, value in headers.items()}
    return {name: value for name, value in lower.items() if name in _KEPT_HEADERS or "signature" in name}


def _keep(row: ProviderEvent, proof: Verified) -> Receipt:
    row.event_id = proof.event_id
    if len(row.event_id) > _EVENT_ID_MAX:
        row.event_id = f"long_{hashlib.sha256(proof.event_id.encode()).hexdigest()}"
    row.event_type = proof.event_type[:80]
    same = ProviderEvent.objects.exclude(state=ProviderEvent.State.REFUSED).filter(
        connector=row.connector, event_id=row.event_id, body_sha256=row.body_sha256
    )
    if same.update(times_received=F("times_received") + 1):
        return Receipt(accepted=True, duplicate=True)
    # Of many at once one row is written; the others wait for its commit here, then find it.
    ProviderEvent.objects.bulk_create([row], ignore_conflicts=True)
    if not same.filter(pk=row.pk).exists():
        same.update(times_received=F("times_received") + 1)
        return Receipt(accepted=True, duplicate=True)
    outbox.put(TOPIC, key=row.public_id, payload={"provider_event": row.public_id})
    return Receipt(accepted=True)


def _keep_refused(row: ProviderEvent, proof: Refused, now: datetime) -> None:
    """Keep a refused message once; whoever repeats it is only counted."""
    row.state, row.reason = ProviderEvent.State.REFUSED, proof.reason
    same = ProviderEvent.objects.filter(
        connector=row.connector, state=row.state, reason=row.reason, body_sha256=row.body_sha256
    )
    if same.update(times_received=F("times_received") + 1):
        return
    row.save(force_insert=True)
    _record(row, "provider_event.refused", now)


@dispatch.handler(TOPIC)
def process(*, payload: dict[str, Any], now: datetime) -> None:
    """Parse a stored message and give it to whom it concerns. A message that cannot be read stays until an adapter
    can read it: the promise is tried again, then parked, and people are told."""
    row = ProviderEvent.objects.get(pk=ProviderEvent.key(payload["provider_event"]))
    if row.state not in (ProviderEvent.State.STORED, ProviderEvent.State.FAILED):
        return
    psp = registry.psp(row.connector)
    try:
        event = psp.parse(body=bytes(row.body))
    except InvalidRequest as problem:
        ProviderEvent.objects.filter(pk=row.pk).update(
            state=ProviderEvent.State.FAILED, reason=f"unreadable: {problem.param}"[:200], processed_at=now
        )
        raise
    if _contradicts_twin(row, psp):
        verdict = Verdict(state="conflict", reason="same_event_other_content", facts={"event": event.event_id})
    elif event.kind in settlements.EVENTS:
        verdict = settlements.apply_event(event=event, connector=row.connector, now=now)
    else:
        verdict = deposits.apply_event(event=event, connector=row.connector, now=now)
    unit_of_work(lambda: _finish(row, verdict, now))


def _contradicts_twin(row: ProviderEvent, psp: PaymentServiceProvider) -> bool:
    """Whether the same event came before with another meaning. Other bytes alone do not contradict: providers put
    delivery counters into their messages."""
    others = ProviderEvent.objects.filter(connector=row.connector, event_id=row.event_id).exclude(
        Q(pk=row.pk) | Q(state__in=(ProviderEvent.State.REFUSED, ProviderEvent.State.CONFLICT))
    )
    for other in others:
        undecided = other.state in (ProviderEvent.State.STORED, ProviderEvent.State.FAILED)
        if undecided and other.pk > row.pk:
            continue  # the later one gives way
        try:
            if psp.parse(body=bytes(other.body)) != psp.parse(body=bytes(row.body)):
                return True
        except InvalidRequest:
            return True
    return False


def _finish(row: ProviderEvent, verdict: Verdict, now: datetime) -> None:
    waiting = ProviderEvent.objects.filter(
        pk=row.pk, state__in=(ProviderEvent.State.STORED, ProviderEvent.State.FAILED)
    )
    if not waiting.update(state=verdict.state, reason=verdict.reason[:200], processed_at=now):
        return
    if verdict.state == "conflict":
        row.state, row.reason = verdict.state, verdict.reason
        _record(row, "provider_event.conflict", now)
        raise_conflict(verdict, key=f"{row.connector}:{row.public_id}")


def _record(row: ProviderEvent, kind: str, now: datetime) -> None:
    events.record(
        type=kind,
        object_ref=row.public_id,
        actor=Actor.system(row.connector),
        after={"state": row.state, "reason": row.reason},
        data={"event": row.event_id, "event_type": row.event_type},
        occurred_at=now,
    )
