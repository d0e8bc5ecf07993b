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

# name → task by dotted name, seconds or crontab, and for how long a late nudge is still worth sending.
SCHEDULE: dict[str, dict[str, Any]] = {
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
