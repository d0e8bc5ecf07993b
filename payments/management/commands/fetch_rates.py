"""`manage.py fetch_rates`: fetch and read the exchange rates of every source now, or the recent past of one.

The schedule does the same every few minutes; this is for the first day of an installation, and for looking.
"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.errors import DomainError
from payments import dispatch
from payments.models import Rate
from payments.services import rates


class Command(BaseCommand):
    help = "Fetch and read exchange rates of every source, or of one with its recent past."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", choices=sorted(settings.RATES), help="only this source")
        parser.add_argument("--history", action="store_true", help="its recent past too (the ECB: 90 days)")

    def handle(self, *args: Any, source: str | None, history: bool, **options: Any) -> None:
        before = Rate.objects.count()
        for name in [source] if source else sorted(settings.RATES):
            try:
                new = rates.fetch(source=name, now=timezone.now(), history=history)
            except DomainError as error:
                raise CommandError(f"{name}: {error.detail}") from error
            self.stdout.write(f"{name}: {'a new file' if new else 'nothing new'}")
        dispatch.drain(topics=(rates.TOPIC,))
        held = Rate.objects.exclude(held_for="").filter(decision=None).count()
        self.stdout.write(f"{Rate.objects.count() - before} new rates; {held} wait for a person")
