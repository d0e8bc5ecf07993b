"""What all simulators share: a small HTTP/1.1 server with durable state and a fault script.

A simulator is the counterpart of a real adapter and speaks the real wire format. It runs as a process of its own
(`manage.py simulate NAME`), keeps its books in one SQLite file so that a restart forgets nothing, and can be told
to misbehave. It must never import the ledger: it is the *other* side, and agrees with us only over the wire.

Faults are rules in order: `{"on": "balance", "do": "hang", "times": 1, "after": 0, "seconds": 30}`. The verbs
`drop` (close without an answer), `hang` (do the work, answer too late), `lag`, `refuse` and `error` are common;
each simulator says in its own docstring where in its work a fault strikes. `GET /_sim/faults` tells how often each
rule fired, so that a test can prove that its fault happened.
"""

import json
import socket
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

MAX_BODY_BYTES = 10 * 1024 * 1024


@dataclass
class Fault:
    """One rule of the fault script. `after` calls pass unharmed, then `times` calls are hit (-1: always)."""

    on: str
    do: str
    times: int = 1
    after: int = 0
    seconds: float = 0.0
    data: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0


class FaultScript:
    """An ordered list of faults, safe to ask from many threads."""

    def __init__(self, rules: list[dict[str, Any]] | None = None) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.replace(rules or [])

    def replace(self, rules: list[dict[str, Any]]) -> None:
        with self._lock:
            self._faults = [Fault(**rule) for rule in rules]

    def strike(self, on: str) -> Fault | None:
        """Return the fault that hits this call of `on`, counted as fired, or None."""
        with self._lock:
            for fault in self._faults:
                if fault.on != on:
                    continue
                fault.seen += 1
                if fault.seen > fault.after and (fault.times < 0 or fault.fired < fault.times):
                    fault.fired += 1
                    return fault
        return None

    def report(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(vars(fault)) for fault in self._faults]


class DroppedConnection(Exception):
    """Raised inside a route to close the socket without any answer."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as a route sees it: untouched bytes, the parsed query, and the connection it came on."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: dict[str, Any]  # lives as long as the kept-alive connection: session state goes here

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, kw_only=True)
class Response:
    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, data: Any, status: int = 200) -> "Response":
        return cls(body=json.dumps(data).encode(), status=status)

    @classmethod
    def html(cls, text: str, status: int = 200) -> "Response":
        return cls(body=text.encode(), status=status, content_type="text/html; charset=utf-8")

    @classmethod
    def redirect(cls, location: str) -> "Response":
        return cls(body=b"", status=303, headers={"Location": location})


class _ShortLived(sqlite3.Connection):
    """Closed at the end of its `with` block: Python 3.13 warns of every connection that is merely forgotten."""

    def __exit__(self, *problem: Any) -> Literal[False]:
        try:
            return super().__exit__(*problem)
        finally:
            self.close()


class Simulator:
    """Base class: override `name`, `schema` and `handle`; use `self.db()` and `self.faults`.

    `handle` runs in a thread per connection. `self.db()` gives a short-lived SQLite connection in WAL mode;
    `with self.db() as db:` commits or rolls back.
    """

    name = "simulator"
    schema = ""  # SQL script, `create table if not exists …`

    def __init__(self, *, state: Path | str, faults: FaultScript | None = None) -> None:
        self.state = str(state)
        self.faults = faults or FaultScript()
        self.port = 0
        Path(self.state).parent.mkdir(parents=True, exist_ok=True)
        with self.db() as db:
            db.execute("pragma journal_mode=wal")
            db.executescript(self.schema)

    def db(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.state, timeout=10, factory=_ShortLived)
        connection.row_factory = sqlite3.Row
        return connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def handle(self, request: Request) -> Response:
        raise DroppedConnection

    def background(self) -> None:
        """Called about every 0.2 s on a thread of its own: deliver webhooks, book, settle."""

    def control(self, request: Request) -> Response | None:
        """The simulator's own test doors under /_sim/; extend, and call super() for the common ones."""
        if request.path == "/_sim/faults":
            if request.method == "POST":
                self.faults.replace(json.loads(request.body or b"[]"))
            return Response.json(self.faults.report())
        if request.path == "/_sim/health":
            return Response.json({"name": self.name, "state": "up"})
        return None


def respond(simulator: Simulator, request: Request) -> Response:
    if request.path.startswith("/_sim/"):
        return simulator.control(request) or Response.json({"error": "no such control"}, status=404)
    return simulator.handle(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two small writes: together they would wait 40 ms
    simulator: Simulator

    def setup(self) -> None:
        super().setup()
        self.session: dict[str, Any] = {}

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            return
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={key.lower(): value for key, value in self.headers.items()},
            body=self.rfile.read(length),
            connection=self.session,
        )
        try:
            response = respond(self.simulator, request)
        except DroppedConnection:
            self.close_connection = True
            with suppress(OSError):  # the client may have hung up before us
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(response)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for key, value in response.headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    def log_message(self, format: str, *args: Any) -> None:
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the kept-alive connections too: a simulator that is stopped must not go on answering on them."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is everyday life for a simulator; anything else is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class RunningSimulator:
    """A simulator being served on loopback. Use as a context manager in tests; `serve_forever` in the command."""

    def __init__(self, simulator: Simulator, *, port: int = 0) -> None:
        handler: Callable[..., BaseHTTPRequestHandler] = type("Handler", (_Handler,), {"simulator": simulator})
        self._server = _Server(("127.0.0.1", port), handler)
        self.simulator = simulator
        simulator.port = self._server.server_address[1]
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
            threading.Thread(target=self._tick, daemon=True),
        ]

    @property
    def url(self) -> str:
        return self.simulator.url

    def _tick(self) -> None:
        while not self._stopped.wait(0.2):
            try:
                self.simulator.background()
            except Exception:  # one bad turn is shown, and must not end deliveries for good
                traceback.print_exc()

    def start(self) -> "RunningSimulator":
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._threads[1].join(timeout=10)

    def serve_until_interrupted(self) -> None:
        self.start()
        try:
            while True:
                time.sleep(3600)
        finally:
            self.stop()

    def __enter__(self) -> "RunningSimulator":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
