"""`make run` watches over what it started: what is killed comes back, and a stop leaves nothing running."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from config.env import ROOT

HERE = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL", "REDIS_URL", "TEST_SERVERS", "DATABASE_ROLE")


def free_port() -> int:
    """A web port whose simulators' ports are free too."""
    for port in range(20_000, 30_000, 500):
        try:
            for each in (port, port + 101, port + 102, port + 103):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        return port
    raise AssertionError("no free port")


class Product:
    """A `make run` of our own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port = free_port()
        kept = {key: value for key, value in os.environ.items() if key not in HERE}
        settings = {"STATE_DIR": str(state), "PORT": str(self.port), "DEMO_MODE": "0", "WEB_WORKERS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=ROOT,
            env={**kept, **settings, "DJANGO_SETTINGS_MODULE": "config.settings.development"},
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


@pytest.fixture
def product() -> Iterator[Product]:
    state = Path(tempfile.mkdtemp(prefix="ww-", dir="/tmp"))
    state.chmod(0o755)
    started = Product(state)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()
    deadline = time.monotonic() + 20
    while started.pids() and time.monotonic() < deadline:
        time.sleep(0.1)
    shutil.rmtree(state, ignore_errors=True)


def test_what_is_killed_comes_back_and_a_stop_leaves_nothing(product: Product):
    product.until(lambda: product.said("] ready"), 120)
    assert product.ready()
    assert product.said("a page answers")
    product.until(lambda: bool(product.pids("celery", "worker") and product.pids("celery", "beat")))

    for words in (("gunicorn",), ("celery", "worker"), ("embedded/postgres", "bin/postgres"), ("keep", "valkey")):
        product.until(lambda words=words: bool(product.pids(*words)))
        killed = product.pids(*words)[0]
        os.kill(killed, signal.SIGKILL)
        product.until(
            lambda words=words, killed=killed: bool(product.pids(*words)) and killed not in product.pids(*words)
        )
        product.until(product.ready)

    product.stopping = True
    product.process.send_signal(signal.SIGINT)
    assert product.process.wait(60) == 0
    assert product.said("stopped")
    product.until(lambda: not product.pids(), 10)


def test_killing_the_supervisor_takes_everything_along(product: Product):
    product.until(lambda: product.said("a page answers"), 120)
    product.stopping = True
    product.process.kill()
    product.process.wait()
    product.until(lambda: not product.pids(), 60)


def test_a_taken_port_is_said_at_once(tmp_path: Path):
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "config.run"],
            cwd=ROOT,
            env={**os.environ, "STATE_DIR": str(tmp_path), "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stdout
