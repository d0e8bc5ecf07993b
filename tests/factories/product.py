"""A `make run` of one's own: the whole product in a folder and on ports of its own, to be watched and killed."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from config.env import ROOT
from config.settings.connectors import SIMULATOR_OFFSETS

HERE = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL", "REDIS_URL", "TEST_SERVERS", "DATABASE_ROLE")


def free_port() -> tuple[int, IO[str]]:
    """A web port whose simulators' ports are free too, and the lock that keeps it ours: a port that was free a moment
    ago may be another test run's by the time that the product listens on it."""
    for port in range(20_000, 30_000, 500):
        lock = Path(tempfile.gettempdir(), f"wherewithal-port-{port}.lock").open("w")  # noqa: SIM115 (held for as long as the port is)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for each in (port, *(port + offset for offset in SIMULATOR_OFFSETS.values())):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
        except OSError:
            lock.close()
            continue
        return port, lock
    raise AssertionError("no free port")


class Product:
    """A `make run` of our own."""

    def __init__(self, state: Path, **settings: str) -> None:
        self.state = state
        self.port, self.lock = free_port()
        kept = {key: value for key, value in os.environ.items() if key not in HERE}
        settings = {
            "STATE_DIR": str(state),
            "PORT": str(self.port),
            "DEMO_MODE": "0",
            "WEB_WORKERS": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings.development",
            **settings,
        }
        self.environment = {**kept, **settings}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self.stopping = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            ended = self.process.poll() is not None and not self.stopping
            assert time.monotonic() < deadline and not ended, "waited in vain:\n" + "".join(self.lines[-40:])
            time.sleep(0.1)

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def pids(self, *words: str) -> list[int]:
        """Our processes whose command line has all the words, oldest first."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                ours = f"STATE_DIR={self.state}".encode() in (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if (ours or str(self.state) in line) and all(word in line for word in words):
                found.append(int(folder.name))
        return sorted(found)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A `manage.py` command on this product's servers."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)


@contextmanager
def running(**settings: str) -> Iterator[Product]:
    """Start the product; at the end nothing of it is left, neither processes nor files."""
    state = Path(tempfile.mkdtemp(prefix="ww-", dir="/tmp"))
    state.chmod(0o755)
    started = Product(state, **settings)
    try:
        yield started
    finally:
        started.stopping = True
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait()
        deadline = time.monotonic() + 20
        while started.pids() and time.monotonic() < deadline:
            time.sleep(0.1)
        shutil.rmtree(state, ignore_errors=True)
        started.lock.close()
