"""Celery tasks: thin wrappers that carry a clock into the services. The work itself waits in PostgreSQL."""

from celery import shared_task

from payments import dispatch


@shared_task
def drain_outbox() -> int:
    """Handle what is due. Nudged after each commit that promised something, and swept by the schedule."""
    return dispatch.drain(limit=200)
