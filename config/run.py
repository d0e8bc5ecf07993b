"""`make run`: the whole product on this machine, and one process that watches over it.

Order: servers, tables, web (so that a page answers early), then simulators, worker, schedule, then the demo
firm. What dies is started again; Ctrl-C stops everything and leaves the data. Imports no Django: it must
start at once.
"""

import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.error import URLError
from urllib.request import urlopen

from config import embedded
from config import env as environment
from config.children import Child, python, show, stop_all
from config.processes import ServerError
from config.settings.connectors import simulator_ports

WEB_SECONDS = 90.0
STOP_SECONDS = 25.0
LOGINS = environment.state_folder() / "demo-logins.txt"  # `seed_demo` writes it


class Interrupted(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends us at once, and with us all children
    raise Interrupted


def has_command(name: str) -> bool:
    return any(environment.ROOT.glob(f"*/management/commands/{name}.py"))


class Run:
    """One `make run`: what is started, in order, with the time it took."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        env = environment.current()
        self.host = env.text("HOST", "127.0.0.1")
        self.port = env.number("PORT", 8000, least=1, most=65535)
        self.url = f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # noqa: S104
        self.simulators = simulator_ports(env, self.port)
        self.workers = env.number("WEB_WORKERS", 2, least=1)
        self.tasks = env.number("TASK_WORKERS", 2, least=1)
        self.demo = env.flag("DEMO_MODE", True)
        self.children: list[Child] = []
        self.held: list[str] = []

    def say(self, text: str) -> None:
        show("run", f"[{time.monotonic() - self.began:5.1f} s] {text}")

    def start(self, name: str, command: list[str], **variables: str) -> Child:
        child = Child(name, command, variables)
        child.start()
        self.children.append(child)
        return child

    def once(self, name: str, command: list[str]) -> None:
        """Run a step to its end; raises ServerError when it fails."""
        child = Child(name, command, again=False)
        self.children.append(child)
        child.start()
        if child.wait():
            raise ServerError(f"{' '.join(command[1:])} failed with {child.code}; see the lines above.")

    def bring_up(self) -> None:
        for port in (self.port, *self.simulators.values()):
            self._refuse_taken(port)
        self.say("starting PostgreSQL and Valkey" if any(embedded.missing().values()) else "using the servers set")
        self.held = embedded.hold()
        self.say("preparing the database")
        self.once("migrate", python("-m", "config.prepare"))
        self.say("starting the web")
        self.start("web", self._gunicorn(), DATABASE_POOL="8")
        self._await_web()
        self.say(f"a page answers: {self.url}/")
        if has_command("simulate"):
            for name, port in self.simulators.items():
                self.start(name, python("manage.py", "simulate", name, "--port", str(port)))
        celery = ("-m", "celery", "-A", "config.celery")
        quiet = ("--without-gossip", "--without-mingle", "--loglevel", "WARNING")
        self.start("worker", python(*celery, "worker", "--concurrency", str(self.tasks), *quiet))
        self.start("beat", python(*celery, "beat", "--pidfile", "", "--loglevel", "WARNING"))

    def seed(self) -> Child | None:
        """Start filling the demo firm, beside everything else; None when there is nothing to do."""
        if not (self.demo and has_command("seed_demo")):
            return None
        for name, port in self.simulators.items():
            self._await_port(name, port)
        self.say("the demo firm opens its books")
        child = Child("demo", python("manage.py", "seed_demo"), again=False)
        child.start()
        self.children.append(child)
        return child

    def watch(self, seeding: Child | None) -> NoReturn:
        """Until interrupted: mend what dies, tell when the demo firm is ready."""
        while True:
            time.sleep(0.2)
            now = time.monotonic()
            for child in self.children:
                child.mend(now)
            embedded.renew(self.held)
            if seeding is not None and not seeding.running:
                if seeding.code:
                    self.say(f"the demo firm is not complete (ended with {seeding.code}); the product runs without")
                self.welcome()
                seeding = None

    def welcome(self) -> None:
        self.say("ready")
        lines = [
            f"portal     {self.url}/",
            f"staff      {self.url}/admin/",
            f"API        {self.url}/api/docs/",
            *(f"{name:<10} http://127.0.0.1:{port}  (simulator)" for name, port in self.simulators.items()),
            *(LOGINS.read_text().splitlines() if LOGINS.exists() else []),
            "Ctrl-C stops everything; the data stays for the next run (`make reset` clears it).",
        ]
        for line in lines:
            show("run", line)

    def bring_down(self) -> None:
        self.say("stopping")
        stop_all(self.children[::-1], STOP_SECONDS)
        embedded.release()
        self.say("stopped")

    def _gunicorn(self) -> list[str]:
        options = {
            "--bind": f"{self.host}:{self.port}",
            "--worker-class": "gthread",
            "--workers": str(self.workers),
            "--threads": "4",
            "--graceful-timeout": "20",
            "--timeout": "60",
            "--worker-tmp-dir": "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp",  # noqa: S108
            "--log-level": "warning",
        }
        pairs = [word for pair in options.items() for word in pair]
        return python("-m", "gunicorn", "config.wsgi:application", *pairs, "--preload", "--no-control-socket")

    def _refuse_taken(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, port))
            except OSError:
                raise ServerError(f"Port {port} is taken. Choose another: make run PORT={self.port + 1000}") from None

    def _await_web(self) -> None:
        deadline = time.monotonic() + WEB_SECONDS
        while time.monotonic() < deadline:
            try:
                with urlopen(f"{self.url}/healthz", timeout=2):  # noqa: S310 (our own address)
                    return
            except (URLError, OSError):
                time.sleep(0.05)
            for child in self.children:
                child.mend(time.monotonic())
        raise ServerError("The web did not answer; see the lines above.")

    def _await_port(self, name: str, port: int) -> None:
        deadline = time.monotonic() + WEB_SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise ServerError(f"The simulator {name} did not open port {port}.")


def main() -> int:
    environment.default("DJANGO_SETTINGS_MODULE", "config.settings.development")
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    run = Run()
    try:
        run.bring_up()
        seeding = run.seed()
        if seeding is None:
            run.welcome()
        run.watch(seeding)
    except Interrupted:
        return 0
    except ServerError as error:
        show("run", str(error))
        return 1
    finally:
        run.bring_down()


if __name__ == "__main__":
    sys.exit(main())
