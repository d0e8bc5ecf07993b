"""One embedded server shared by any number of our processes: started by the first, stopped after the last.

Users hold a shared lock on a file for as long as they live, so even a killed one lets go. A *keeper* process
owns the server as its child, starts it again when it dies, and stops it when it can take that lock alone. The
keeper must never be started by hand twice for one folder: a second one sees the first one's lock and leaves.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Protocol

from config.processes import ServerError, tail

START_SECONDS = 90
POLL_SECONDS = 0.2
ROOT = Path(__file__).resolve().parent.parent


class Server(Protocol):
    name: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def alive(self) -> bool: ...


class Share:
    """The lock files of one server in `folder`, and what can be done with them."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder
        self.ready = folder / f"{name}.ready"
        self.log = folder / f"{name}.keeper.log"
        folder.mkdir(parents=True, exist_ok=True)

    def _open(self, kind: str) -> IO[Any]:
        return (self.folder / f"{self.name}.{kind}.lock").open("a")

    def use(self) -> IO[Any]:
        """Make sure that the server runs and hold it. Let go by closing the answer or by ending the process.

        Raises ServerError with the end of the log when it cannot be started.
        """
        hold = self._open("users")
        fcntl.flock(hold, fcntl.LOCK_SH)  # waits while a keeper is just stopping
        with self._open("start") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not (self.ready.exists() and self.kept()):
                self._start_keeper()
        return hold

    def kept(self) -> bool:
        """Whether a keeper is alive."""
        with self._open("keeper") as lock:
            return not _try_lock(lock)

    def in_use(self) -> bool:
        """Whether any process holds the server. A keeper that holds the lock alone is stopping: not in use."""
        with self._open("users") as lock:
            return _try_lock(lock, kind=fcntl.LOCK_SH) and not _try_lock(lock)

    def _start_keeper(self) -> None:
        with self.log.open("ab") as output:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "config.embedded", "keep", self.name],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not (self.ready.exists() and self.ready.read_text() == str(keeper.pid)):
            if keeper.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"{self.name} did not start:\n{tail(self.log)}")
            time.sleep(0.01)

    def keep(self, server: Server) -> None:
        """Be the keeper: run the server until nobody uses it any more, starting it again whenever it dies."""
        with self._open("keeper") as lock:
            if not _try_lock(lock, patience=10):
                return
            self.ready.unlink(missing_ok=True)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                server.start()
                self.ready.write_text(str(os.getpid()))
                self._watch(server)
            finally:
                self.ready.unlink(missing_ok=True)
                server.stop()

    def _watch(self, server: Server) -> None:
        users = self._open("users")
        while not _try_lock(users):
            time.sleep(POLL_SECONDS)
            if not server.alive():
                print(f"{server.name} died, starting it again", flush=True)
                server.start()
        # The lock stays ours until this process ends: whoever comes now waits, then starts a new keeper.
        self.users = users


def _try_lock(file: IO[Any], *, patience: float = 0.0, kind: int = fcntl.LOCK_EX) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
