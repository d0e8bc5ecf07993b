"""Write a closed day or month to one signed file that can be verified without the database. Deletes nothing."""

import hashlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger import archives, periods, seal_notes
from ledger.errors import DomainError
from ledger.system import System


class Command(BaseCommand):
    help = "Archive a closed period to a file. The same period gives the same bytes; rows stay where they are."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("period", metavar="PERIOD", help="2026-11-20 or 2026-11")
        parser.add_argument("--output", type=Path, default=Path(), metavar="FOLDER")

    def handle(self, *args: Any, period: str, output: Path, **options: Any) -> None:
        try:
            found = periods.find(period)
            target = archives.write(found, output, actor=System("archive_period"), now=timezone.now())
        except DomainError as error:
            raise CommandError(f"{period}: {error.detail}") from error
        public = next(iter(seal_notes.public_keys().values()))
        self.stdout.write(f"{target}\n{found.digest}  keep this digest somewhere else")
        with target.open("rb") as file:
            self.stdout.write(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  SHA-256 of the file")
        self.stdout.write(f"{public.hex()}  public key {seal_notes.key_name(public)}, which signed it")
