"""Signed checkpoints of the chain: made, kept in the database, and copied to every place outside it.

Never calls a place with a database transaction open. A copy may go out twice when a process dies between the place and
the note about it; places keep what they have.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from ledger import database, seal_notes, seal_places
from ledger.errors import Unavailable
from ledger.models import CheckpointCopy, DayRoot, Link, SignedCheckpoint
from ledger.seal_places import Place

log = logging.getLogger(__name__)

AT_ONCE = 500  # copies per place and run
MAIL_WITHIN = timedelta(days=3)  # a mailbox that is added later does not get the history


def sign_head(*, now: datetime) -> SignedCheckpoint | None:
    """Sign the chain's head; None when it has not grown and no day was closed since the last checkpoint, or when
    somebody else was faster. Raises ValueError for a key that is none."""
    head = Link.objects.order_by("-number").first()
    last = SignedCheckpoint.objects.order_by("-serial").first()
    day = _latest_day()
    if head is None or (last and last.number == head.number and day_of(last) == day):
        return None
    note = seal_notes.Note(
        origin=settings.SEAL["origin"],
        serial=last.serial + 1 if last else 1,
        previous=seal_notes.digest(text_of(last)) if last else seal_notes.NOTHING,
        made=seal_notes.stamp(now),
        sealed=head.number,
        head=bytes(head.hash).hex(),
        day=day,
    )
    return _keep(note, bytes(head.hash))


def _keep(note: seal_notes.Note, head: bytes) -> SignedCheckpoint | None:
    key, signature = seal_notes.sign(note.body)
    values = [(note.serial, "bigint"), (note.sealed, "bigint"), (head, "bytea"), (note.body, "text")]
    with transaction.atomic():
        kept = database.call("ledger_seal_checkpoint_add", [*values, (key, "text"), (signature, "bytea")])
    return SignedCheckpoint.objects.get(serial=note.serial) if kept["ledger_seal_checkpoint_add"] else None


def _latest_day() -> str:
    root = DayRoot.objects.order_by("-first").first()
    return f"{root.day} {root.first} {root.last} {bytes(root.root).hex()}" if root else "none"


def day_of(checkpoint: SignedCheckpoint) -> str | None:
    """The daily root that a checkpoint names; None when its text is not a checkpoint."""
    try:
        return seal_notes.read(checkpoint.body).day
    except ValueError:
        return None


def text_of(checkpoint: SignedCheckpoint) -> str:
    """The checkpoint as it stands in its copies."""
    return seal_notes.text(checkpoint.body, checkpoint.key, bytes(checkpoint.signature))


def copy_out(*, now: datetime) -> int:
    """Bring every checkpoint to every place that has not got it; returns the number of copies made.

    A place that can be read is asked what it has: what was lost there is written again, whatever the list of copies
    says, and a place that is new in the settings gets the history. A place that fails does not keep the others from
    theirs. Raises Unavailable at the end when one did, and RuntimeError inside a transaction."""
    if connection.in_atomic_block:
        raise RuntimeError("Copies leave only outside a transaction.")
    made, failed = 0, ""
    for place in seal_places.configured():
        try:
            made += _copy_to(place, now)
        except Exception as error:  # whatever its library raises, the place is not there
            log.warning("seal.place", extra={"place": place.name, "error": str(error)[:200]})
            failed = failed or place.name
    if failed:
        raise Unavailable(f"Checkpoints could not be copied to {failed}.")
    return made


def meant_for(place: Place, *, now: datetime) -> QuerySet[SignedCheckpoint]:
    """The checkpoints that the place is to have: all, or the first one of each of the last few days."""
    if place.daily:
        return SignedCheckpoint.objects.filter(daily=True, made_at__gte=now - MAIL_WITHIN)
    return SignedCheckpoint.objects.all()


def _copy_to(place: Place, now: datetime) -> int:
    listed = set(CheckpointCopy.objects.filter(place=place.name).values_list("checkpoint_id", flat=True))
    try:
        held = place.names()
    except FileNotFoundError:  # a new folder: putting makes it
        held = []
    if held is not None:
        there = set(held)
        if lost := [serial for serial in sorted(listed) if seal_places.file_name(serial) not in there]:
            log.warning("seal.lost", extra={"place": place.name, "first": lost[0], "count": len(lost)})
        listed -= set(lost)
    serials = meant_for(place, now=now).order_by("serial").values_list("serial", flat=True)
    due = [serial for serial in serials if serial not in listed][:AT_ONCE]
    for checkpoint in SignedCheckpoint.objects.filter(serial__in=due).order_by("serial"):
        place.put(seal_places.file_name(checkpoint.serial), text_of(checkpoint))
        CheckpointCopy.objects.bulk_create(
            [CheckpointCopy(checkpoint=checkpoint, place=place.name, copied_at=now)], ignore_conflicts=True
        )
    return len(due)
