"""A private PostgreSQL for one run: durable like the one of `make run`, empty, and gone at the end.

Nothing here may touch a database that somebody set in the environment: what is measured is written for good.
"""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from config import env as environment
from config.embedded import Servers, major
from config.postgres import Postgres
from config.processes import ServerError, account, reachable
from config.valkey import Valkey

# What a reader must know of the server to trust a figure.
SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "data_checksums",
    "shared_buffers",
    "max_wal_size",
    "wal_sync_method",
    "jit",
)

# Room for everything that is measured, so that no figure is one of the disk's; nothing that makes commits less safe.
_ROOM = {"shared_buffers": "4GB", "max_wal_size": "8GB"}


@contextmanager
def private_server() -> Iterator[Servers]:
    """A durable PostgreSQL, and a Valkey because the settings want one, on a real disk; both removed at the end."""
    home = _home()
    with (home / "start.lock").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        _sweep(home)
        folder = home / f"run-{os.getpid()}"
        folder.mkdir(mode=0o711)
        lock = (folder / "alive.lock").open("a")
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        ours = Servers(
            Postgres(folder / "postgres", major=major(), durable=True, more=_ROOM),
            Valkey(folder / "valkey", durable=False),
        )
        try:
            ours.start()
            yield ours
        finally:
            ours.stop()
            ours.postgres.remove()
            ours.valkey.remove()
            shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    """Beside the embedded servers, never the temporary folder: that may be memory, where a flush costs nothing."""
    home = environment.state_folder() / "bench"
    home.mkdir(parents=True, exist_ok=True)
    if account() is not None and not reachable(home / "x"):
        home = Path("/var/lib/wherewithal/bench")
        home.mkdir(parents=True, exist_ok=True)
    for folder in (home, home.parent) if account() is not None else ():
        folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    return home


def _sweep(home: Path) -> None:
    """Remove what killed runs left: a folder whose lock nobody holds."""
    for folder in home.glob("run-*"):
        with (folder / "alive.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder, ignore_errors=True)


def set_up_django(servers: Servers) -> None:
    """Make the tables as their owner, then be the app role in this process, as web and workers are.

    Raises ServerError when the settings lead to another database than the private one."""
    addresses = servers.addresses()
    environment.export(
        {
            **addresses,
            **{f"{name}_FILE": "" for name in addresses},  # a file would win over the value
            "DJANGO_SETTINGS_MODULE": "config.settings.development",
            "DATABASE_ROLE": "app",
            "DATABASE_POOL": "0",
            "DEBUG": "0",
            "LOG_LEVEL": "WARNING",
        }
    )
    done = subprocess.run(
        [sys.executable, "-m", "config.prepare"], check=False, capture_output=True, text=True, cwd=environment.ROOT
    )
    if done.returncode:
        raise ServerError(f"The tables could not be made:\n{done.stdout}{done.stderr}")
    import django  # after the environment is complete

    django.setup()
    from django.db import connection

    if str(servers.postgres.sockets) not in str(connection.settings_dict):
        raise ServerError("The settings lead to another database; benchmarks write only to a server of their own.")


def superuser(servers: Servers, database: str = "wherewithal") -> psycopg.Connection[Any]:
    """A connection that may do everything, autocommitting: for preparation and sizes, never for what is measured."""
    return psycopg.connect(servers.postgres.url("postgres", database), autocommit=True)


def settings(servers: Servers) -> dict[str, str]:
    """The server's own word on version, durability and memory."""
    with superuser(servers) as admin:
        return {name: str(admin.execute(f"SHOW {name}").fetchone()[0]) for name in SETTINGS}  # type: ignore[index]
