"""The schedule's verification leaves a record per check, and an event when one breaks or recovers."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger import verifying
from ledger.checks import every
from ledger.models import Event, Verification
from tests.integration.ledger import books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BREAK = "UPDATE ledger_balance SET balance = balance + 1 WHERE seq > 0"


def told() -> list[tuple[str, str]]:
    return list(Event.objects.filter(type__startswith="ledger.check").order_by("pk").values_list("type", "object_ref"))


def test_a_full_run_leaves_a_line_for_every_check():
    books.receive("10")
    assert verifying.verify(now=NOON, incremental=False)
    rows = Verification.objects.all()
    assert {row.check_name for row in rows} == {check.name for check in every()}
    assert all(row.passed and row.checked_at == row.full_at == NOON and row.findings == [] for row in rows)
    assert told() == []


def test_what_breaks_stays_broken_until_a_full_run_says_otherwise(superuser_connection):
    books.receive("10")
    assert verifying.verify(now=NOON, incremental=False)
    superuser_connection.execute(BREAK)
    assert not verifying.verify(now=NOON + timedelta(minutes=1), incremental=False)
    row = Verification.objects.get(check_name="balances")
    assert (row.passed, row.broken_since) == (False, NOON + timedelta(minutes=1))
    assert row.findings[0]["object"] == "account"
    assert told() == [("ledger.check_broken", "check/balances")]

    books.receive("1", to=books.wallet(books.BEN))
    assert not verifying.verify(now=NOON + timedelta(minutes=2))
    row.refresh_from_db()
    assert (row.passed, row.broken_since) == (False, NOON + timedelta(minutes=1))
    assert row.findings

    superuser_connection.execute(
        BREAK.replace("+ 1", "- 1") + " AND account_id <> (SELECT max(account_id) FROM ledger_balance)"
    )
    assert verifying.verify(now=NOON + timedelta(minutes=12)), (
        "the last full run is ten minutes old: look at everything"
    )
    row.refresh_from_db()
    assert (row.passed, row.broken_since, row.findings) == (True, None, [])
    assert told()[1:] == [("ledger.check_recovered", "check/balances")]


def test_a_look_at_what_is_new_keeps_the_time_of_the_last_full_one():
    books.receive("10")
    assert verifying.verify(now=NOON, incremental=False)
    books.receive("10")
    later = NOON + timedelta(minutes=1)
    assert verifying.verify(now=later)
    row = Verification.objects.get(check_name="balanced")
    assert (row.checked_at, row.full_at) == (later, NOON)
