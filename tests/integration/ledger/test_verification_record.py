"""The schedule's verification leaves a record per check, and an event when one breaks or recovers."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from ledger import verifying
from ledger.checks import every
from ledger.errors import InvalidRequest
from ledger.models import Event, Verification
from tests.integration.ledger import books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

NOON = timezone.now().replace(microsecond=0) - timedelta(hours=6)
NO_RIGHT = "42501"
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


def said(findings: Any = (), *, name: str = "balances") -> str:
    return json.dumps([{"name": name, "title": "x", "milliseconds": 1, "findings": list(findings)}])


BROKEN = [{"object": "account", "reference": "acc_1", "detail": "wrong"}]
KEEP = "SELECT ledger_verified(%s, %s, %s)"


def refusal(role: psycopg.Connection[Any], sql: str, values: Any = None) -> str:
    with pytest.raises(psycopg.Error) as refused:
        role.execute(sql, values)  # type: ignore[call-overload]
    return str(refused.value.sqlstate)


def test_neither_app_nor_reader_writes_the_record_by_itself(
    app_connection: psycopg.Connection[Any], reader_connection: psycopg.Connection[Any]
) -> None:
    assert verifying.verify(now=NOON, incremental=False)
    before = list(Verification.objects.values())
    for role in (app_connection, reader_connection):
        for sql in (
            "UPDATE ledger_verification SET passed = true, broken_since = NULL",
            "UPDATE ledger_verification SET checked_at = now()",
            "INSERT INTO ledger_verification SELECT * FROM ledger_verification",
            "DELETE FROM ledger_verification",
            "TRUNCATE ledger_verification",
            "SELECT 1 FROM ledger_verification FOR UPDATE",
        ):
            assert refusal(role, sql) == NO_RIGHT, sql
        assert role.execute("SELECT count(*) FROM ledger_verification").fetchone() == (len(before),)
    assert refusal(reader_connection, KEEP, [NOON, True, said()]) == NO_RIGHT
    assert list(Verification.objects.values()) == before


def test_the_app_keeps_an_outcome_and_cannot_take_back_what_was_found(
    app_connection: psycopg.Connection[Any],
) -> None:
    """Who has the app's password can lie about the next run, but not without a trace, and not about the last one."""
    keep = app_connection.execute
    assert keep(KEEP, [NOON, True, said()]).fetchone() == (True,)
    minute = timedelta(minutes=1)
    assert keep(KEEP, [NOON + minute, False, said(BROKEN)]).fetchone() == (False,)
    assert keep(KEEP, [NOON + 2 * minute, False, said()]).fetchone() == (False,)  # a look at what is new heals nothing
    row = Verification.objects.get()
    assert (row.passed, row.broken_since, row.findings) == (False, NOON + minute, BROKEN)
    assert (row.checked_at, row.full_at) == (NOON + 2 * minute, NOON)
    assert keep(KEEP, [NOON, True, said()]).fetchone() == (False,)  # nor does an older one
    row.refresh_from_db()
    assert (row.passed, row.checked_at) == (False, NOON + 2 * minute)
    assert keep(KEEP, [NOON + 3 * minute, True, said()]).fetchone() == (True,)
    assert told() == [("ledger.check_broken", "check/balances"), ("ledger.check_recovered", "check/balances")]
    assert Event.objects.get(type="ledger.check_broken").data == {"rows": ["account acc_1"]}


@pytest.mark.parametrize(
    ("ahead", "full", "outcomes"),
    [
        (timedelta(minutes=10), True, said()), (None, True, said()), (timedelta(0), None, said()),
        (timedelta(0), True, "{}"), (timedelta(0), True, said(name="")),
        (timedelta(0), True, '[{"name": "balances", "findings": "none"}]'),
        (timedelta(0), True, '[{"name": "balances"}]'),
    ],
)  # fmt: skip
def test_what_is_not_the_outcome_of_a_run_is_refused(
    app_connection: psycopg.Connection[Any], ahead: timedelta | None, full: bool | None, outcomes: str
) -> None:
    at = None if ahead is None else timezone.now() + ahead
    assert refusal(app_connection, KEEP, [at, full, outcomes]) == "LG000"
    assert not Verification.objects.exists()
    assert told() == []


def test_a_run_cannot_be_of_a_time_that_is_still_to_come() -> None:
    with pytest.raises(InvalidRequest):
        verifying.verify(now=timezone.now() + timedelta(hours=1))
    assert not Verification.objects.exists()
