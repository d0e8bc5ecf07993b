"""Celery tasks of reconciliation: thin wrappers that carry a clock into the services."""

from celery import shared_task
from django.utils import timezone

from reconciliation.services import matching


@shared_task
def match_waiting() -> int:
    """Try again the lines that wait for a provider's report."""
    return sum(matching.match_waiting(now=timezone.now()).values())
