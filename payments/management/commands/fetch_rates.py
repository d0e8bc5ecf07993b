"""`manage.py fetch_rates`: fetch and read the exchange rates of every source now, or the recent past of one.

The schedule does the same every few minutes; this is for the first day of an installation, and for looking.
"""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.errors import DomainError
from payments import dispatch
from payments.models import ProviderEvent, Rate
from payments.services import rate_refusals, rates


class Command(BaseCommand):
    help = "Fetch and read exchange rates of every source, or of one with its recent past."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", choices=sorted(settings.RATES), help="only this source")
        parser.add_argument("--history", action="store_true", help="its recent past too (the ECB: 90 days)")

    def handle(self, *args: Any, source: str | None, history: bool, **options: Any) -> None:
        before, asked_at = Rate.objects.count(), timezone.now()
        refused = []
        for name in [source] if source else sorted(settings.RATES):
            try:
                new = rates.fetch(source=name, now=timezone.now(), history=history)
            except DomainError as error:  # the others may have something
                refused.append(f"{name}: {rate_refusals.code_of(error)}: {error.detail}")
                continue
            self.stdout.write(f"{name}: {'a new file' if new else 'nothing new'}")
        dispatch.drain(topics=(rates.TOPIC,))
        refused += self._not_taken(asked_at)
        held = Rate.objects.exclude(held_for="").filter(decision=None).count()
        self.stdout.write(f"{Rate.objects.count() - before} new rates; {held} wait for a person")
        if refused:
            raise CommandError("\n".join(refused))

    def _not_taken(self, since: datetime) -> list[str]:
        """The files that were read just now and refused."""
        failed = ProviderEvent.objects.filter(state=ProviderEvent.State.FAILED, connector__in=settings.RATES)
        rows = failed.filter(processed_at__gte=since).order_by("processed_at")
        return [f"{row.connector}: {rate_refusals.words_of(row)} (raw message {row.public_id})" for row in rows]
