"""Many clients at once: one forked process each, started together, every call timed. Knows nothing of what they do.

What is timed is what a service pays: the database transaction, the call, and Python in between.
"""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from django.db import connection, connections

from tests.benchmarks import memory
from tests.benchmarks.memory import Memory

WARM_UP = 20  # calls before the clock starts: connected, prepared on the server, caches filled
_START_SECONDS = 60

Work = Callable[[], None]
Worker = Callable[[int], Work]  # seed → one call after the other


@dataclass(frozen=True, kw_only=True)
class Load:
    """What all clients together did: calls per second, and the milliseconds that half and 99 % of the calls took.

    And the MiB of the largest client and of the largest session; None where they cannot be read."""

    per_second: float
    p50_ms: float
    p99_ms: float
    client_mib: float | None = None
    session_mib: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Client:
    """What one client did: the start, then the end of every call."""

    ends: list[float]
    memory: Memory


def work_for(worker: Worker, *, clients: int, seconds: float, seed: int) -> Load:
    """Let `clients` processes work for `seconds`. Raises RuntimeError when one of them could not."""
    connections.close_all()  # a connection must not be shared with the children
    gc.collect()
    gc.freeze()  # as servers do before they fork: the children must not copy what they only look at
    fork = multiprocessing.get_context("fork")  # the children find Django ready, as workers of a web server do
    barrier = fork.Barrier(clients)
    pipes, processes = [], []
    for number in range(clients):
        ours, theirs = fork.Pipe(duplex=False)
        arguments = (worker, seed * 1000 + number, seconds, barrier, theirs)
        process = fork.Process(target=_client, args=arguments, daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        worked = [_answer(pipe, seconds) for pipe in pipes]
    finally:
        for process in processes:
            process.join(5)
            process.kill()
    return _together(worked)


def _client(worker: Worker, seed: int, seconds: float, barrier: Barrier, pipe: Connection) -> None:
    try:
        work = worker(seed)
        for _ in range(WARM_UP):
            work()
        barrier.wait(_START_SECONDS)
        ends = [time.perf_counter()]
        deadline = ends[0] + seconds
        while ends[-1] < deadline:
            work()
            ends.append(time.perf_counter())
        found = Memory(memory.of_client(os.getpid()), memory.of_session(connection.connection.info.backend_pid))
        pipe.send(_Client(ends=ends, memory=found))
    except Exception as error:
        barrier.abort()
        pipe.send(f"{type(error).__name__}: {error}")
    finally:
        connection.close()
        pipe.close()


def _answer(pipe: Connection, seconds: float) -> _Client:
    if not pipe.poll(seconds + 2 * _START_SECONDS):
        raise RuntimeError("A client did not answer.")
    found: _Client | str = pipe.recv()
    if isinstance(found, str):
        raise RuntimeError(f"A client could not work: {found}")
    return found


def _together(clients: list[_Client]) -> Load:
    lasted = max(one.ends[-1] for one in clients) - min(one.ends[0] for one in clients)
    took = sorted(after - before for one in clients for before, after in pairwise(one.ends))
    return Load(
        per_second=len(took) / lasted,
        p50_ms=1000 * took[len(took) // 2],
        p99_ms=1000 * took[len(took) * 99 // 100],
        client_mib=memory.most([one.memory.client for one in clients]),
        session_mib=memory.most([one.memory.session for one in clients]),
    )
