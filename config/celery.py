"""The Celery app and the one visible schedule.

A task is a nudge: it names work that already waits in PostgreSQL and may be lost, doubled or late without
harm. Nothing may be scheduled anywhere else than in SCHEDULE.
"""

import logging.config
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

app = Celery("wherewithal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


def _every(task: str, *, seconds: float) -> dict[str, Any]:
    """A nudge that is worthless once the next one is due."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


# name → task by dotted name, seconds or crontab, and for how long a late nudge is still worth sending.
SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep the outbox": _every("payments.tasks.drain_outbox", seconds=2),
    "empty the banks' mailboxes": _every("payments.tasks.fetch_bank_files", seconds=5),
    "read the platforms' histories": _every("payments.tasks.read_platform_deals", seconds=15),
    "ask about unknown transfers": _every("payments.tasks.ask_unknown_transfers", seconds=30),
    "match what waits for a report": _every("reconciliation.tasks.match_waiting", seconds=60),
    "expire what is due": _every("payments.tasks.expire_what_is_due", seconds=60),
    "forget old idempotency keys": {
        "task": "payments.tasks.prune_idempotency_keys",
        "schedule": crontab(hour="3", minute="40"),
        "options": {"expires": 3600},
    },
    "remove expired sessions": {
        "task": "config.tasks.clear_sessions",
        "schedule": crontab(hour="3", minute="10"),
        "options": {"expires": 3600},
    },
}
app.conf.beat_schedule = SCHEDULE


@setup_logging.connect
def _use_our_logging(**_: Any) -> None:
    """Workers log as the web does instead of setting up Celery's own format."""
    logging.config.dictConfig(settings.LOGGING)
