"""Closing a day while somebody writes into it: closing waits for who was first, and who comes later is refused."""

import threading
import time
import uuid
from datetime import timedelta

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from ledger import invariants, periods
from ledger.errors import PeriodClosed
from ledger.models import PeriodAccount, Transaction
from tests.concurrency.crowd import at_once
from tests.integration.ledger import books
from tests.integration.ledger.conftest import raw
from tests.integration.ledger.test_periods import Closer

pytestmark = pytest.mark.django_db(transaction=True)

YESTERDAY = (timezone.now() - timedelta(days=1)).replace(hour=12, minute=0)
LABEL = f"{YESTERDAY:%Y-%m-%d}"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 5050 AND NOT granted"


def close():
    return periods.close(period_id=periods.name(label=LABEL).pk, actor=Closer(), now=timezone.now())


def post(writer, accounts, at):
    """The posting function as an intruder would call it."""
    writer.execute(
        """SELECT * FROM ledger_post(%s, 'single', 'MANUAL_ADJUSTMENT', %s::bigint[], ARRAY[-1, 1]::numeric[], %s, NULL,
                                     NULL, NULL, NULL, %s, '', NULL, NULL, NULL)""",
        [uuid.uuid4(), accounts, at, b"x" * 16],
    )


def in_background(work):
    """Run `work` beside this test; call the answer for its result or the exception that it raised."""
    found = []

    def run():
        try:
            found.append(work())
        except Exception as error:
            found.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()

    def result():
        thread.join(timeout=30)
        return found[0]

    return result


def until_somebody_waits():
    with raw("owner") as watch:
        for _ in range(200):
            if watch.execute(WAITING).fetchone()[0]:
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits")


@pytest.fixture
def accounts():
    books.receive("100", effective_at=YESTERDAY)
    return [books.bank().id, books.trading().id]


def test_closing_waits_for_a_posting_that_is_under_way_and_counts_it(accounts):
    with raw("app") as slow, slow.transaction():
        post(slow, accounts, YESTERDAY)
        closing = in_background(close)
        until_somebody_waits()
        assert not PeriodAccount.objects.exists()
    closed = closing()
    assert closed.entries == 4
    assert PeriodAccount.objects.get(account=accounts[1]).closing == 1
    assert invariants.run().clean


def test_a_posting_that_meets_the_closing_waits_and_is_refused(accounts):
    period = periods.name(label=LABEL)
    with raw("app") as closer, closer.transaction():
        closer.execute("SELECT ledger_period_close(%s, 'usr_closer')", [period.pk])
        posting = in_background(lambda: books.receive("5", effective_at=YESTERDAY))
        until_somebody_waits()
    assert isinstance(posting(), PeriodClosed)
    assert Transaction.objects.count() == 1
    assert invariants.run().clean


def test_a_closing_that_is_taken_back_closes_nothing(accounts):
    period = periods.name(label=LABEL)
    with raw("app") as closer, closer.transaction(force_rollback=True):
        closer.execute("SELECT ledger_period_close(%s, 'usr_closer')", [period.pk])
        posting = in_background(lambda: books.receive("5", effective_at=YESTERDAY))
        until_somebody_waits()
    posting()
    assert books.balance(books.wallet()) == "105"
    period.refresh_from_db()
    assert period.state == "open"
    assert invariants.run().clean


def test_today_never_waits_for_yesterday(accounts):
    books.receive("1", effective_at=YESTERDAY - timedelta(days=1))
    periods.close(
        period_id=periods.name(label=f"{YESTERDAY - timedelta(days=1):%Y-%m-%d}").pk, actor=Closer(), now=timezone.now()
    )
    period = periods.name(label=LABEL)
    with raw("app") as closer, closer.transaction():
        closer.execute("SELECT ledger_period_close(%s, 'usr_closer')", [period.pk])
        with raw("app") as other:
            other.execute("SET lock_timeout = '200ms'")
            post(other, accounts, None)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                post(other, accounts, YESTERDAY)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_does_not_reopen_a_day(accounts, level):
    """Its reader still sees the day open; the row that says so has changed since, and that is refused."""
    with raw("app") as old, pytest.raises(psycopg.errors.SerializationFailure), old.transaction():
        old.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        assert old.execute("SELECT closed_before FROM ledger_entity").fetchone() == (None,)
        close()
        post(old, accounts, YESTERDAY)
    assert Transaction.objects.count() == 1
    assert invariants.run().clean


def test_raw_sql_with_the_apps_rights_is_refused(accounts):
    period = close()
    with raw("app") as app:
        with pytest.raises(psycopg.Error) as refused:
            post(app, accounts, YESTERDAY)
        assert (refused.value.sqlstate, refused.value.diag.message_primary) == ("LG000", "period_closed")
        for statement in (
            "UPDATE ledger_entity SET closed_before = NULL",
            "UPDATE ledger_period SET state = 'open'",
            "DELETE FROM ledger_period_account",
            "TRUNCATE ledger_entity, ledger_period, ledger_period_account",
            "INSERT INTO ledger_entity (id, name, zone) VALUES (2, 'x', 'UTC')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
    with raw("owner") as owner:
        for statement in (
            "UPDATE ledger_entity SET closed_before = NULL",
            "UPDATE ledger_entity SET closed_before = closed_before - interval '1 day'",
            "UPDATE ledger_entity SET zone = 'Asia/Tokyo'",
            "DELETE FROM ledger_entity",
            "UPDATE ledger_period SET closed_by = 'somebody else'",
            "DELETE FROM ledger_period",
            "UPDATE ledger_period_account SET digest = repeat('0', 64)",
            "TRUNCATE ledger_period CASCADE",
        ):
            with pytest.raises(psycopg.Error) as refused:
                owner.execute(statement)
            assert refused.value.sqlstate == "LG000", statement
    assert (Transaction.objects.count(), period.state) == (1, "closed")
    assert invariants.run().clean


def test_a_crowd_and_a_closing_leave_every_entry_on_one_side(accounts):
    results = at_once(close, *[lambda: books.receive("1", effective_at=YESTERDAY)] * 20)
    refused = sum(isinstance(result, PeriodClosed) for result in results)
    written = sum(hasattr(result, "replayed") for result in results)
    assert refused + written == 20
    assert results[0].entries == 2 * (1 + written)
    assert invariants.run().clean
