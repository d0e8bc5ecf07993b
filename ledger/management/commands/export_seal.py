"""Write the sealed history to one file that an auditor can check with `verify_seal.py` and nothing else of ours."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from ledger.exports import reading, seal

VERIFIER = Path(seal.__file__).with_name("verify_seal.py")


class Command(BaseCommand):
    help = "Write all sealed rows, the chain, daily roots and signed checkpoints to a file (.jsonl or .jsonl.gz)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--to", type=Path, required=True, help="file to write; compressed when it ends in .gz")
        parser.add_argument(
            "--verifier", type=Path, help="also put a copy of the stand-alone verifier there, for whoever gets the file"
        )

    def handle(self, *args: Any, to: Path, verifier: Path | None, **options: Any) -> None:
        with reading.snapshot() as alias:
            count = seal.write(seal.lines(alias), to)
        if verifier:
            verifier.write_text(VERIFIER.read_text(encoding="utf-8"), encoding="utf-8")
        self.stderr.write(f"{count} lines written to {to}.")
