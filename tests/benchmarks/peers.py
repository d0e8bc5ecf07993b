"""django-hordak beside us: its program is started against a database of its own on the run's server.

Where the package is not installed, what needs it is left out and said so.
"""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from config import env as environment
from config.embedded import ROLES, Servers
from config.processes import ServerError
from tests.benchmarks.clients import Load
from tests.benchmarks.hordak import DATABASE, WAYS
from tests.benchmarks.server import superuser

__all__ = ["WAYS", "Hordak", "installed"]


def installed() -> bool:
    return importlib.util.find_spec("hordak") is not None


@dataclass(frozen=True, kw_only=True)
class Hordak:
    """The peer against the run's server, through the same kind of connection as our own workers."""

    servers: Servers

    def prepare(self, accounts: int) -> None:
        """Make its database, its tables and as many accounts as we have wallets."""
        with superuser(self.servers, "postgres") as admin:
            admin.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLES['owner']}")
        found = self._ask("prepare", str(accounts))
        if found != {"accounts": accounts}:
            raise ServerError(f"django-hordak could not be prepared: {found}")

    def transfer_for(self, way: str, *, clients: int, seconds: float, seed: int) -> Load:
        """Let `clients` processes transfer for `seconds`, by one of WAYS. Raises ServerError when they could not."""
        return Load(**self._ask("run", way, "--clients", str(clients), "--seconds", str(seconds), "--seed", str(seed)))

    def _ask(self, *words: str) -> dict[str, Any]:
        url = self.servers.postgres.url(ROLES["owner"], DATABASE)
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.hordak", url, *words],
            check=False,
            capture_output=True,
            text=True,
            cwd=environment.ROOT,
            env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        )
        if done.returncode:
            raise ServerError(f"django-hordak's program failed:\n{done.stderr[-2000:]}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer
