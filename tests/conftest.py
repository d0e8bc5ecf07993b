"""The ground under every test: a private PostgreSQL and Valkey for the run, gone at its end.

One set per pytest run, started by the process that the developer started; parallel workers get databases of
their own on it. Set DATABASE_URL and REDIS_URL to run the suite on other servers.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.management import call_command, get_commands
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict

from config import env as environment
from config import ephemeral
from tests.factories.standby import Standby

STARTED = pytest.StashKey[Any]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the run's servers, unless this is a worker or the addresses came from outside."""
    folder = os.environ.get("TEST_SERVERS")
    if hasattr(session.config, "workerinput") or folder is None or session.config.option.collectonly:
        return
    servers = ephemeral.private_servers(Path(folder))
    servers.__enter__()
    session.config.stash[STARTED] = servers


def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(STARTED, None)
    if servers is not None:
        servers.__exit__(None, None, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left with one at the end; browser tests say why they do not run here."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if browser_program() is not None:
        return
    reason = pytest.mark.skip(reason="no Chromium on this machine")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(reason)


def browser_program() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """After the migrations, give the app and reader roles the rights they have in production."""
    with django_db_blocker.unblock():
        if "database_roles" in get_commands():
            call_command("database_roles", verbosity=0)


@pytest.fixture(autouse=True)
def _clean_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Rate limits and cached answers of one test must not reach the next; database tests only, units have no
    cache."""
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        cache.clear()
        _empty("")
    yield


def _empty(folder: str) -> None:
    """What a test kept in the storage (copies of checkpoints) would contradict the books of the next one."""
    folders, files = default_storage.listdir(folder)
    for name in files:
        default_storage.delete(f"{folder}{name}")
    for name in folders:
        _empty(f"{folder}{name}/")


def _connect(role: str) -> psycopg.Connection[Any]:
    """Connect to this worker's test database as another role, autocommitting."""
    name = connection.settings_dict["NAME"]
    variable = environment.DATABASE_ROLES.get(role, "DATABASE_SUPERUSER_URL")
    return psycopg.connect(os.environ[variable], dbname=name, autocommit=True)


@pytest.fixture
def app_connection(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Raw SQL with the rights of web and worker: what a stolen app password could do."""
    with _connect("app") as opened:
        yield opened


@pytest.fixture
def reader_connection(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Raw SQL with the rights of reports."""
    with _connect("reader") as opened:
        yield opened


@pytest.fixture
def report_reader(transactional_db: None) -> Iterator[None]:
    """What DATABASE_READER_URL sets up in production, on this worker's test database."""
    with reader_at():
        yield


@pytest.fixture
def standby(transactional_db: None) -> Iterator[Standby]:
    """The same with a server of its own, that follows the tests' one."""
    folder = os.environ.get("TEST_SERVERS")
    if folder is None:
        pytest.skip("the tests' server is not ours to copy: DATABASE_URL was set from outside")
    with Standby.of(os.environ["DATABASE_SUPERUSER_URL"], Path(folder)) as server, reader_at(HOST=str(server.sockets)):
        yield server


@contextmanager
def reader_at(**settings: str) -> Iterator[None]:
    ours = connections["default"]
    address = conninfo_to_dict(os.environ["DATABASE_READER_URL"])
    who = {"USER": address["user"], "PASSWORD": address.get("password", "")}
    settings = {**ours.settings_dict, **who, **settings}
    connections.settings["reader"] = settings
    # Under the other's name, because the test case lets nobody connect under a name that it was not told of.
    connections["reader"] = type(ours)(settings, "default")
    try:
        yield
    finally:
        connections["reader"].close()
        del connections["reader"]
        del connections.settings["reader"]


@pytest.fixture
def superuser_connection(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Raw SQL as the database superuser: triggers can be switched off, corruption can be planted."""
    with _connect("postgres") as opened:
        yield opened
