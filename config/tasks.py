"""Housekeeping of the framework itself. Business tasks live in their apps' `tasks.py`."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_sessions() -> None:
    """Delete the sessions that have expired. Safe at any time and any number of times."""
    call_command("clearsessions")
