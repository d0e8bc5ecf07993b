"""The guard: whatever a test does, nothing may leave for an outside system while a database transaction is open.

A pytest plugin. A conftest or a test module imports the fixture to be watched; `-p tests.factories.outside` watches any
run.
PostgreSQL is spoken to by libpq, not by Python's sockets; Valkey's addresses are exempt. Tests that are themselves one
transaction cannot be watched.
"""

import socket
import threading
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection


class CallInsideTransaction(BaseException):
    """Not an Exception: nothing that handles failures of a connection may swallow it."""


def _exempt() -> set[tuple[str, int]]:
    urls = (settings.REDIS_URL, settings.CELERY_BROKER_URL, settings.CACHES["default"]["LOCATION"])
    parts = [urlsplit(str(url)) for url in urls]
    return {(part.hostname, part.port or 6379) for part in parts if part.hostname}


@pytest.fixture(autouse=True)
def calls_inside_transactions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where calls were attempted inside a transaction: a test with any fails, even when they were swallowed."""
    seen: list[str] = []
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" not in request.fixturenames and not (marker and marker.kwargs.get("transaction")):
        yield seen
        return
    exempt, lock = _exempt(), threading.Lock()
    connect, sendall = socket.socket.connect, socket.socket.sendall

    def check(peer: Any) -> None:
        if not isinstance(peer, tuple) or tuple(peer[:2]) in exempt or not connection.in_atomic_block:
            return
        with lock:
            seen.append(f"{peer}\n{''.join(traceback.format_stack()[-40:-2])}")
        raise CallInsideTransaction(f"A call to {peer} while a database transaction is open.")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(address)
        connect(self, address)

    def guarded_sendall(self: socket.socket, *args: Any) -> None:
        try:
            peer = self.getpeername()
        except OSError:
            peer = None
        check(peer)
        sendall(self, *args)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "sendall", guarded_sendall)
    yield seen
    assert not seen, "\n".join(seen)
