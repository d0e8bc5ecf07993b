"""Child processes of `make run`: started, shown line by line under their name, started again, stopped.

Every child runs in a session of its own, so Ctrl-C reaches only the supervisor, and dies with it even when
the supervisor is killed. Start children from the main thread only: their lives are tied to the thread that
made them.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from config import env as environment
from config.processes import die_with_parent

STEADY_SECONDS = 30.0
LONGEST_PAUSE = 10.0

_printing = threading.Lock()


def show(name: str, text: str) -> None:
    """Print one line under a child's name; lines of several children never mix."""
    with _printing:
        print(f"{name:<8} | {text}", flush=True)


@dataclass
class Child:
    """One program. `again` keeps it alive: after a crash it is started again, ever later while it keeps dying."""

    name: str
    command: list[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    again: bool = True
    process: "subprocess.Popen[str] | None" = None
    started: float = 0.0
    pause: float = 0.5
    due: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            cwd=environment.ROOT,
            env={**environment.process(), "PYTHONUNBUFFERED": "1", **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (only ctypes runs in it)
        )
        self.started = time.monotonic()
        threading.Thread(target=self._relay, args=(self.process,), daemon=True).start()

    def _relay(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101 (for the type checker: it was opened above)
        for line in process.stdout:
            show(self.name, line.rstrip())

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def wait(self) -> int:
        """Wait for a child that ends by itself; answers its exit code."""
        return -1 if self.process is None else self.process.wait()

    def mend(self, now: float) -> None:
        """Start the child again when it died and its pause is over. Call often."""
        if self.running or not self.again or self.process is None:
            return
        if not self.due:
            if now - self.started > STEADY_SECONDS:
                self.pause = 0.5
            self.due = now + self.pause
            show(self.name, f"ended with {self.code}; starting it again in {self.pause:.1f} s")
            self._end_group(signal.SIGKILL)  # grandchildren of a killed child would hold its port
        elif now >= self.due:
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
            self.due = 0.0
            self.start()

    def ask_to_stop(self) -> None:
        self.again = False
        if self.running and self.process is not None:
            self.process.terminate()

    def make_stop(self) -> None:
        self._end_group(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(10)

    def _end_group(self, sign: int) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, sign)
            except (ProcessLookupError, PermissionError):
                return


def stop_all(children: list[Child], patience: float) -> None:
    """Ask all to stop at once, wait, and end what remains together with its own children."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + patience
    while any(child.running for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    for child in children:
        if child.process is not None:
            child.make_stop()


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
