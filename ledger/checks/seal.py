"""Checks of the seal that need a key or look outside the database: signatures, and the copies of checkpoints.

A tail that was cut off leaves no trace inside the database; a checkpoint that is kept elsewhere knows better.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from ledger import seal_checkpoints, seal_notes, seal_places
from ledger.models import CheckpointCopy, DayRoot, Link, SignedCheckpoint
from ledger.seal_places import Place

Found = tuple[str, str, str]
RECENT = 20  # checkpoints, roots and copies that a look at what is new goes through
GRACE = timedelta(minutes=30)  # how long a checkpoint may be on its way to its places
CLOCKS = timedelta(minutes=5)  # how far the clocks of app and database may be apart
CLOSING = timedelta(hours=6)  # between the time that a checkpoint states and the root of a long day that it names


def checkpoints() -> list[Found]:
    """Every checkpoint that is not signed, not in line with the one before, or not about this chain; and every daily
    root whose time cannot be."""
    return [*_wrong_checkpoints(None), *_wrong_roots(None)]


def recent_checkpoints() -> list[Found]:
    return [*_wrong_checkpoints(RECENT), *_wrong_roots(RECENT)]


def copies() -> list[Found]:
    """Every copy outside that says something else than the database, every copy that is missing, and every line of the
    list of copies that cannot be true."""
    return list(_wrong_copies(None))


def recent_copies() -> list[Found]:
    return list(_wrong_copies(RECENT))


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def _wrong_checkpoints(most: int | None) -> Iterator[Found]:
    rows = list(SignedCheckpoint.objects.order_by("-serial")[:most])[::-1]
    hashes: dict[int, Any] = dict(
        Link.objects.filter(number__in=[row.number for row in rows]).values_list("number", "hash")
    )
    roots = {f"{r.day} {r.first} {r.last} {bytes(r.root).hex()}" for r in DayRoot.objects.all()}
    serial, before = (rows[0].serial - 1, "") if most and rows else (0, seal_notes.NOTHING)
    day = None if most else "none"  # as the checkpoint before named it; None where that is not known
    for row in rows:
        wrongs = [*_wrongs(row, serial, before, hashes, roots), *_wrong_columns(row, day)]
        if wrong := "; ".join(wrongs):
            yield "checkpoint", str(row.serial), f"at #{row.number}: {wrong}"
        serial, before = row.serial, seal_notes.digest(seal_checkpoints.text_of(row))
        day = seal_checkpoints.day_of(row)


def _wrongs(row: SignedCheckpoint, serial: int, before: str, hashes: dict[int, Any], roots: set[str]) -> Iterator[str]:
    if row.serial != serial + 1:
        yield f"follows checkpoint {serial}"
    if not seal_notes.is_signed(row.body, row.key, bytes(row.signature)):
        yield "its signature is not ours"
    try:
        note = seal_notes.read(row.body)
    except ValueError:
        yield "its text is not a checkpoint"
        return
    if (note.serial, note.sealed) != (row.serial, row.number) or note.origin != settings.SEAL["origin"]:
        yield "its text speaks for something else"
    if before and note.previous != before and row.serial == serial + 1:
        yield "the checkpoint before it is not the one that it names"
    if bytes(hashes.get(note.sealed, b"")).hex() != note.head:
        yield f"the chain up to #{note.sealed} is not what was signed"
    if note.day not in roots and note.day != "none":
        yield f"the root of {note.day.split(' ')[0]} is not what was signed"


def _wrong_columns(row: SignedCheckpoint, day_before: str | None) -> Iterator[str]:
    """What stands beside the signed text must be what the text says."""
    try:
        note = seal_notes.read(row.body)
    except ValueError:
        return
    if seal_notes.stamp(row.made_at) != note.made:
        yield "its time is not the one that was signed"
    if day_before is not None and row.daily != (note.day not in ("none", day_before)):
        yield "it is" + (" not" if row.daily else "") + " the first one since a daily root, and says otherwise"


def _wrong_roots(most: int | None) -> Iterator[Found]:
    """A root is made after its last link and the root before it, and before the first checkpoint that names it."""
    rows = list(DayRoot.objects.order_by("-first")[:most])[::-1]
    sealed = dict(Link.objects.filter(number__in=[row.last for row in rows]).values_list("number", "sealed_at"))
    named: dict[str, datetime] = {}
    for body, at in SignedCheckpoint.objects.filter(daily=True).order_by("-serial").values_list("body", "made_at"):
        named[body.rpartition("\nday: ")[2].partition(" ")[0]] = at
    before, now = None, _clock()
    for row in rows:
        first_named = named.get(str(row.day), now)
        if row.made_at < sealed.get(row.last, row.made_at) or (before and row.made_at < before):
            yield "day", str(row.day), f"its root was made at {row.made_at:%F %T}, before what it stands for"
        elif row.made_at > min(first_named + CLOSING, now + CLOCKS):
            yield "day", str(row.day), f"its root was made at {row.made_at:%F %T}, after it was signed"
        before = row.made_at


def _wrong_copies(most: int | None) -> Iterator[Found]:
    now = _clock()
    for place in seal_places.configured():
        try:
            names = place.names()
        except FileNotFoundError as error:
            names = []
            if seal_checkpoints.meant_for(place, now=now).filter(made_at__lt=now - GRACE).exists():
                yield "copy", place.name, f"cannot be read: {error.__class__.__name__}"
        except Exception as error:  # whatever its library raises, the place is not there
            yield "copy", place.name, f"cannot be read: {error.__class__.__name__}"
            continue
        yield from _missing_copies(place, names, now, most)
        for name in (names or [])[-most if most else None :]:
            try:
                text = place.read(name)
            except Exception as error:
                yield "copy", name, f"in {place.name}: cannot be read: {error.__class__.__name__}"
                continue
            if wrong := _wrong_copy(name, text):
                yield "copy", name, f"in {place.name}: {wrong}"
    yield from _wrong_list(now, most)


def _missing_copies(place: Place, names: list[str] | None, now: datetime, most: int | None) -> Iterator[Found]:
    """Checkpoints that should have arrived by now. Of mail nothing but the list of copies is known."""
    meant = seal_checkpoints.meant_for(place, now=now).filter(made_at__lt=now - GRACE)
    serials = sorted(meant.order_by("-serial").values_list("serial", flat=True)[:most])
    known = CheckpointCopy.objects.filter(place=place.name, checkpoint_id__gte=min(serials, default=0))
    listed = set(known.values_list("checkpoint_id", flat=True))
    there = None if names is None else set(names)
    for serial in serials:
        name = seal_places.file_name(serial)
        if there is not None and name not in there:
            yield "copy", name, f"in {place.name}: checkpoint {serial} is missing there"
        elif serial not in listed:
            yield "copy", name, f"in {place.name}: checkpoint {serial} is missing from the list of copies"


def _wrong_list(now: datetime, most: int | None) -> Iterator[Found]:
    for row in CheckpointCopy.objects.select_related("checkpoint").order_by("-pk")[:most]:
        if not row.checkpoint.made_at - CLOCKS <= row.copied_at <= now + CLOCKS:
            name = seal_places.file_name(row.checkpoint_id)
            yield "copy", name, f"in {row.place}: cannot have been copied at {row.copied_at:%F %T}"


def _wrong_copy(name: str, text: str) -> str:
    try:
        body, key, signature = seal_notes.split(text)
        note = seal_notes.read(body)
    except ValueError:
        return "is not a signed checkpoint"
    if not seal_notes.is_signed(body, key, signature):
        return "its signature is not ours"
    if name != seal_places.file_name(note.serial):
        return f"is checkpoint {note.serial}"
    row = SignedCheckpoint.objects.filter(serial=note.serial).first()
    link = Link.objects.filter(number=note.sealed).first()
    if link is None:
        last = Link.objects.order_by("-number").first()
        return f"the chain reached #{note.sealed} and now ends at #{last.number if last else 0}"
    if bytes(link.hash).hex() != note.head:
        return f"the chain up to #{note.sealed} is not what was signed"
    if row is None or seal_checkpoints.text_of(row) != text:
        return "the database has another checkpoint, or none, under this number"
    return ""
