"""Opening balances from an old system, with four eyes: prepare them as one person, approve them as another.

`--dry-run` writes nothing and shows the exact figures, or every error. Without it the files are handed to a second
person, who approves on the staff page or runs the same command on the same files with `--approve`.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import DomainError
from payments.actors import Actor
from payments.models import OpeningImport, User
from payments.services import opening_imports, opening_reports


class Command(BaseCommand):
    help = "Import opening balances (CSV) against control totals (CSV); the columns stand in payments/opening_files.py."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--control", type=Path, required=True, metavar="FILE")
        parser.add_argument("--reference", default="", help="the cut-over's name; the file's name if left out")
        parser.add_argument("--suspense", action="store_true", help="what fits no client goes to suspense with a case")
        parser.add_argument("--dry-run", action="store_true", help="show what would happen, write nothing")
        parser.add_argument("--by", metavar="LOGIN", help="the person who prepares, or approves")
        parser.add_argument("--approve", action="store_true", help="approve what another person prepared, and post it")

    def handle(self, *args: Any, file: Path, control: Path, **options: Any) -> None:
        try:
            content, totals = file.read_bytes(), control.read_bytes()
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        try:
            self._import(file, content, totals, **options)
        except DomainError as error:
            raise CommandError(f"{error.detail} ({error.code})") from error

    def _import(
        self,
        file: Path,
        content: bytes,
        control: bytes,
        *,
        reference: str,
        suspense: bool,
        dry_run: bool,
        by: str | None,
        approve: bool,
        **options: Any,
    ) -> None:
        now = timezone.now()
        if dry_run:
            plan = opening_imports.rehearse(content=content, control=control, suspense=suspense, now=now)
            self._show(plan.figures(), "Dry run, nothing was written")
            return
        actor = _person(by)
        words = {"name": file.name, "reference": reference or file.stem, "suspense": suspense}
        if approve:
            self._approve(content, control, actor, words)
            return
        made, again = opening_imports.prepare(content=content, control=control, **words, actor=actor, now=now)  # type: ignore[arg-type]  # one dict of mixed values
        self._show(made.figures, f"{'Known already' if again else 'Prepared'}: {made.public_id}, {made.state}")

    def _approve(self, content: bytes, control: bytes, actor: Actor, words: dict[str, Any]) -> None:
        made = _prepared(content, control, words)
        now = timezone.now()
        if made.state == "awaiting_second_person":
            opening_imports.approve(import_id=made.pk, content_hash=made.content_hash, actor=actor, now=now)
        done = opening_imports.apply(import_id=made.pk, now=timezone.now(), progress=self._progress)
        if done.state != "applied":
            raise CommandError(f"Nothing was posted: {done.error}")
        self.stdout.write(opening_reports.as_text(done))

    def _progress(self, done: int, of: int) -> None:
        self.stderr.write(f"  {done} of {of} posted")

    def _show(self, figures: dict[str, Any], title: str) -> None:
        self.stdout.write(title)
        self.stdout.write(
            f"  {figures['rows']} rows, {figures['transactions']} transactions,"
            f" {figures['clients_new']} clients to create, {figures['clients_known']} known,"
            f" {figures['trading_accounts_new']} logins to write down"
        )
        for row in figures["file"]:
            self.stdout.write(f"  {row['kind']:<20}{row['currency']:<6}{row['rows']:>8}{row['amount']:>28}")
        for row in figures["suspense"]:
            self.stdout.write(
                f"  to suspense: line {row['line']}, {row['amount']} {row['currency']} {row['kind']}: {row['why']}"
            )


def _person(login: str | None) -> Actor:
    if not login:
        raise CommandError("Say who you are: --by LOGIN.")
    user = User.objects.filter(email=login, is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody signs in as {login}.")
    return Actor.for_user(user)


def _prepared(content: bytes, control: bytes, words: dict[str, Any]) -> OpeningImport:
    """What was prepared under this reference, if it has these very files."""
    rows = OpeningImport.objects.filter(reference=words["reference"]).exclude(state__in=["rejected", "failed"])
    found = rows.first()
    if found is None:
        raise CommandError(f"Nothing is prepared under {words['reference']}.")
    if (bytes(found.content), bytes(found.control), found.suspense) != (content, control, words["suspense"]):
        raise CommandError(f"{words['reference']} was prepared with other files.")
    return found
