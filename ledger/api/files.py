"""Whole files for other programs: the book as plain-text accounting, a closed period's archive, the sealed history.

A file is made whole before its first byte leaves, so that a failure is a refusal and never half a file. Large books are
better written by the commands (`export_journal`, `archive_period`, `export_seal`): the same bytes, no request waits.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import ClassVar

from django.http import FileResponse
from rest_framework import serializers
from rest_framework.request import Request

from ledger import archives, periods
from ledger.api import fields, filters
from ledger.api.endpoints import Endpoint
from ledger.errors import InvalidRequest
from ledger.exports import beancount, hledger, reading, seal
from ledger.exports.book import Book

EXPORT = "ledger.view_book"
JOURNALS: dict[str, tuple[str, Callable[[Book], Iterator[str]]]] = {
    "beancount": ("book.beancount", beancount.write),
    "hledger": ("book.journal", hledger.write),
}


class Files(Endpoint):
    """GET of a file; `file_type` is its media type."""

    file_type: ClassVar[str]

    def given_out(self, write: Callable[[Path], Path]) -> FileResponse:
        """What `write` puts into a folder of its own, which is gone when the file has been read."""
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder))
            opened = path.open("rb")  # stays readable without its name
        return FileResponse(opened, as_attachment=True, filename=path.name, content_type=self.file_type)


class Journal(Files):
    """The book for hledger or beancount, from one day to another or whole; it asserts our own balances."""

    permission = {"GET": EXPORT}
    summary = {"GET": "Export the book as plain-text accounting"}
    file_type = "text/plain; charset=utf-8"
    filters = (
        filters.Filter("format", fields.Choice(choices=sorted(JOURNALS)), "", "`hledger` or `beancount`; needed."),
        filters.Filter("from", serializers.DateField(), "", "The first day, in UTC."),
        filters.Filter("to", serializers.DateField(), "", "The last day, included."),
    )

    def get(self, request: Request) -> FileResponse:
        asked = self.asked().values
        first, last = asked.get("from"), asked.get("to")
        if "format" not in asked:
            raise InvalidRequest("Say for which program.", param="format")
        if first and last and first > last:
            raise InvalidRequest("The first day is after the last one.", param="from")
        return self.given_out(lambda folder: _journal(folder, asked["format"], first, last))


class PeriodArchive(Files):
    """A closed period as one file that `verify_archive` checks by itself; the same bytes whenever it is asked for."""

    permission = {"GET": "ledger.view_entry"}
    summary = {"GET": "Download the archive of a closed period"}
    file_type = "application/gzip"

    def get(self, request: Request, reference: str) -> FileResponse:
        self.asked()
        period = periods.find(reference)
        return self.given_out(lambda folder: archives.write(period, folder, actor=self.actor, now=self.now))


class SealedHistory(Files):
    """All sealed rows, the chain, daily roots and signed checkpoints, for the verifier that needs nothing else."""

    permission = {"GET": EXPORT}
    summary = {"GET": "Export the sealed history"}
    file_type = "application/gzip"

    def get(self, request: Request) -> FileResponse:
        self.asked()
        return self.given_out(_sealed)


def _journal(folder: Path, form: str, first: date | None, last: date | None) -> Path:
    name, write = JOURNALS[form]
    path = folder / name
    with reading.snapshot() as using, path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(write(Book(first=first, last=last, using=using)))
    return path


def _sealed(folder: Path) -> Path:
    path = folder / "seal.jsonl.gz"
    with reading.snapshot() as using:
        seal.write(seal.lines(using), path)
    return path
