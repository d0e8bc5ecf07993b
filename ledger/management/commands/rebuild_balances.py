"""Write balance rows, reservations, holds and checkpoints anew from the entries.

For the owner of the tables only. Postings wait while it runs. Entries are never touched; `verify_ledger` runs at the
end and says what this could not put right.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, ProgrammingError

from ledger import invariants, rebuilding


class Command(BaseCommand):
    help = "Rewrite what is derived from the entries. Needs the rights of the tables' owner (DATABASE_ROLE=owner)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        try:
            changes = rebuilding.rebuild(dry_run=dry_run)
        except ProgrammingError as error:
            raise CommandError(f"Run this as the owner of the tables (DATABASE_ROLE=owner): {error}") from error
        except IntegrityError as error:
            raise CommandError(f"The entries themselves break a rule, nothing was changed: {error}") from error
        for change in changes:
            self.stdout.write(str(change))
        verb = "would change" if dry_run else "changed"
        self.stdout.write(f"{len(changes)} {'row' if len(changes) == 1 else 'rows'} {verb}.")
        if dry_run:
            return
        report = invariants.run()
        for finding in report.findings:
            self.stdout.write(f"still wrong: {finding}")
        if not report.clean:
            sys.exit(1)
