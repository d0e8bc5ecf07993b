"""One day of the book for the general ledger, as CSV. The same day gives the same bytes whenever it is asked for."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger import gl_exports
from ledger.errors import DomainError
from ledger.exports import gl_csv
from ledger.system import System


class Operator(System):
    """Whoever may run commands on this machine may export."""

    def require(self, permission: str) -> None:
        """Everything a command does is allowed to whoever may run it."""


class Command(BaseCommand):
    help = "Write the general-ledger CSV of one day that is over (UTC)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--date", type=date.fromisoformat, required=True, help="the day, YYYY-MM-DD, in UTC")
        parser.add_argument("--form", choices=sorted(gl_csv.FORMS), default="summary")
        parser.add_argument("--output", type=Path, help="file to write instead of standard output")

    def handle(self, *args: Any, date: date, form: str, output: Path | None, **options: Any) -> None:
        try:
            made = gl_exports.export(day=date, form=form, actor=Operator("export_gl"), now=timezone.now())
        except DomainError as error:
            raise CommandError(f"{error.detail} ({error.code})") from error
        if output is None:
            self.stdout.write(made.content.decode(), ending="")
            return
        partial = output.with_name(f"{output.name}.partial")
        partial.write_bytes(made.content)
        partial.replace(output)
        self.stderr.write(f"{made.rows} lines written to {output}, SHA-256 {made.sha256}.")
