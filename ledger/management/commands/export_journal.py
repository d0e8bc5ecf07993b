"""The whole book as plain-text accounting: a second opinion from programs that know nothing of ours.

Amounts and balances come out as they are; the file asserts the ledger's own balances, so that the other program says
when it computes different ones. With `--from`, opening balances make the file stand by itself. Like the file of a page,
a complete one leaves the event `book.exported`; a database role that cannot record it exports nothing.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.errors import DomainError
from ledger.exports import given, reading
from ledger.exports.book import Book
from ledger.exports.files import JOURNALS
from ledger.system import System


class Command(BaseCommand):
    help = "Print the journal for beancount or hledger, and record its SHA-256 as an event (with the app's role)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--format", choices=sorted(JOURNALS), required=True)
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, YYYY-MM-DD, in UTC")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day, included")
        parser.add_argument("--output", type=Path, help="file to write instead of standard output")

    def handle(
        self,
        *args: Any,
        format: str,
        first: date | None,
        last: date | None,
        output: Path | None,
        **options: Any,
    ) -> None:
        if first and last and first > last:
            raise CommandError("--from is after --to.")
        if last == date.max:  # the day after it is none
            raise CommandError("--to is too far away.")
        try:
            given.require_record()
        except DomainError as error:
            raise CommandError(error.detail) from error

        def tell(sha256: str) -> None:
            actor = System("export_journal")
            given.book(sha256, form=format, first=first, last=last, actor=actor, now=timezone.now())

        def journal(using: str) -> Iterator[str]:
            return JOURNALS[format][1](Book(first=first, last=last, using=using))

        if output is None:
            tell(self._printed(journal))
            return
        with (
            given.whole_file(output, tell) as path,
            reading.snapshot() as using,
            path.open("w", encoding="utf-8", newline="\n") as file,
        ):
            count = sum(file.write(piece) for piece in journal(using))
        self.stderr.write(f"{count} characters written to {output}.")

    def _printed(self, journal: Callable[[str], Iterator[str]]) -> str:
        """Print it piece by piece; the SHA-256 of it all, in UTF-8, once the last has left."""
        digest = hashlib.sha256()
        with reading.snapshot() as using:
            for piece in journal(using):
                self.stdout.write(piece, ending="")
                digest.update(piece.encode())
        self.stdout.flush()  # a full disk behind it says so here
        given.ready()
        return digest.hexdigest()
