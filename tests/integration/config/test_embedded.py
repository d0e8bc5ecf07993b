"""The embedded servers survive what developers and machines do to them, and never get in each other's way.

Each test keeps its state in a folder of its own, in processes of its own, as a checkout would.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from config import ephemeral
from config.env import ROOT
from config.postgres import Postgres
from config.processes import ServerError, reachable
from config.valkey import Valkey

pytestmark = pytest.mark.slow

NOBODY = 65534
ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL", "REDIS_URL", "TEST_SERVERS")

COUNT = """
import os, psycopg, redis
from config import embedded
embedded.hold()
with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as link:
    link.execute("CREATE TABLE IF NOT EXISTS seen (at timestamptz)")
    link.execute("INSERT INTO seen VALUES (now())")
    print(link.execute("SELECT count(*) FROM seen").fetchone()[0])
    print(link.execute("SELECT current_user").fetchone()[0])
print(redis.Redis.from_url(os.environ["REDIS_URL"]).incr("seen"))
"""
HOLD = "from config import embedded; embedded.hold(); print('held', flush=True); import time; time.sleep(600)"


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A state folder that every user may pass, as `var/` of an ordinary checkout."""
    folder = Path(tempfile.mkdtemp(prefix="ww-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    run(folder, "from config import embedded; embedded.reset()")
    shutil.rmtree(folder, ignore_errors=True)


def variables(state: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ADDRESSES}
    return {**kept, "STATE_DIR": str(state)}


def run(state: Path, code: str, **more: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=variables(state) | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def hold(state: Path) -> "subprocess.Popen[str]":
    """A process that holds the servers until it is let go of."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=ROOT, env=variables(state), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def let_go(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def processes(text: str) -> list[int]:
    """Ids of living processes with `text` in their command line or working folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line and "keep" not in line and "-c" not in line.split()[1:2]:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def keepers(state: Path) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"STATE_DIR={state}".encode() in (folder / "environ").read_bytes().split(b"\0") and (
                b"keep" in (folder / "cmdline").read_bytes().split(b"\0")
            ):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_data_stays_from_command_to_command_and_nothing_is_left_running(checkout: Path):
    assert run(checkout, COUNT) == ["1", "wherewithal_owner", "1"]
    assert run(checkout, COUNT) == ["2", "wherewithal_owner", "2"]
    until(lambda: not processes(str(checkout)) and not keepers(checkout))


def test_a_second_command_uses_the_servers_of_the_first(checkout: Path):
    first = hold(checkout)
    try:
        until(lambda: bool(processes(f"{checkout}/embedded/postgres")))
        before = processes(f"{checkout}/embedded/postgres")[0]
        assert run(checkout, COUNT)[0] == "1"
        assert processes(f"{checkout}/embedded/postgres")[0] == before
    finally:
        let_go(first)
    until(lambda: not processes(str(checkout)))


def test_a_killed_postgres_and_valkey_come_back_with_their_data(checkout: Path):
    holder = hold(checkout)
    try:
        assert run(checkout, COUNT)[0] == "1"
        time.sleep(1.1)  # Valkey writes once a second
        for name in ("postgres", "valkey"):
            os.kill(min(processes(f"{checkout}/embedded/{name}")), signal.SIGKILL)
        until(lambda: len(run_quietly(checkout, COUNT)) == 3)
        assert int(run(checkout, COUNT)[0]) >= 3
        assert int(run(checkout, COUNT)[2]) >= 4
    finally:
        let_go(holder)


def run_quietly(state: Path, code: str) -> list[str]:
    try:
        return run(state, code)
    except AssertionError:
        return []


def test_killing_the_keepers_takes_the_servers_along_and_the_next_start_is_clean(checkout: Path):
    holder = hold(checkout)
    assert run(checkout, COUNT)[0] == "1"
    time.sleep(1.1)
    let_go(holder)
    for pid in keepers(checkout):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes(str(checkout)))
    assert run(checkout, COUNT) == ["2", "wherewithal_owner", "2"]


def test_two_checkouts_never_meet(checkout: Path):
    other = Path(tempfile.mkdtemp(prefix="ww-", dir="/tmp"))
    other.chmod(0o755)
    try:
        holder = hold(checkout)
        assert run(checkout, COUNT)[0] == "1"
        assert run(other, COUNT)[0] == "1"
        let_go(holder)
        assert run(other, COUNT)[0] == "2"
    finally:
        run(other, "from config import embedded; embedded.reset()")
        shutil.rmtree(other, ignore_errors=True)


def test_reset_refuses_while_somebody_works_and_clears_afterwards(checkout: Path):
    holder = hold(checkout)
    try:
        with pytest.raises(AssertionError, match="is in use"):
            run(checkout, "from config import embedded; embedded.reset()")
        assert run(checkout, COUNT)[0] == "1"
    finally:
        let_go(holder)
    run(checkout, "from config import embedded; embedded.reset()")
    assert run(checkout, COUNT)[0] == "1"


def test_servers_that_are_set_are_used_and_none_is_started(checkout: Path):
    code = "from config import embedded; print(embedded.hold(), embedded.addresses())"
    assert run(checkout, code, DATABASE_URL="postgresql://a@b/c", REDIS_URL="redis://d") == ["[]", "{}"]
    assert not processes(str(checkout))


def test_a_checkout_closed_to_others_works_for_root_too():
    folder = Path(tempfile.mkdtemp(prefix="ww-", dir="/tmp")) / "closed"
    folder.mkdir(mode=0o700)
    folder.parent.chmod(0o700)
    try:
        assert run(folder, COUNT)[0] == "1"
        assert run(folder, COUNT)[0] == "2"
        run(folder, "from config import embedded; embedded.reset()")
        assert run(folder, COUNT)[0] == "1"
    finally:
        run(folder, "from config import embedded; embedded.reset()")
        shutil.rmtree(folder.parent, ignore_errors=True)


# --- one server at a time ------------------------------------------------------------------------------------


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ww-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def count(server: Postgres) -> int:
    with psycopg.connect(server.url("wherewithal_owner"), autocommit=True) as link:
        link.execute("CREATE TABLE IF NOT EXISTS seen (at timestamptz)")
        link.execute("INSERT INTO seen VALUES (now())")
        row = link.execute("SELECT count(*) FROM seen").fetchone()
        assert row is not None
        return int(row[0])


def test_a_postmaster_killed_under_open_sessions_restarts_with_all_rows(home: Path):
    server = Postgres(home / "postgres")
    server.start()
    try:
        for expected in range(1, 4):
            with closing(psycopg.connect(server.url("wherewithal_app"))) as open_session:
                open_session.execute("SELECT 1")
                assert count(server) == expected
                os.kill(server.pid, signal.SIGKILL)
                until(lambda: not server.alive())
                server.start()
    finally:
        server.stop()


def test_a_pid_file_that_names_another_living_process_is_no_obstacle(home: Path):
    server = Postgres(home / "postgres")
    server.start()
    server.stop()
    stale = f"{os.getpid()}\n{server.data}\n{int(time.time())}\n5432\n{server.sockets}\n\n  1  1\nready\n"
    (server.data / "postmaster.pid").write_text(stale)
    server.start()
    try:
        assert count(server) == 1
    finally:
        server.stop()


def test_a_checkout_too_deep_for_a_socket_still_works(home: Path):
    deep = home / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    server, cache = Postgres(deep / "postgres"), Valkey(deep / "valkey")
    try:
        server.start()
        cache.start()
        assert count(server) == 1
        assert len(str(server.sockets)) < 60
    finally:
        server.stop()
        cache.stop()
        server.remove()
        cache.remove()
    assert not server.sockets.exists()


def test_postgresql_16_runs_from_the_same_wheel(home: Path):
    server = Postgres(home / "postgres", major=16)
    server.start()
    try:
        with psycopg.connect(server.url("wherewithal_app")) as link:
            row = link.execute("SHOW server_version_num").fetchone()
        assert row is not None
        assert row[0].startswith("16")
    finally:
        server.stop()


def test_the_app_role_is_no_owner_and_cannot_make_roles_or_databases(home: Path):
    server = Postgres(home / "postgres")
    server.start()
    try:
        with psycopg.connect(server.url("wherewithal_app"), autocommit=True) as link:
            for forbidden in ("CREATE ROLE x", "CREATE DATABASE x", "CREATE TABLE x ()", "CREATE SCHEMA x"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    link.execute(forbidden)
    finally:
        server.stop()


def test_a_folder_that_belongs_to_somebody_else_is_refused(home: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to somebody else")
    foreign = home / "postgres"
    foreign.mkdir()
    os.chown(foreign, 12345, 12345)
    with pytest.raises(ServerError, match="belongs to another user"):
        Postgres(foreign).start()
    assert list(foreign.iterdir()) == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_ordinary_user_runs_them_as_himself(home: Path):
    """As root, a child becomes an ordinary user; an ordinary user's own runs are all the other tests here."""
    if os.geteuid() != 0:
        pytest.skip("this run is an ordinary user's already")
    if not reachable(ROOT / ".venv" / "x"):
        pytest.skip("this checkout is closed to other users, so none could run it")
    home.chmod(0o777)
    child = os.fork()
    if child == 0:  # never return into pytest from here
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            server, cache = Postgres(home / "postgres"), Valkey(home / "valkey")
            server.start()
            cache.start()
            os.kill(server.pid, signal.SIGKILL)
            until(lambda: not server.alive())
            server.start()
            rows = count(server)
            server.stop()
            cache.stop()
            os._exit(0 if rows == 1 and (home / "postgres").stat().st_uid == NOBODY else 3)
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# --- private servers of tests --------------------------------------------------------------------------------


def test_private_servers_leave_nothing_behind_even_after_an_error():
    with pytest.raises(ZeroDivisionError), ephemeral.private_servers() as servers:
        folder, pid = servers.postgres.home.parent, servers.postgres.pid
        raise ZeroDivisionError
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_what_a_killed_test_run_left_is_swept(monkeypatch: pytest.MonkeyPatch):
    left = Path(tempfile.gettempdir()) / f"{ephemeral.PREFIX}1-left"
    left.mkdir(exist_ok=True)
    (left / "alive.lock").touch()
    os.utime(left, (0, 0))
    ephemeral.sweep()
    assert not left.exists()
