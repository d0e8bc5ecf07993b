"""`/healthz` says the process lives; `/readyz` says whether it could do its work."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

pytestmark = pytest.mark.django_db


def test_alive():
    assert Client().get("/healthz").content == b"ok\n"


def test_ready_when_everything_answers():
    response = Client().get("/readyz")
    assert (response.status_code, set(response.json().values())) == (200, {"ok"})
    assert set(response.json()) == {"database", "migrations", "broker", "cache"}


def test_a_missing_migration_is_not_ready():
    MigrationRecorder(connection).migration_qs.filter(app="sessions").delete()
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["migrations"]) == (503, "unavailable")
    assert response["Retry-After"]


def test_a_dead_broker_is_not_ready_but_alive(settings: object):
    settings.CELERY_BROKER_URL = "redis+socket:///nowhere/valkey.sock"  # type: ignore[attr-defined]
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["broker"]) == (503, "unavailable")
    assert Client().get("/healthz").status_code == 200
