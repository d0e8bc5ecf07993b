"""Whole files to give out: the book as plain-text accounting, a closed period's archive, the sealed history.

A file is made whole before its first byte leaves, so that a failure is a refusal and never half a file. REST and the
staff pages both give out what is made here, and the commands (`export_journal`, `archive_period`, `export_seal`) write
the same bytes. Whatever is given out, by them too, leaves an event with its SHA-256; nothing here asks who may have it.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import IO

from django.http import FileResponse

from ledger import archives, events, seal_notes
from ledger.errors import InvalidRequest, Unavailable
from ledger.exports import beancount, given, hledger, reading, seal
from ledger.exports.book import Book
from ledger.models import Period

GZIP = "application/gzip"
TEXT = "text/plain; charset=utf-8"
JOURNALS: dict[str, tuple[str, Callable[[Book], Iterator[str]]]] = {
    "beancount": ("book.beancount", beancount.write),
    "hledger": ("book.journal", hledger.write),
}
VERIFIER = Path(seal.__file__).with_name("verify_seal.py")


@dataclass(frozen=True)
class WholeFile:
    """A finished file, open for reading; its name on disk is gone already."""

    name: str
    media_type: str
    opened: IO[bytes]

    def response(self) -> FileResponse:
        return FileResponse(self.opened, as_attachment=True, filename=self.name, content_type=self.media_type)


def journal(
    form: str, *, first: date | None = None, last: date | None = None, actor: events.Who, now: datetime
) -> WholeFile:
    """The book for "hledger" or "beancount", whole or of the UTC days `first` to `last`, read as the reader.

    Raises InvalidRequest (param "format", "from", "to")."""
    if form not in JOURNALS:
        raise InvalidRequest("Say for which program.", param="format")
    if first and last and first > last:
        raise InvalidRequest("The first day is after the last one.", param="from")
    if last == date.max:  # the day after it is none
        raise InvalidRequest("The last day is too far away.", param="to")
    name, write = JOURNALS[form]

    def written(folder: Path) -> Path:
        path = folder / name
        with reading.snapshot() as using, path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(write(Book(first=first, last=last, using=using)))
        return path

    tell = partial(given.book, form=form, first=first, last=last, actor=actor, now=now)
    return _told(_whole(written, TEXT), tell)


def archive(period: Period, *, actor: events.Who, now: datetime) -> WholeFile:
    """The signed archive of a closed period; an event names its SHA-256. Raises what `archives.write` raises."""
    return _whole(lambda folder: archives.write(period, folder, actor=actor, now=now), GZIP)


def sealed_history(*, actor: events.Who, now: datetime) -> WholeFile:
    """Links, rows, daily roots and signed checkpoints, read as the reader. Raises what `require_public_key` raises."""
    require_public_key()

    def written(folder: Path) -> Path:
        path = folder / "seal.jsonl.gz"
        with reading.snapshot() as using:
            seal.write(seal.lines(using), path, compressed=True)
        return path

    return _told(_whole(written, GZIP), partial(given.sealed_history, actor=actor, now=now))


def require_public_key() -> None:
    """Raise Unavailable while the key that checkpoints are signed with is none: the sealed history names its public
    part."""
    try:
        seal_notes.public_keys()
    except ValueError:
        raise Unavailable("The sealed history names the seal's public key, and SEAL_KEY is none.") from None


def verifier() -> WholeFile:
    """The program that checks a sealed history by itself, as it stands in the product."""
    return WholeFile(VERIFIER.name, "text/x-python; charset=utf-8", VERIFIER.open("rb"))


def _told(made: WholeFile, tell: Callable[[str], None]) -> WholeFile:
    """The file, after an event that says who took it away and which bytes they were."""
    digest = hashlib.file_digest(made.opened, "sha256").hexdigest()  # type: ignore[arg-type]  # a file, read in pieces
    made.opened.seek(0)
    tell(digest)
    return made


def _whole(write: Callable[[Path], Path], media_type: str) -> WholeFile:
    """What `write` puts into a folder of its own, which is gone when the file has been read. Raises Unavailable when
    there is no room for it."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder))
            opened = path.open("rb")  # stays readable without its name
    except OSError as error:
        raise Unavailable("The file could not be written here. Try again, or use the command.") from error
    return WholeFile(path.name, media_type, opened)
