"""Private PostgreSQL and Valkey servers that live no longer than their test run: fast, not safe in a crash.

Must never be used for data that anybody wants to see again.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import env as environment
from config.embedded import Servers, major, missing
from config.postgres import Postgres
from config.processes import account, reachable
from config.valkey import Valkey

PREFIX = "wherewithal-test-"
STARTING_SECONDS = 60  # a folder this young may be about to get its lock


def servers_in(folder: Path) -> Servers:
    return Servers(
        Postgres(folder / "postgres", major=major(), durable=False),
        Valkey(folder / "valkey", durable=False),
    )


def addresses() -> dict[str, str]:
    """Addresses of this test run's own servers, chosen once and handed to every child. Starts nothing."""
    env = environment.current()
    found = {"DATABASE_ROLE": "owner"}
    if not env.has("TEST_SERVERS"):
        if env.has("DATABASE_URL") and env.has("REDIS_URL"):
            return found
        name = f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
        found["TEST_SERVERS"] = str(_temporary_root() / name)
    ours = servers_in(Path(found.get("TEST_SERVERS") or env.text("TEST_SERVERS")))
    absent = missing()
    if absent["postgres"]:
        found |= ours.database_addresses()
        found["DATABASE_SUPERUSER_URL"] = ours.postgres.url("postgres")
    if absent["valkey"]:
        found["REDIS_URL"] = ours.valkey.url
    return found


@contextmanager
def private_servers(folder: Path | None = None) -> Iterator[Servers]:
    """A PostgreSQL and a Valkey of one's own in a temporary folder, removed at the end whatever happens."""
    sweep()
    folder = folder or _temporary_root() / f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o711)
    with (folder / "alive.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours = servers_in(folder)
        try:
            ours.start()
            yield ours
        finally:
            ours.stop()
            ours.postgres.remove()
            ours.valkey.remove()
            shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove what killed test runs of this user left in the temporary folder."""
    for folder in _temporary_root().glob(f"{PREFIX}*"):
        found = folder.stat()
        if found.st_uid != os.geteuid() or time.time() - found.st_mtime < STARTING_SECONDS:
            continue
        try:
            with (folder / "alive.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # alive, or being removed by somebody else


def _temporary_root() -> Path:
    """The temporary folder, or /tmp when that one is closed to the user PostgreSQL runs as."""
    folder = Path(tempfile.gettempdir())
    return folder if account() is None or reachable(folder / "x") else Path("/tmp")  # noqa: S108
