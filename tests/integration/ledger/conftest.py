"""A book that stays for a whole module, and a connection that may break it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import override_settings
from psycopg.conninfo import conninfo_to_dict

from config.env import DATABASE_ROLES
from ledger.exports import reading, seal
from tests.integration.ledger import books, sealed_books


@pytest.fixture(scope="module")
def kept_book(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """`books.full_book()`, committed once for a module; its tests are marked `django_db` and leave it as it is."""
    with django_db_blocker.unblock():
        try:
            yield books.full_book()
        finally:
            call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def sealed_kept(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One sealed book for the module, its export, and the folder outside where its checkpoints are."""
    folder = tmp_path_factory.mktemp("kept")
    kept = {**settings.SEAL, "folders": [str(folder)], "storages": [], "emails": []}
    with django_db_blocker.unblock(), override_settings(SEAL=kept):
        try:
            sealed_books.sealed_book()
            with reading.snapshot() as alias:
                lines = list(seal.lines(alias))
            yield folder, lines
        finally:
            call_command("flush", verbosity=0, interactive=False)


@contextmanager
def superuser() -> Iterator[None]:
    """Inside, Django itself speaks as the database's superuser with all triggers and foreign keys off; then all is
    undone."""
    ours = connections["default"]
    address = conninfo_to_dict(os.environ["DATABASE_SUPERUSER_URL"])
    theirs_are = {**ours.settings_dict, "USER": address["user"], "PASSWORD": address.get("password", "")}
    theirs = connections["default"] = type(ours)(theirs_are, "default")
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            transaction.set_rollback(True)
    finally:
        theirs.close()
        connections["default"] = ours


@pytest.fixture
def unguarded(kept_book: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The kept book, open to any alteration for the length of one test."""
    with superuser():
        yield kept_book


def raw(role: str) -> psycopg.Connection[Any]:
    """Raw SQL with the rights of a role (app, reader, owner) on this worker's test database, autocommitting."""
    name = connection.settings_dict["NAME"]
    # Some statements take their lock before they look at rights: waiting for ever would hide a refusal.
    return psycopg.connect(os.environ[DATABASE_ROLES[role]], dbname=name, autocommit=True, options="-c lock_timeout=5s")


@pytest.fixture
def app(kept_book: dict[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    """What a stolen app password could do to the kept book."""
    with raw("app") as opened:
        yield opened


@pytest.fixture
def reader(kept_book: dict[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    with raw("reader") as opened:
        yield opened


@pytest.fixture
def owner(kept_book: dict[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    """The owner of the tables, without the switch that lets test databases be emptied."""
    with raw("owner") as opened:
        yield opened
