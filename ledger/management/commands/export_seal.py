"""Write the sealed history to one file that an auditor can check with `verify_seal.py` and nothing else of ours.

Like the file of a page, a complete one leaves the event `seal.exported`; a database role that cannot record it exports
nothing.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.errors import DomainError
from ledger.exports import given, reading, seal
from ledger.exports.files import VERIFIER, require_public_key
from ledger.system import System


class Command(BaseCommand):
    help = (
        "Write all sealed rows, the chain, daily roots and signed checkpoints to a file (.jsonl or .jsonl.gz), and "
        "record its SHA-256 as an event (with the app's role)."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--to", type=Path, required=True, help="file to write; compressed when it ends in .gz")
        parser.add_argument(
            "--verifier", type=Path, help="also put a copy of the stand-alone verifier there, for whoever gets the file"
        )

    def handle(self, *args: Any, to: Path, verifier: Path | None, **options: Any) -> None:
        try:
            given.require_record()
            require_public_key()
        except DomainError as error:
            raise CommandError(error.detail) from error
        if verifier:
            verifier.write_text(VERIFIER.read_text(encoding="utf-8"), encoding="utf-8")

        def tell(sha256: str) -> None:
            given.sealed_history(sha256, actor=System("export_seal"), now=timezone.now())

        with given.whole_file(to, tell) as path, reading.snapshot() as using:
            count = seal.write(seal.lines(using), path, compressed=to.suffix == ".gz")
        self.stderr.write(f"{count} lines written to {to}.")
