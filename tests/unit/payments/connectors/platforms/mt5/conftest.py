"""A real MT5 simulator over HTTP for every test, an adapter in front of it, and a wire that can be cut."""

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payments.connectors.platforms.mt5.adapter import Mt5Adapter
from payments.connectors.platforms.mt5.simulator import Mt5Simulator
from payments.connectors.simulation import RunningSimulator

LOGIN, PASSWORD = "1000", "Password1"
OFFSET = timedelta(hours=3)


class Server:
    """The other side as a test sees it: its faults, its dealer's desk and its true balances."""

    def __init__(self, simulator: Mt5Simulator) -> None:
        self.simulator = simulator

    @property
    def url(self) -> str:
        return self.simulator.url

    def _call(self, path: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(self.url + path, data=body, timeout=5) as response:
            return json.loads(response.read())

    def desk(self, door: str, **data: Any) -> Any:
        return self._call(f"/_sim/{door}", data)

    def script(self, *rules: dict[str, Any]) -> None:
        """Set the faults; calls of "balance" and "auth" are counted in any case."""
        counters = [{"on": on, "do": "count", "times": 0} for on in ("balance", "auth")]
        self._call("/_sim/faults", [*rules, *counters])

    def fired(self) -> list[int]:
        return [rule["fired"] for rule in self._call("/_sim/faults") if rule["times"]]

    def seen(self, on: str) -> int:
        """How many calls reached the work on `on` since the script was set."""
        rules = [rule for rule in self._call("/_sim/faults") if rule["on"] == on]
        return int(sum(rule["fired"] for rule in rules[:-1]) + rules[-1]["seen"])

    def open(self, money: str = "0", group: str = "real\\USD") -> str:
        login = self.simulator.books.open_account(name="Client", group=group, leverage=100)
        if Decimal(money):
            self.desk("operation", login=login, action=2, amount=money, comment="start")
        return login

    def accounts(self) -> int:
        return len(self._call("/_sim/accounts")["accounts"])

    def balance(self, login: str) -> Decimal:
        accounts = self._call("/_sim/accounts")["accounts"]
        return next(Decimal(row["balance"]) for row in accounts if row["login"] == login)


class Wire:
    """A relay between adapter and server that can be cut, and that knows how often it was used."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._pairs: list[socket.socket] = []
        self.opened = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self.opened += 1
                self._pairs += [near, far]
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def cut(self) -> None:
        """End every connection; new ones are served."""
        for end in self._pairs:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._pairs.clear()

    def close(self) -> None:
        """End every connection and refuse new ones."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()


MakeServer = Callable[..., Server]
MakeAdapter = Callable[..., Mt5Adapter]


@contextmanager
def serving(folder: Path) -> Iterator[MakeServer]:
    running: list[RunningSimulator] = []

    def make(kind: type[Mt5Simulator] = Mt5Simulator, **options: Any) -> Server:
        options = {"state": folder / f"mt5-{len(running)}.sqlite3", "utc_offset": OFFSET} | options
        simulator = kind(login=LOGIN, password=PASSWORD, **options)
        running.append(RunningSimulator(simulator).start())
        server = Server(simulator)
        server.script()
        return server

    yield make
    for one in running:
        one.stop()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[MakeServer]:
    with serving(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("mt5")) as make:
        yield make()


@pytest.fixture
def server(shared_server: Server) -> Server:
    """A server with a past: other tests of the module left accounts on it, but no faults."""
    shared_server.script()
    return shared_server


@pytest.fixture
def make_adapter() -> Iterator[MakeAdapter]:
    made: list[Mt5Adapter] = []

    def make(url: str, **options: Any) -> Mt5Adapter:
        defaults = {"login": LOGIN, "password": PASSWORD, "utc_offset": OFFSET, "timeout": 5.0}
        made.append(Mt5Adapter(url=url, **(defaults | options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def adapter(server: Server, make_adapter: MakeAdapter) -> Mt5Adapter:
    return make_adapter(server.url)


@pytest.fixture
def impatient(server: Server, make_adapter: MakeAdapter) -> Mt5Adapter:
    """For servers that hang."""
    return make_adapter(server.url, timeout=0.5)


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    relay = Wire(server.simulator.port)
    yield relay
    relay.close()


@pytest.fixture
def since() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Ask until the answer is true, for at most six seconds; return the last answer."""

    def wait(question: Callable[[], Any]) -> Any:
        end = time.monotonic() + 6
        while not (answer := question()) and time.monotonic() < end:
            time.sleep(0.02)
        return answer

    return wait
