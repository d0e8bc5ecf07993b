"""`verify_ledger` as people and schedules use it."""

import io
import json

import pytest
from django.core.cache import cache
from django.core.management import call_command

from ledger import invariants
from ledger.checks import every
from tests.integration.ledger import books
from tests.integration.ledger.alterations import WALLET
from tests.integration.ledger.test_corruption import execute, keys

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db, pytest.mark.alone]


def verify(*options):
    """(exit code, output)."""
    out = io.StringIO()
    try:
        call_command("verify_ledger", *options, stdout=out)
    except SystemExit as leaving:
        return leaving.code, out.getvalue()
    return 0, out.getvalue()


def test_a_clean_book_says_so_and_ends_with_zero(kept_book):
    code, out = verify()
    assert code == 0
    assert "FAIL" not in out
    assert f"The books are right: {len(every())} checks from the first entry on" in out.splitlines()[-1]


def test_a_broken_one_names_the_row_and_ends_with_one(unguarded):
    execute(
        "UPDATE ledger_entry SET amount = amount + 1 WHERE transaction_id = %(receipt)s AND leg = 2", keys(unguarded)
    )
    code, out = verify()
    assert code == 1
    assert f"transaction {unguarded['receipt'].public_id}: its posted entries differ by 1 EUR" in out
    assert "checks FAILED" in out.splitlines()[-1]


def test_json_says_the_same(unguarded):
    execute(
        "UPDATE ledger_entry SET amount = amount + 1 WHERE transaction_id = %(receipt)s AND leg = 2", keys(unguarded)
    )
    code, out = verify("--json")
    report = json.loads(out)
    assert (code, report["clean"], report["incremental"]) == (1, False, False)
    balanced = next(check for check in report["checks"] if check["name"] == "balanced")
    assert balanced["findings"] == [
        {
            "object": "transaction",
            "reference": unguarded["receipt"].public_id,
            "detail": "its posted entries differ by 1 EUR",
        }
    ]


def test_no_more_rows_are_named_than_asked_for(unguarded):
    execute("UPDATE ledger_entry SET recorded_at = recorded_at - interval '9 years'", {})
    headers = next(outcome for outcome in invariants.run(limit=3).outcomes if outcome.name == "headers")
    assert (len(headers.findings), headers.more) == (3, True)


@pytest.mark.django_db(transaction=True)
def test_what_is_new_is_looked_at_from_the_last_clean_run_on(transactional_db):
    books.receive("100")
    assert invariants.run(incremental=True).since == 0  # nobody has looked yet
    seen = cache.get(invariants.SEEN)
    books.receive("5")
    books.send("10", to=books.trading(), pending=True)
    report = invariants.run(incremental=True)
    assert (report.clean, report.since) == (True, seen)
    assert cache.get(invariants.SEEN) > seen


def test_new_damage_is_found_without_looking_at_the_old(unguarded):
    cache.set(invariants.SEEN, 1_000_000_000)  # far ahead: limited to what had ended when the run began
    execute(f"UPDATE ledger_balance SET balance = balance + 1 WHERE account_id = {WALLET}", {})
    assert invariants.run(incremental=True).findings == []  # an old account, not touched since
    cache.set(invariants.SEEN, 1)
    execute(
        "UPDATE ledger_entry SET balance_after = 3 WHERE transaction_id = %(transfer)s AND leg = 1", keys(unguarded)
    )
    found = {finding.check for finding in invariants.run(incremental=True).findings}
    assert {"chain", "balances"} <= found
    assert cache.get(invariants.SEEN) == 1  # an unclean run does not move the mark
