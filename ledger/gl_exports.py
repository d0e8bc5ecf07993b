"""Handing a day to the general ledger: only a day that is over, every account with a place, the same bytes for ever.

What was handed over is remembered by its digest. From then on no line of the mapping may speak of that day, so
exporting it again gives the same file; a file that would differ is refused instead of being given out.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ledger import events, gl_mappings
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, VersionConflict
from ledger.exports import gl_csv
from ledger.models import GlExport
from ledger.system import Permitted

PERMISSION = "ledger.view_glexport"
# Longer than any database transaction of ours may last: what was begun before midnight has ended by then.
SETTLES = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class GlFile:
    """One day's file. `again`: it had been exported before, with these bytes."""

    name: str
    content: bytes
    sha256: str
    rows: int
    again: bool


def export(*, day: date, form: str = "summary", actor: Permitted, now: datetime) -> GlFile:
    """The file of one day, "summary" or "detailed", and the record that it was exported.

    Raises Forbidden, InvalidRequest (param "date", "form"), gl_mappings.Unmapped naming every account without a place,
    Unbalanced, VersionConflict when the file would not be the one that was handed over."""
    actor.require(PERMISSION)
    if form not in gl_csv.FORMS:
        raise InvalidRequest(f"The form is {' or '.join(gl_csv.FORMS)}.", param="form")
    if now < gl_csv.ends(day)[1] + SETTLES:
        raise InvalidRequest("A day is exported when it is over, from five minutes past midnight UTC.", param="date")

    def work() -> GlFile:
        gl_mappings.lock()
        pieces = list(gl_csv.FORMS[form](day))
        content = "".join(pieces).encode()
        digest = hashlib.sha256(content).hexdigest()
        rows = len(pieces) - 1
        known = GlExport.objects.filter(day=day, form=form).first()
        again = known is not None
        if known is not None and known.sha256 != digest:
            raise VersionConflict(
                f"The file of {day} would differ from the one that was exported.", exported=known.sha256, now=digest
            )
        if known is None:
            made = GlExport(day=day, form=form, sha256=digest, rows=rows, made_by=actor.person or actor.id)
            made.save(force_insert=True)
            known = made
        events.record(
            type="gl.exported",
            object_ref=known.public_id,
            actor=actor,
            data={"day": str(day), "form": form, "sha256": digest, "rows": rows},
            occurred_at=now,
        )
        name = f"gl-{day}-{form}.csv"
        return GlFile(name=name, content=content, sha256=digest, rows=rows, again=again)

    return unit_of_work(work)
