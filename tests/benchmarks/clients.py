"""Many clients at once: one forked process each, started together, every call timed. Knows nothing of what they do.

What is timed is what a service pays: the database transaction, the call, and Python in between.
"""

import gc
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from django.db import connection, connections

WARM_UP = 20  # calls before the clock starts: connected, prepared on the server, caches filled
_START_SECONDS = 60

Work = Callable[[], None]
Worker = Callable[[int], Work]  # seed → one call after the other


@dataclass(frozen=True, kw_only=True)
class Load:
    """What all clients together did: calls per second, and the milliseconds that half and 99 % of the calls took."""

    per_second: float
    p50_ms: float
    p99_ms: float


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
        calls = [_answer(pipe, seconds) for pipe in pipes]
    finally:
        for process in processes:
            process.join(5)
            process.kill()
    return _together(calls)


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
        pipe.send(ends)
    except Exception as error:
        barrier.abort()
        pipe.send(f"{type(error).__name__}: {error}")
    finally:
        connection.close()
        pipe.close()


def _answer(pipe: Connection, seconds: float) -> list[float]:
    if not pipe.poll(seconds + 2 * _START_SECONDS):
        raise RuntimeError("A client did not answer.")
    found = pipe.recv()
    if isinstance(found, str):
        raise RuntimeError(f"A client could not work: {found}")
    return list(found)


def _together(calls: list[list[float]]) -> Load:
    """Each client's times: the start, then the end of every call."""
    lasted = max(ends[-1] for ends in calls) - min(ends[0] for ends in calls)
    took = sorted(after - before for ends in calls for before, after in pairwise(ends))
    return Load(
        per_second=len(took) / lasted,
        p50_ms=1000 * took[len(took) // 2],
        p99_ms=1000 * took[len(took) * 99 // 100],
    )
