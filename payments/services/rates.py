"""Exchange rates from outside: fetched, kept untouched, then read into rows that never change.

A rate that jumps against the one before, contradicts what the source said before, or was brought by a person is kept
but held: it prices nothing until another person has confirmed it. The last good rate serves until then, or until it is
stale.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import DomainError, InvalidRequest
from payments import dispatch, outbox
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.rates.base import RateFile, ReadRate, ReadRates
from payments.connectors.rates.file.adapter import FileRates
from payments.connectors.rates.file.codes import COLUMNS, KIND
from payments.models import ProviderEvent, Rate
from payments.services import locking, rate_comparing, rate_refusals
from payments.services.bank_files import finish

TOPIC = "rates.read"
CATEGORY = "rate_outlier"
DESK = "desk"  # the source of what people bring
BRING = "payments.bring_rate"
NOTE_MAX = 500


def fetch(*, source: str, now: datetime, history: bool = False) -> int:
    """Fetch a source's newest file (or its recent past), keep it, and promise to read it. Returns 1 for a new file.

    Raises InvalidRequest for an unknown source, Unavailable, also when the file is the last one again and has become
    too old meanwhile. Calls outside: not inside a transaction."""
    dispatch.require_no_transaction()
    asked = registry.rate_source(source)
    file = asked.fetch(history=history)
    new = unit_of_work(lambda: _keep(source, file) is not None)
    if not new:
        with suppress(InvalidRequest):  # people were told when it was read first
            rate_refusals.require_fresh(asked.read(kind=file.kind, content=file.content), now)
    return new


def bring(
    *, base: str, counter: str, rate: str, published_at: datetime, note: str, actor: Actor, now: datetime
) -> Rate:
    """A person brings one rate, for when no source can: `rate` units of `counter` for one of `base`, as decimal text.
    It is held until another person confirms it.

    Raises Forbidden, InvalidRequest naming what is wrong."""
    actor.require(BRING)
    if not 3 <= len(note.strip()) <= NOTE_MAX:
        raise InvalidRequest(f"Say where the rate is from, in 3 to {NOTE_MAX} characters.", param="note")
    if published_at > now:
        raise InvalidRequest("This moment is still to come.", param="published_at")
    line = ",".join((base, counter, rate, published_at.isoformat()))
    file = RateFile(name="by hand", kind=KIND, content=f"{','.join(COLUMNS)}\n{line}\n".encode())
    try:
        read = FileRates(path="").read(kind=file.kind, content=file.content)
    except InvalidRequest as error:
        raise InvalidRequest("Give two different currencies and a rate like 1.0852.", param="rate") from error

    def work() -> Rate:
        event = _keep(DESK, file, note=note.strip(), maker=actor.person, promise=False)
        rows = _store(event, read, actor, now) if event else []
        if not rows:
            raise InvalidRequest("This rate was brought already.", param="rate")
        return rows[0]

    return unit_of_work(work)


def _keep(source: str, file: RateFile, *, promise: bool = True, **about: str) -> ProviderEvent | None:
    """Keep the raw bytes; None when the same bytes are kept already."""
    digest = hashlib.sha256(file.content).hexdigest()
    event = ProviderEvent(
        connector=source,
        event_id=f"{file.kind}:{digest[:32]}",
        event_type=file.kind,
        headers={"name": file.name, **about},
        body=file.content,
        body_sha256=digest,
    )
    ProviderEvent.objects.bulk_create([event], ignore_conflicts=True)
    if not ProviderEvent.objects.filter(pk=event.pk).exists():
        return None
    if promise:
        outbox.put(TOPIC, key=event.public_id, payload={"event": event.public_id})
    return event


@dispatch.handler(TOPIC)
def read(*, payload: dict[str, Any], now: datetime) -> None:
    """Read one stored file into rates. A file that cannot be read changes nothing and is shown to people."""
    event = ProviderEvent.objects.get(pk=ProviderEvent.key(payload["event"]))
    if event.state != ProviderEvent.State.STORED:
        return
    try:
        found = rate_refusals.taken(event, now)
    except DomainError as error:
        refusal = error
        unit_of_work(lambda: rate_refusals.refuse(event, refusal, now))
        return
    unit_of_work(lambda: _store(event, found, Actor.system(event.connector), now))


def _store(event: ProviderEvent, found: ReadRates, actor: Actor, now: datetime) -> list[Rate]:
    """Write what is new in a file, oldest first, each compared with the last good one before it."""
    locking.one_at_a_time(f"rates:{event.connector}")
    fresh = sorted(_new(event.connector, found.rates), key=lambda rate: rate.published_at)
    judge = rate_comparing.Judge(event.connector, fresh)
    rows = []
    for rate in fresh:
        held_for, compared = judge.judge(rate)
        rows.append(
            Rate(
                source=event.connector,
                base=rate.base,
                counter=rate.counter,
                value=rate.value,
                published_at=rate.published_at,
                fetched_at=now,
                message=event,
                held_for=Rate.Held.BY_HAND if actor.person else held_for,
                compared_with=compared,
                maker=actor.person,
            )
        )
        judge.remember(rows[-1])
    Rate.objects.bulk_create(rows)
    held = [row for row in rows if row.held_for]
    for row in held:
        _raise_case(row)
    _record(event, rows, held, found, actor, now)
    finish(event, now)
    return rows


def _new(source: str, rates: Sequence[ReadRate]) -> list[ReadRate]:
    moments = {rate.published_at for rate in rates}
    known = set(
        Rate.objects.filter(source=source, published_at__in=moments).values_list(
            "base", "counter", "published_at", "value"
        )
    )
    return [rate for rate in rates if (rate.base, rate.counter, rate.published_at, rate.value) not in known]


def _raise_case(row: Rate) -> None:
    before = row.compared_with
    dispatch.raise_exception(
        category=CATEGORY,
        key=row.public_id,
        title=f"{row.pair} at {row.value.normalize():f} from {row.source} {Rate.Held(row.held_for).label}"[:200],
        facts={
            "rate": row.public_id,
            "pair": row.pair,
            "value": f"{row.value.normalize():f}",
            "published_at": row.published_at.isoformat(),
            "before": f"{before.value.normalize():f}" if before else "",
            "before_published_at": before.published_at.isoformat() if before else "",
            "event": row.message.public_id,
        },
        object_ref=row.public_id,
    )


def _record(
    event: ProviderEvent, rows: list[Rate], held: list[Rate], found: ReadRates, actor: Actor, now: datetime
) -> None:
    events.record(
        type="rates.received",
        object_ref=event.public_id,
        actor=actor,
        after={"rates": len(rows), "held": [row.public_id for row in held]},
        data={"source": event.connector, "unknown": list(found.unknown)[:40]},
        occurred_at=now,
    )
