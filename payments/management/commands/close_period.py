"""Close business days and months for ever, as the system itself: for whoever may run commands, or for a timer."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger import periods
from ledger.errors import DomainError
from ledger.models import Period
from payments.actors import Actor


class Command(BaseCommand):
    help = "Close a day (2026-11-20) or a month (2026-11), or with --through every day up to one. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("period", metavar="PERIOD")
        parser.add_argument("--through", action="store_true", help="close all days before this one too, in order")

    def handle(self, *args: Any, period: str, through: bool, **options: Any) -> None:
        try:
            wanted = periods.name(label=period)
            if through:
                self._before(wanted)
            self._close(wanted)
        except DomainError as error:
            raise CommandError(f"{period}: {error.detail}") from error

    def _before(self, wanted: Period) -> None:
        """A month needs its own days too."""
        end = wanted.starts_on if wanted.kind == Period.Kind.DAY else wanted.ends_at.date() + timedelta(days=1)
        while (day := periods.next_day(now=timezone.now())) is not None and day < end:
            found = periods.name(label=f"{day:%Y-%m-%d}")
            if wanted.kind == Period.Kind.MONTH and found.starts_at >= wanted.ends_at:
                break
            self._close(found)

    def _close(self, period: Period) -> None:
        actor = Actor.system("close_period")
        closed = periods.close(period_id=period.pk, actor=actor, now=timezone.now())
        self.stdout.write(f"{closed.label} is closed: {closed.entries} entries, digest {closed.digest}")
