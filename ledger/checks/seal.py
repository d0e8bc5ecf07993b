"""Checks of the seal that need a key or look outside the database: signatures, and the copies of checkpoints.

A tail that was cut off leaves no trace inside the database; a checkpoint that is kept elsewhere knows better.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from ledger import seal_checkpoints, seal_notes, seal_places
from ledger.models import DayRoot, Link, SignedCheckpoint

Found = tuple[str, str, str]
RECENT = 20  # checkpoints and copies that a look at what is new goes through


def checkpoints() -> list[Found]:
    """Every checkpoint that is not signed, not in line with the one before, or not about this chain."""
    return list(_wrong_checkpoints(None))


def recent_checkpoints() -> list[Found]:
    return list(_wrong_checkpoints(RECENT))


def copies() -> list[Found]:
    """Every copy outside that says something else than the database."""
    return list(_wrong_copies(None))


def recent_copies() -> list[Found]:
    return list(_wrong_copies(RECENT))


def _wrong_checkpoints(most: int | None) -> Iterator[Found]:
    rows = list(SignedCheckpoint.objects.order_by("-serial")[:most])[::-1]
    hashes: dict[int, Any] = dict(
        Link.objects.filter(number__in=[row.number for row in rows]).values_list("number", "hash")
    )
    roots = {f"{r.day} {r.first} {r.last} {bytes(r.root).hex()}" for r in DayRoot.objects.all()}
    serial, before = (rows[0].serial - 1, "") if most and rows else (0, seal_notes.NOTHING)
    for row in rows:
        if wrong := "; ".join(_wrongs(row, serial, before, hashes, roots)):
            yield "checkpoint", str(row.serial), f"at #{row.number}: {wrong}"
        serial, before = row.serial, seal_notes.digest(seal_checkpoints.text_of(row))


def _wrongs(row: SignedCheckpoint, serial: int, before: str, hashes: dict[int, Any], roots: set[str]) -> Iterator[str]:
    if row.serial != serial + 1:
        yield f"follows checkpoint {serial}"
    if not seal_notes.is_signed(row.body, row.key, bytes(row.signature)):
        yield "its signature is not ours"
    try:
        note = seal_notes.read(row.body)
    except (ValueError, TypeError):
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


def _wrong_copies(most: int | None) -> Iterator[Found]:
    for place in seal_places.configured():
        try:
            names = place.names()
            for name in (names or [])[-most if most else None :]:
                if wrong := _wrong_copy(name, place.read(name)):
                    yield "copy", name, f"in {place.name}: {wrong}"
        except OSError as error:
            yield "copy", place.name, f"cannot be read: {error.__class__.__name__}"


def _wrong_copy(name: str, text: str) -> str:
    try:
        body, key, signature = seal_notes.split(text)
        note = seal_notes.read(body)
    except (ValueError, TypeError):
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
