"""`make run` watches over what it started: what is killed comes back, and a stop leaves nothing running."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import ROOT
from tests.factories.product import Product, free_port, running

pytestmark = pytest.mark.slow


@pytest.fixture
def product() -> Iterator[Product]:
    with running() as started:
        yield started


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
    port, lock = free_port()
    with lock, socket.socket() as taken:
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
