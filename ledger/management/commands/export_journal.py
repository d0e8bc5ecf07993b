"""The whole book as plain-text accounting: a second opinion from programs that know nothing of ours.

Amounts and balances come out as they are; the file asserts the ledger's own balances, so that the other program says
when it computes different ones. With `--from`, opening balances make the file stand by itself.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.exports import beancount, hledger, reading
from ledger.exports.book import Book

FORMATS: dict[str, Callable[[Book], Iterator[str]]] = {"beancount": beancount.write, "hledger": hledger.write}


class Command(BaseCommand):
    help = "Print the journal for beancount or hledger."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--format", choices=sorted(FORMATS), required=True)
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
        with reading.snapshot() as using:
            pieces = FORMATS[format](Book(first=first, last=last, using=using))
            if output is None:
                for piece in pieces:
                    self.stdout.write(piece, ending="")
                return
            count = _write(pieces, output)
        self.stderr.write(f"{count} characters written to {output}.")


def _write(pieces: Iterator[str], output: Path) -> int:
    """Write beside the final name and rename, so that a half file never passes for a whole one."""
    partial = output.with_name(f"{output.name}.partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        count = sum(file.write(piece) for piece in pieces)
    partial.replace(output)
    return count
