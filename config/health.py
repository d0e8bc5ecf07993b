"""`/healthz`: the process answers. `/readyz`: it could do its work now. Both without sign-in, without
details."""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from kombu import Connection


@never_cache
@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process serves requests at all; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 when database, broker and cache answer and no migration is missing, else 503; names each part's state."""
    probes: dict[str, Callable[[], None]] = {
        "database": _database,
        "migrations": _migrations,
        "broker": _broker,
        "cache": _cache,
    }
    states = {name: _state(probe) for name, probe in probes.items()}
    healthy = all(state == "ok" for state in states.values())
    headers = {} if healthy else {"Retry-After": "2"}
    return JsonResponse(states, status=200 if healthy else 503, headers=headers)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus measurements, only for the bearer of METRICS_TOKEN; for everybody else the page does not exist."""
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}"):
        raise Http404
    return ExportToDjangoView(request)


def _state(probe: Callable[[], None]) -> str:
    try:
        probe()
    except Exception:  # whatever the reason, the part is not usable; the reason goes to the log of that part
        return "unavailable"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise LookupError("there are migrations to apply")


def _broker() -> None:
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=2)


def _cache() -> None:
    cache.get("readiness")
