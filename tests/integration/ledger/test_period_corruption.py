"""Somebody with every right alters what was frozen or kept as a sum: `verify_ledger` finds it and names the row."""

import pytest

from ledger import invariants, rebuilding
from ledger.models import CheckpointSum
from tests.integration.ledger.test_corruption import BANK, execute, keys

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db, pytest.mark.alone]

CLOSE = "SELECT ledger_period_close((ledger_period_open('day', '2026-02-26')), 'usr_x')"

FROZEN = [
    (
        "the digest of a trial balance",
        "UPDATE ledger_period SET trial_digest = repeat('0', 64)",
        "periods",
        "2026-02-26",
    ),
    ("the digest of a period", "UPDATE ledger_period SET digest = repeat('0', 64)", "periods", "2026-02-26"),
    ("a count", "UPDATE ledger_period SET entries = entries + 1", "periods", "2026-02-26"),
    ("a day reopened", "UPDATE ledger_entity SET closed_before = closed_before - interval '1 day'", "periods", "1"),
    ("all of it reopened", "UPDATE ledger_entity SET closed_before = NULL", "periods", "1"),
    (
        "the digest of a statement",
        "UPDATE ledger_period_account SET digest = repeat('0', 64)",
        "period_statements",
        "2026-02-26 client/cl_ada/wallet EUR",
    ),
    (
        "a statement gone",
        "DELETE FROM ledger_period_account",
        "period_statements",
        "2026-02-26 client/cl_ada/wallet EUR",
    ),
    (
        "an entry slipped in",
        """UPDATE ledger_entry SET effective_at = '2026-02-26 10:00Z' WHERE transaction_id = %(transfer)s;
           UPDATE ledger_transaction SET effective_at = '2026-02-26 10:00Z' WHERE id = %(transfer)s""",
        "period_statements",
        "2026-02-26 client/cl_ben/wallet EUR",
    ),
    (
        "an entry moved away",
        """UPDATE ledger_entry SET effective_at = '2026-02-27 10:00Z' WHERE transaction_id = %(late)s;
           UPDATE ledger_transaction SET effective_at = '2026-02-27 10:00Z' WHERE id = %(late)s""",
        "period_statements",
        "2026-02-26 bank/sepa/client-money EUR",
    ),
    (
        "a reason",
        "UPDATE ledger_transaction SET reason = 'MANUAL_ADJUSTMENT' WHERE id = %(late)s",
        "period_statements",
        "2026-02-26 client/cl_ada/wallet EUR",
    ),
]
SUMS = [
    ("the sum of an hour", f"UPDATE ledger_checkpoint_hour SET balance = balance + 1 WHERE account_id = {BANK}"),
    ("an hour gone", f"DELETE FROM ledger_checkpoint_hour WHERE account_id = {BANK}"),
    ("another hour", f"UPDATE ledger_checkpoint_hour SET hour = hour - interval '1 hour' WHERE account_id = {BANK}"),
    ("the latest time", f"UPDATE ledger_checkpoint SET recorded_high = now() WHERE account_id = {BANK}"),
    ("the earliest time", f"UPDATE ledger_checkpoint SET recorded_low = now() WHERE account_id = {BANK}"),
]


@pytest.mark.parametrize(("sql", "check", "row"), [row[1:] for row in FROZEN], ids=[row[0] for row in FROZEN])
def test_what_was_frozen_is_found_altered(unguarded, sql, check, row):
    execute(CLOSE, {})
    assert invariants.run().clean
    execute(sql, keys(unguarded))
    found = {(finding.check, finding.reference) for finding in invariants.run().findings}
    assert (check, row) in found, found


@pytest.mark.parametrize("sql", [row[1] for row in SUMS], ids=[row[0] for row in SUMS])
def test_a_kept_sum_is_found_altered(unguarded, sql):
    assert invariants.run().clean
    execute(sql, {})
    assert "checkpoint_hours" in {finding.check for finding in invariants.run().findings}


# The last checkpoint made the 32nd, with the block that would then stand there.
BLOCK = f"""
    UPDATE ledger_checkpoint SET number = 32
     WHERE horizon = (SELECT max(horizon) FROM ledger_checkpoint WHERE account_id = {BANK}) AND account_id = {BANK};
    INSERT INTO ledger_checkpoint_sum (account_id, level, horizon, hour, balance, pending_in, pending_out)
    SELECT c.account_id, 1, c.horizon, r.hour, r.balance, r.pending_in, r.pending_out
      FROM ledger_checkpoint c, ledger_checkpoint_running(c.account_id, 0, c.horizon) r
     WHERE c.account_id = {BANK} AND c.number = 32;"""
ONE_SUM = f"""(account_id, hour) = (SELECT account_id, max(hour) FROM ledger_checkpoint_sum
                                    WHERE account_id = {BANK} GROUP BY 1)"""
BLOCKS = [
    ("a sum", f"UPDATE ledger_checkpoint_sum SET balance = balance + 1 WHERE {ONE_SUM}", 1),
    ("what is pending", f"UPDATE ledger_checkpoint_sum SET pending_out = pending_out + 1 WHERE {ONE_SUM}", 1),
    ("a sum gone", f"DELETE FROM ledger_checkpoint_sum WHERE {ONE_SUM}", 1),
    ("another hour", f"UPDATE ledger_checkpoint_sum SET hour = hour + interval '1 hour' WHERE {ONE_SUM}", 2),
    ("a level that is not due", f"UPDATE ledger_checkpoint_sum SET level = 2 WHERE {ONE_SUM}", 2),
]


def _wrong_sums():
    details = [f.detail for f in invariants.run().findings if f.check == "checkpoint_sums"]
    return [int(words.split("; ")[-1].split()[0]) for words in details if "sums of its blocks" in words]


@pytest.mark.parametrize(("sql", "wrong"), [row[1:] for row in BLOCKS], ids=[row[0] for row in BLOCKS])
def test_a_block_of_checkpoints_is_found_altered(unguarded, sql, wrong):
    execute(BLOCK, {})
    [number] = [f.detail for f in invariants.run().findings if f.check == "checkpoint_sums"]
    assert number.endswith("has number 32 instead of 2")
    execute(sql, {})
    assert _wrong_sums() == [wrong]


def test_sums_of_no_checkpoint_are_found_and_taken_away(unguarded):
    execute(
        f"""INSERT INTO ledger_checkpoint_sum (account_id, level, horizon, hour, balance, pending_in, pending_out)
            SELECT account_id, 1, 1, max(hour), 5, 0, 0 FROM ledger_checkpoint_hour
             WHERE account_id = {BANK} GROUP BY 1""",
        {},
    )
    assert {finding.check for finding in invariants.run().findings} == {"checkpoint_sums"}
    rebuilding.rebuild(dry_run=False)
    assert invariants.run().clean


def test_checkpoints_go_from_the_first_block_that_is_wrong(unguarded):
    execute(BLOCK, {})
    assert [change.object for change in rebuilding.rebuild(dry_run=False)] == ["checkpoint"]
    assert not CheckpointSum.objects.exists()
    assert invariants.run().clean


def test_an_hour_of_no_checkpoint_is_found(unguarded):
    execute(
        """INSERT INTO ledger_checkpoint_hour (account_id, horizon, hour, balance, pending_in, pending_out, entries)
           SELECT account_id, 1, hour, balance, 0, 0, 1 FROM ledger_checkpoint_hour LIMIT 1""",
        {},
    )
    assert {finding.check for finding in invariants.run().findings} == {"checkpoint_hours"}
