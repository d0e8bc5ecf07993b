"""Who may speak in a platform manager's session right now: one process at a time, on whichever machine it runs.

A session-level PostgreSQL advisory lock, because web, worker and schedule all have that server in common, and because
a process that dies lets go of it by itself: there is no lease to outlive its owner. Adapters hold it for one exchange
with the platform and must never keep it longer; when it cannot be had, nothing was sent. It needs database connections
that stay the same between two statements (direct, or pooled per session, not per statement).
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from django.db import DatabaseError, connection

from ledger.errors import Unavailable

PATIENCE_SECONDS = 20.0
_NAP_SECONDS = (0.005, 0.03)


def session_owner(name: str, *, patience: float = PATIENCE_SECONDS) -> Callable[[], AbstractContextManager[None]]:
    """A maker of context managers: inside, no other process of this installation is inside with the same `name`.

    Entering raises TimeoutError after `patience` seconds, Unavailable when the database cannot be asked."""
    number = int.from_bytes(hashlib.blake2b(f"session:{name}".encode(), digest_size=8).digest(), "big", signed=True)

    @contextmanager
    def owned() -> Iterator[None]:
        _acquire(name, number, patience)
        try:
            yield
        finally:
            _release(number)

    return owned


def _acquire(name: str, number: int, patience: float) -> None:
    end = time.monotonic() + patience
    while not _ask("SELECT pg_try_advisory_lock(%s::bigint)", number):
        if time.monotonic() >= end:
            raise TimeoutError(f"{name} was busy for {patience:g} s")
        time.sleep(random.uniform(*_NAP_SECONDS))


def _release(number: int) -> None:
    """Let go. A connection that cannot say so is closed, which lets go too: what happened inside must not be lost."""
    try:
        _ask("SELECT pg_advisory_unlock(%s::bigint)", number)
    except Unavailable:
        with suppress(DatabaseError):
            connection.close()


def _ask(statement: str, number: int) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, [number])
            row = cursor.fetchone()
    except DatabaseError as error:
        raise Unavailable("The database could not be asked for the platform's session.") from error
    return bool(row and row[0])
