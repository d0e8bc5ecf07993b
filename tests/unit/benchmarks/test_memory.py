"""Memory is what the kernel found, or nothing: never a figure for a process that cannot be looked at."""

import mmap
import os
from pathlib import Path

import pytest

from tests.benchmarks import memory

MIB = 1024 * 1024
linux = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux counts pages here")


@linux
def test_a_client_is_charged_for_the_pages_that_it_wrote():
    before = memory.of_client(os.getpid())
    block = b"x" * 64 * MIB
    after = memory.of_client(os.getpid())
    assert before is not None
    assert after is not None
    assert 60 < after - before < 70, len(block)


@linux
def test_a_session_is_not_charged_for_what_all_sessions_share():
    before = memory.of_session(os.getpid())
    shared = mmap.mmap(-1, 64 * MIB)  # anonymous and shared, as the server's buffers are
    shared.write(b"x" * 64 * MIB)
    after = memory.of_session(os.getpid())
    shared.close()
    assert before is not None
    assert after is not None
    assert after - before < 10


def test_what_cannot_be_read_is_not_invented():
    nobody = 0  # never the number of a process
    assert memory.of_client(nobody) is None
    assert memory.of_session(nobody) is None
    assert memory.most([None, None]) is None
    assert memory.most([]) is None
    assert memory.most([None, 2.0, 3.5]) == 3.5
