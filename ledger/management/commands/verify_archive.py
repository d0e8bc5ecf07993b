"""Compute everything in an archived period again, from its file alone. Exit code 0: right. 1: not right, in words."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import archive_checking, digest_signature, seal_notes


class Command(BaseCommand):
    help = (
        "Verify an archived period: its signature by our keys (or by --public-key alone) and every figure."
        " `python -m ledger.archive_checking FILE --public-key HEX` does the same without Django."
    )
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        archive_checking.add_arguments(parser, keys_needed=False)

    def handle(self, *args: Any, file: Path, public_key: list[str], sha256: str, **options: Any) -> None:
        try:
            keys = digest_signature.public_keys(public_key) if public_key else seal_notes.public_keys()
        except ValueError as error:
            raise CommandError(f"Name a public key with --public-key HEX, or set SEAL_KEY: {error}") from error
        words, right = archive_checking.report(file, keys=keys, sha256=sha256)
        self.stdout.write(words)
        if not right:
            sys.exit(1)
