"""From a bare checkout to an installed one: the pinned uv in `var/tools`, the locked packages in `.venv`.

Runs on any Python that the project supports, with the standard library only, as `python3 -I
config/bootstrap.py GROUP…` (isolated, or this folder's `logging.py` would hide the standard one). Does
nothing when all is in place. It never resolves anew: what is installed is what `uv.lock` names, hash by hash.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

UV = "0.13.8"
OLDEST, TOO_NEW = (3, 11), (3, 14)
ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "var" / "tools"
VENV = ROOT / ".venv"
STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def supported_python() -> str:
    """This interpreter if the project supports it, else one from PATH; exits with advice if none is."""
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return sys.executable
    for name in ("python3.13", "python3.12", "python3.11"):
        found = shutil.which(name)
        if found and run([found, "-c", "pass"], quiet=True) == 0:
            return found
    sys.exit("Python 3.11, 3.12 or 3.13 is needed; none was found. Install one, or call make with PYTHON=…")


def run(command: list[str], *, quiet: bool = False, **variables: str) -> int:
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, **variables}, stdout=output, stderr=output)
    return done.returncode


def read(command: list[str]) -> str:
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def install_uv(python: str) -> str:
    """The path of the pinned uv, installed by pip into `var/tools` when it is not there yet."""
    uv = TOOLS / "bin" / "uv"
    if uv.exists() and read([str(uv), "--version"]).split(" ")[1:2] == [UV]:
        return str(uv)
    say(f"installing uv {UV} into var/tools")
    TOOLS.parent.mkdir(exist_ok=True)
    if run([python, "-m", "venv", "--clear", str(TOOLS)]):
        sys.exit("Python's venv module does not work here. On Debian: apt-get install python3-venv")
    if run([str(TOOLS / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", f"uv=={UV}"]):
        sys.exit(f"uv {UV} could not be installed. Is the package index reachable?")
    return str(uv)


def own_index() -> str:
    """The package index that pip is configured for on this machine, or nothing when it is the public one."""
    index = read([str(TOOLS / "bin" / "pip"), "config", "get", "global.index-url"])
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or index
    return "" if index.rstrip("/") in {"", "https://pypi.org/simple"} else index


def install_packages(uv: str, python: str, groups: list[str]) -> None:
    """Install the locked packages of the groups; exits when that fails."""
    chosen = ["--no-default-groups", *(word for group in groups for word in ("--group", group))]
    if not (VENV / "bin" / "python").exists() and run(
        [uv, "venv", "--quiet", "--clear", "--python", python, str(VENV)]
    ):
        sys.exit("The environment .venv could not be made.")
    index = own_index()
    if not index:
        failed = run([uv, "sync", "--frozen", "--inexact", "--quiet", *chosen], UV_SYSTEM_CERTS="1")
    else:
        # The lock names the public index's files; here the same files, by their hashes, come from another.
        wanted = str(TOOLS / "requirements.txt")
        export = [
            uv,
            *["export", "--frozen", "--quiet", "--no-header", "--no-emit-project", "-o"],
            wanted,
            *chosen,
        ]
        install = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(VENV), "-r", wanted]
        failed = run(export) or run([*install, "--default-index", index], UV_SYSTEM_CERTS="1")
    if failed:
        sys.exit("The locked packages could not be installed.")


def main(groups: list[str]) -> None:
    python = supported_python()
    lock = hashlib.sha256((ROOT / "uv.lock").read_bytes()).hexdigest()
    stamp = VENV / ".installed"
    have = stamp.read_text().split() if stamp.exists() and (VENV / "bin" / "python").exists() else []
    if have[:1] == [lock] and set(groups) <= set(have[1:]):
        return
    uv = install_uv(python)
    say(f"installing the locked packages into .venv ({', '.join(groups)})")
    install_packages(uv, python, groups)
    kept = have[1:] if have[:1] == [lock] else []
    stamp.write_text(" ".join([lock, *sorted({*kept, *groups})]))
    say("installed")


if __name__ == "__main__":
    main(sys.argv[1:] or ["embedded"])
