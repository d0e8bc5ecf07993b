"""The chainer is killed fifty times in the middle of its work: no link is lost, doubled or out of place."""

import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest
from django.db import connection

from config.env import ROOT
from ledger import invariants, sealing
from ledger.models import Event, Link
from tests.integration.ledger import sealed_books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

KILLS = 50
# Small commits, so that most of the killed processes die with one open.
CHAINER = """
import sys
import psycopg
with psycopg.connect(sys.argv[1], dbname=sys.argv[2], autocommit=True) as session:
    session.execute("SET client_encoding = 'UTF8'")
    print("ready", flush=True)
    while True:
        with session.transaction():
            session.execute("SELECT * FROM ledger_seal_next(7)")
            session.execute("SELECT pg_sleep(0.005)")
"""


def chainer() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHAINER, os.environ["DATABASE_URL"], str(connection.settings_dict["NAME"])]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert started.stdout is not None
    assert started.stdout.readline() == b"ready\n"
    return started


def at_work() -> int:
    """Sessions that hold a piece of the chain in an open transaction: what a kill now would cut off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
            " AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def test_killed_fifty_times_the_chain_stays_whole() -> None:
    random, cut_off, numbers = Random(50), 0, [0]
    for number in range(KILLS):
        sealed_books.happen(20, first=number * 20)
        process = chainer()
        assert process.stdout is not None
        time.sleep(random.uniform(0.0, 0.05))
        cut_off += at_work()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        numbers.append(Link.objects.count())
    assert cut_off >= KILLS // 2, f"only {cut_off} kills hit a chainer with a commit open"
    assert numbers == sorted(numbers), "a committed link was lost"
    assert numbers[-1] > 0
    assert sealed_books.seal_all() == Event.objects.count() == KILLS * 20
    assert invariants.run().clean
    assert sealing.seal() == 0
