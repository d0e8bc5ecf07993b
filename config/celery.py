"""The Celery app, the one visible schedule, and the way to wake a worker.

A task is a nudge: it names work that already waits in PostgreSQL and may be lost, doubled or late without
harm. Nothing may be scheduled anywhere else than in SCHEDULE, and nobody may wait for the broker.
"""

import logging.config
import time
from functools import cache
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.pools import ProducerPool, producers

log = logging.getLogger(__name__)

# Seconds that whoever has just committed may wait for a broker that does not answer, and seconds without a further try.
PATIENCE = 0.5
REST = 5.0

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
    "fetch exchange rates": _every("payments.tasks.fetch_rates", seconds=600),
    "ask about unknown transfers": _every("payments.tasks.ask_unknown_transfers", seconds=30),
    "report payouts the bank is silent about": _every("payments.tasks.report_silent_payouts", seconds=900),
    "match what waits for a report": _every("reconciliation.tasks.match_waiting", seconds=60),
    "keep sums of house accounts": _every("payments.tasks.take_checkpoints", seconds=300),
    "look at balance monitors": _every("payments.tasks.look_at_balance_monitors", seconds=10),
    "expire what is due": _every("payments.tasks.expire_what_is_due", seconds=60),
    "seal the ledger": _every("payments.tasks.seal_ledger", seconds=5),
    "sign a checkpoint of the seal": _every("payments.tasks.checkpoint_ledger", seconds=300),
    "verify what is new in the ledger": _every("payments.tasks.verify_ledger", seconds=60),
    "verify the whole ledger": {
        "task": "payments.tasks.verify_ledger",
        "schedule": crontab(hour="2", minute="20"),
        "kwargs": {"full": True},
        "options": {"expires": 3600},
    },
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


def nudge(task: str) -> bool:
    """Wake a worker for `task`; False when the broker did not take it. Never raises, never waits long.

    After a failure the broker is left alone for REST seconds: the schedule finds the work in the meantime."""
    if time.monotonic() < _Broker.rests_until:
        return False
    try:
        with _Broker.producers().acquire(block=True, timeout=PATIENCE) as producer:
            app.send_task(task, producer=producer, ignore_result=True, retry=False)
    except Exception as error:  # whatever the broker's library makes of it, the work is safe in the database
        _Broker.rests_until = time.monotonic() + REST
        log.warning("broker.unreachable", extra={"task": task, "error": str(error)[:200]})
        return False
    return True


class _Broker:
    """Connections of our own for nudges: Celery's would try a dead broker again for seconds inside a web request."""

    rests_until = 0.0

    @staticmethod
    @cache
    def producers() -> ProducerPool:
        options = {"max_retries": 0, "socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
        connection = app.connection_for_write(transport_options=options)
        found: ProducerPool = producers[connection]
        return found

    @classmethod
    def forget(cls) -> None:
        """Connect anew at the next nudge: for tests that move the broker."""
        cls.producers.cache_clear()
        cls.rests_until = 0.0


@setup_logging.connect
def _use_our_logging(**_: Any) -> None:
    """Workers log as the web does instead of setting up Celery's own format."""
    logging.config.dictConfig(settings.LOGGING)
