"""What a way of working keeps in memory: the process that asks, and the session that answers it on the server.

Both as Linux finds them in the page tables. Of a client, which is a fork of this program as web workers are forks of
theirs, the pages that it wrote itself; of a session its anonymous pages, so without the shared buffers. Where that
cannot be read (no `/proc`, a server of somebody else), nothing is found.
"""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connections

_LOOK_SECONDS = 0.02
_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Memory:
    """MiB of a client and of its session; None where they cannot be read."""

    client: float | None
    session: float | None


def of_client(pid: int) -> float | None:
    """MiB that a forked process wrote itself."""
    return _mib(pid, "Private_Dirty:")


def of_session(pid: int) -> float | None:
    """MiB of a server process that are not shared buffers."""
    return _mib(pid, "Anonymous:")


def peak(look: Any, work: Callable[[], object]) -> Memory:
    """The most that `work` needs, done in a process of its own while `look`, a superuser's connection, finds the
    largest session. Raises RuntimeError when the work fails."""
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    process.start()
    clients: list[float | None] = []
    sessions: list[float | None] = []
    while process.is_alive():
        clients.append(of_client(process.pid or 0))
        sessions += [of_session(pid) for (pid,) in look.execute(_SESSIONS).fetchall()]
        process.join(_LOOK_SECONDS)
    if process.exitcode:
        raise RuntimeError("What was to be watched failed.")
    return Memory(most(clients), most(sessions))


def most(sizes: list[float | None]) -> float | None:
    """The largest of those that could be read."""
    return max((size for size in sizes if size is not None), default=None)


def _mib(pid: int, field: str) -> float | None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), None)
