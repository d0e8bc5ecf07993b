"""Handing a day to the general ledger: only a day that is over, every account with a place, the same bytes for ever.

What was handed over is remembered by its digest. From then on no line of the mapping may speak of that day, so
exporting it again gives the same file; a file that would differ is refused instead of being given out.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from ledger import events, gl_mappings
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, Unavailable, VersionConflict
from ledger.exports import gl_csv, reading
from ledger.models import GlExport, GlMapping
from ledger.system import Permitted

PERMISSION = "ledger.view_glexport"
# Longer than any database transaction of ours may last: what was begun before midnight has ended by then.
SETTLES = timedelta(minutes=5)
_READINGS = 3


@dataclass(frozen=True, kw_only=True)
class GlFile:
    """One day's file. `again`: it had been exported before, with these bytes."""

    name: str
    content: bytes
    sha256: str
    rows: int
    again: bool


@dataclass(frozen=True)
class _Read:
    """A day as the reader saw it, and how many lines the mapping had. Lines are only ever added."""

    content: bytes
    rows: int
    mapping: int


def export(*, day: date, form: str = "summary", actor: Permitted, now: datetime) -> GlFile:
    """The file of one day, "summary" or "detailed", and the record that it was exported.

    Read as the reader, without a lock; recorded afterwards, if the mapping is then what it was. Else it is read again.
    Raises Forbidden, InvalidRequest (param "date", "form"), gl_mappings.Unmapped naming every account without a place,
    Unbalanced, VersionConflict when the file would not be the one that was handed over, Unavailable while the mapping
    keeps changing or the reader does not know everything yet."""
    actor.require(PERMISSION)
    if form not in gl_csv.FORMS:
        raise InvalidRequest(f"The form is {' or '.join(gl_csv.FORMS)}.", param="form")
    if now < gl_csv.ends(day)[1] + SETTLES:
        raise InvalidRequest("A day is exported when it is over, from five minutes past midnight UTC.", param="date")

    for _ in range(_READINGS):
        found = _read(day, form)
        if made := unit_of_work(partial(_recorded, found, day, form, actor, now)):
            return made
    raise Unavailable("The general-ledger mapping is being changed. Nothing was done; try again.")


def _read(day: date, form: str) -> _Read:
    reading.catch_up(reading.alias())
    with reading.snapshot() as using:
        pieces = list(gl_csv.FORMS[form](day, using))
        lines = GlMapping.objects.using(using).count()
    return _Read("".join(pieces).encode(), len(pieces) - 1, lines)


def _recorded(found: _Read, day: date, form: str, actor: Permitted, now: datetime) -> GlFile | None:
    """The file, once it stands in the record; None when the mapping has changed since it was read."""
    gl_mappings.lock()
    if GlMapping.objects.count() != found.mapping:
        return None
    digest = hashlib.sha256(found.content).hexdigest()
    known = GlExport.objects.filter(day=day, form=form).first()
    again = known is not None
    if known is not None and known.sha256 != digest:
        raise VersionConflict(
            f"The file of {day} would differ from the one that was exported.", exported=known.sha256, now=digest
        )
    if known is None:
        known = GlExport(day=day, form=form, sha256=digest, rows=found.rows, made_by=actor.person or actor.id)
        known.save(force_insert=True)
    events.record(
        type="gl.exported",
        object_ref=known.public_id,
        actor=actor,
        data={"day": str(day), "form": form, "sha256": digest, "rows": found.rows},
        occurred_at=now,
    )
    return GlFile(name=f"gl-{day}-{form}.csv", content=found.content, sha256=digest, rows=found.rows, again=again)
