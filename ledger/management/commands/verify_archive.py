"""Compute everything in an archived period again, from its file alone. Exit code 0: right. 1: not right, in words."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from ledger import archive_checking


class Command(BaseCommand):
    help = "Verify an archived period. `python -m ledger.archive_checking FILE` does the same without Django."
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        words, right = archive_checking.report(file)
        self.stdout.write(words)
        if not right:
            sys.exit(1)
