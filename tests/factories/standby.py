"""A second PostgreSQL that follows the tests' one, as a standby for reports does in production."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from config.embedded import major
from config.postgres import START_SECONDS, Postgres
from config.processes import account, private_folder


class Standby(Postgres):
    """A copy of another cluster that plays what that one writes, until it is told to wait."""

    @classmethod
    @contextmanager
    def of(cls, primary: str, folder: Path) -> Iterator[Self]:
        """Running, with everything that the primary has by now; gone afterwards."""
        server = cls(folder / f"standby-{os.getpid()}", major=major(), durable=False)
        try:
            server.follow(primary)
            yield server
        finally:
            server.stop()
            server.remove()

    def follow(self, primary: str) -> None:
        owner = account()
        for path in (self.home, self.sockets):
            private_folder(path, owner)
        programs = self._programs(owner)
        where = conninfo_to_dict(primary)
        copy = [str(programs / "pg_basebackup"), "-D", str(self.data), "--write-recovery-conf", "--checkpoint=fast"]
        self._run([*copy, "--no-sync", "-h", str(where["host"]), "-U", str(where["user"])], owner)
        assert self._launch(programs, owner, time.monotonic() + START_SECONDS), self.log.read_text()

    def wait(self) -> None:
        """Play nothing more."""
        self._tell("SELECT pg_wal_replay_pause()")
        while self._tell("SELECT pg_get_wal_replay_pause_state()") != "paused":
            pass

    def go_on(self) -> None:
        self._tell("SELECT pg_wal_replay_resume()")

    def _tell(self, sql: str) -> str:
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as opened:
            row = opened.execute(sql.encode()).fetchone()
        return str(row[0]) if row else ""
