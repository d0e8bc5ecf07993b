"""Import a statement file of any supported format into one of our bank accounts."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import DomainError
from payments.actors import Actor
from reconciliation.services import statements


class Command(BaseCommand):
    help = "Import a bank statement (camt.052, .053, .054 or MT940, recognised by content) and match its lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--account", required=True, metavar="CODE", help="like bank/sepa/client-money")
        parser.add_argument("--dry-run", action="store_true", help="show what would happen, write nothing")

    def handle(self, *args: Any, file: Path, account: str, dry_run: bool, **options: Any) -> None:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        try:
            result = statements.import_file(
                content=content,
                name=file.name,
                account_code=account,
                actor=Actor.system("import_statement"),
                now=timezone.now(),
                dry_run=dry_run,
            )
        except DomainError as error:
            raise CommandError(f"{error.detail} ({error.code}, {error.param or 'file'})") from error
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(result.outcomes.items())) or "none"
        self.stdout.write(f"{'Dry run of ' if dry_run else ''}{result.file}: {', '.join(result.statements)}")
        self.stdout.write(f"  lines: {result.new} new, {result.known} known already; {outcomes}")
        for warning in result.warnings:
            self.stdout.write(self.style.WARNING(f"  {warning}"))
