"""Starting other programs as children that die with us: the ground under the embedded PostgreSQL and Valkey.

Knows users, folders, socket lengths and signals; knows nothing of databases. Standard library only, so that
starting costs nothing.
"""

import ctypes
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

LONGEST_SOCKET = 100  # the kernel allows 107 bytes
CLEAN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class ServerError(Exception):
    """An embedded server cannot be installed, started or stopped; the text says what to do."""


def account() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root (it refuses root itself); None for an ordinary user."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def reachable(path: Path) -> bool:
    """Whether every folder above `path` lets other users pass."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def short_socket_folder(wanted: Path) -> Path:
    """`wanted`, or a short folder under /tmp named after it when a socket inside would be too long for the kernel."""
    if len(str(wanted / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
        return wanted
    return Path("/tmp") / f"wherewithal-{os.geteuid()}-{sha256(str(wanted).encode()).hexdigest()[:12]}"  # noqa: S108


def private_folder(path: Path, owner: pwd.struct_passwd | None) -> None:
    """Make `path` a folder of mode 700 of that owner. Refuses one that somebody else put there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    expected = {os.geteuid()} | ({owner.pw_uid} if owner else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in expected:
        raise ServerError(f"{path} belongs to another user. Remove it, or run as that user.")
    if owner:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    path.chmod(0o700)


def die_with_parent(sign: int) -> Callable[[], None]:
    """A hook for the child: ask Linux for `sign` when our thread ends, however it ends. Elsewhere does nothing."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def hook() -> None:
        prctl(1, sign)  # PR_SET_PDEATHSIG; after the change of user, which clears it
        if os.getppid() != parent:
            os._exit(1)

    return hook


def spawn(
    command: list[str], *, log: Path, owner: pwd.struct_passwd | None, cwd: Path, dying: int
) -> subprocess.Popen[bytes]:
    """Start a server as our direct child in a session of its own, so that Ctrl-C reaches us and not it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=CLEAN_ENVIRONMENT,
            start_new_session=True,
            preexec_fn=die_with_parent(dying),  # noqa: PLW1509 (we are single-threaded here)
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
        )


def package(name: str) -> Path:
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ServerError(
            f"The package {name} is not installed. Run `make run` or `make test` once, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(found.submodule_search_locations[0])


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""


def stop(process: subprocess.Popen[bytes], *steps: tuple[int, float]) -> None:
    """Send each signal in turn, waiting its seconds for the process to end; what remains is killed."""
    for sign, patience in (*steps, (signal.SIGKILL, 10.0)):
        if process.poll() is None:
            process.send_signal(sign)
        try:
            process.wait(patience)
            return
        except subprocess.TimeoutExpired:
            continue
