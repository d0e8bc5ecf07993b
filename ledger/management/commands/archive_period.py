"""Write a closed day or month to one compressed file that can be verified without the database. Deletes nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import archives, periods
from ledger.errors import DomainError


class Command(BaseCommand):
    help = "Archive a closed period to a file. The same period gives the same bytes; rows stay where they are."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("period", metavar="PERIOD", help="2026-11-20 or 2026-11")
        parser.add_argument("--output", type=Path, default=Path(), metavar="FOLDER")

    def handle(self, *args: Any, period: str, output: Path, **options: Any) -> None:
        try:
            found = periods.find(period)
            target = archives.write(found, output)
        except DomainError as error:
            raise CommandError(f"{period}: {error.detail}") from error
        self.stdout.write(f"{target}\n{found.digest}  keep this digest somewhere else")
