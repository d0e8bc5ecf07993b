"""Whole files for other programs: the book as plain-text accounting, a closed period's archive, the sealed history.

`ledger.exports.files` makes each whole before its first byte leaves. Large books are better written by the commands
(`export_journal`, `archive_period`, `export_seal`): the same bytes, no request waits.
"""

from typing import ClassVar

from django.http import FileResponse
from rest_framework import serializers
from rest_framework.request import Request

from ledger import periods
from ledger.api import fields, filters
from ledger.api.endpoints import Endpoint
from ledger.exports import files

EXPORT = "ledger.view_book"
ARCHIVE = "ledger.view_entry"


class Files(Endpoint):
    """GET of a file; `file_type` is its media type."""

    file_type: ClassVar[str]


class Journal(Files):
    """The book for hledger or beancount, from one day to another or whole; it asserts our own balances."""

    permission = {"GET": EXPORT}
    summary = {"GET": "Export the book as plain-text accounting"}
    file_type = files.TEXT
    filters = (
        filters.Filter(
            "format", fields.Choice(choices=sorted(files.JOURNALS)), "", "`hledger` or `beancount`; needed."
        ),
        filters.Filter("from", serializers.DateField(), "", "The first day, in UTC."),
        filters.Filter("to", serializers.DateField(), "", "The last day, included."),
    )

    def get(self, request: Request) -> FileResponse:
        asked = self.asked().values
        made = files.journal(
            asked.get("format", ""), first=asked.get("from"), last=asked.get("to"), actor=self.actor, now=self.now
        )
        return made.response()


class PeriodArchive(Files):
    """A closed period as one file that `verify_archive` checks by itself; the same bytes whenever it is asked for."""

    permission = {"GET": ARCHIVE}
    summary = {"GET": "Download the archive of a closed period"}
    file_type = files.GZIP

    def get(self, request: Request, reference: str) -> FileResponse:
        self.asked()
        return files.archive(periods.find(reference), actor=self.actor, now=self.now).response()


class SealedHistory(Files):
    """All sealed rows, the chain, daily roots and signed checkpoints, for the verifier that needs nothing else."""

    permission = {"GET": EXPORT}
    summary = {"GET": "Export the sealed history"}
    file_type = files.GZIP

    def get(self, request: Request) -> FileResponse:
        self.asked()
        return files.sealed_history(actor=self.actor, now=self.now).response()
