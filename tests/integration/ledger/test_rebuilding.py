"""Projections damaged by hand are written anew from the entries; entries are never touched."""

import io

import pytest
from django.core.management import CommandError, call_command

from ledger import invariants
from ledger.models import Balance, Checkpoint, Hold, Pending
from tests.integration.ledger import books
from tests.integration.ledger.test_corruption import BANK, WALLET, execute, keys

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db, pytest.mark.alone]

DAMAGE = f"""
    UPDATE ledger_balance SET balance = balance + 5, seq = seq + 3, floor = NULL WHERE account_id = {WALLET};
    DELETE FROM ledger_balance WHERE account_id = (SELECT id FROM ledger_account WHERE code = 'client/cl_ada/held');
    UPDATE ledger_pending SET remaining = 1 WHERE transaction_id = %(pending)s;
    UPDATE ledger_pending SET state = 'voided' WHERE transaction_id = %(posted)s;
    UPDATE ledger_hold SET state = 'released', captured = 0, released = amount WHERE id = %(hold_captured)s;
    UPDATE ledger_hold SET amount = amount + 1 WHERE id = %(hold)s;
    UPDATE ledger_checkpoint SET balance = balance + 1 WHERE account_id = {BANK};
    SET LOCAL session_replication_role = origin;
"""


def rebuild(*options):
    out = io.StringIO()
    call_command("rebuild_balances", *options, stdout=out)
    return out.getvalue()


def rows():
    return (
        list(Balance.objects.order_by("pk").values()),
        list(Pending.objects.order_by("pk").values()),
        list(Hold.objects.order_by("pk").values()),
    )


def test_what_was_damaged_is_as_it_was(unguarded):
    before = rows()
    execute(DAMAGE, keys(unguarded))
    assert not invariants.run().clean
    out = rebuild()
    assert out.endswith("8 rows changed.\n"), out
    assert rows() == before
    assert invariants.run().clean


def test_wrong_checkpoints_go_and_the_balance_is_right_without_them(unguarded):
    right = books.balance(books.bank())
    execute(DAMAGE, keys(unguarded))
    assert books.balance(books.bank()) != right
    rebuild()
    assert books.balance(books.bank()) == right
    assert not Checkpoint.objects.filter(account=books.bank().id).exists()
    assert Checkpoint.objects.filter(account=books.payout().id).exists()


def test_a_dry_run_says_the_same_and_changes_nothing(unguarded):
    execute(DAMAGE, keys(unguarded))
    damaged = rows()
    out = rebuild("--dry-run")
    assert "8 rows would change." in out
    assert rows() == damaged


def test_where_nothing_is_wrong_nothing_changes(kept_book):
    assert rebuild() == "0 rows changed.\n"


def test_damaged_entries_are_reported_not_repaired(unguarded):
    execute("UPDATE ledger_entry SET amount = amount + 1 WHERE transaction_id = %(receipt)s", keys(unguarded))
    execute("SET LOCAL session_replication_role = origin", {})
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("rebuild_balances", stdout=out)
    assert f"still wrong: transaction {unguarded['receipt'].public_id}" in out.getvalue()


def test_where_the_entries_break_a_rule_nothing_is_changed(unguarded):
    execute("UPDATE ledger_entry SET amount = amount * 100 WHERE transaction_id = %(transfer)s", keys(unguarded))
    execute("SET LOCAL session_replication_role = origin", {})
    before = rows()
    with pytest.raises(CommandError, match="break a rule"):
        rebuild()
    assert rows() == before
