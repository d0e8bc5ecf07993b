"""Somebody with every right alters a row behind the ledger's back: `verify_ledger` finds it and names the row."""

import pytest
from django.db import connection

from ledger import ids, invariants
from ledger.models import Account, Checkpoint, Entry, Event
from tests.integration.ledger.alterations import BANK, BEN, LAST, TWO_PHASE, WALLET, Alteration
from tests.integration.ledger.forbidden import FORBIDDEN

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db, pytest.mark.alone]

ALTERATIONS = [
    Alteration(
        "one amount",
        "UPDATE ledger_entry SET amount = amount + 1 WHERE transaction_id = %(receipt)s AND leg = 2",
        "balanced",
        "receipt",
    ),
    Alteration(
        "both amounts of a transaction, so that it still balances",
        "UPDATE ledger_entry SET amount = amount * 2 WHERE transaction_id = %(receipt)s",
        "chain",
        "receipt/2",
    ),
    Alteration(
        "the amounts of the house entries alone",
        "UPDATE ledger_entry SET amount = amount * 2 WHERE transaction_id = %(conversion)s AND seq IS NULL",
        "balanced",
        "conversion",
    ),
    Alteration(
        "the account of an entry",
        f"UPDATE ledger_entry SET account_id = {BEN}, seq = 99 WHERE transaction_id = %(receipt)s AND leg = 2",
        "chain",
        "receipt/2",
    ),
    Alteration(
        "the currency of an entry",
        "UPDATE ledger_entry SET currency = 'USD' WHERE transaction_id = %(receipt)s AND leg = 2",
        "entry_accounts",
        "receipt/2",
    ),
    Alteration(
        "the decimals of two entries",
        "UPDATE ledger_entry SET amount = amount + sign(amount) * 0.001 WHERE transaction_id = %(receipt)s",
        "entry_accounts",
        "receipt/1",
    ),
    Alteration(
        "an entry deleted",
        "DELETE FROM ledger_entry WHERE transaction_id = %(receipt)s AND leg = 1",
        "whole",
        "receipt",
    ),
    Alteration(
        "both entries deleted",
        "DELETE FROM ledger_entry WHERE transaction_id = %(after_checkpoint)s",
        "whole",
        "after_checkpoint",
    ),
    Alteration("a header deleted", "DELETE FROM ledger_transaction WHERE id = %(transfer)s", "headers", "transfer/1"),
    Alteration(
        "a balanced pair added to an old transaction",
        """INSERT INTO ledger_entry (transaction_id, leg, account_id, currency, amount, layer, seq, balance_after,
               pending_in_after, pending_out_after, effective_at, recorded_at, backdated, xid)
           SELECT transaction_id, leg + 2, account_id, currency, amount, layer, seq + 500, balance_after,
                  pending_in_after, pending_out_after, effective_at, recorded_at, backdated, xid
             FROM ledger_entry WHERE transaction_id = %(receipt)s""",
        "whole",
        "receipt",
    ),
    Alteration(
        "the legs renumbered",
        "UPDATE ledger_entry SET leg = 7 WHERE transaction_id = %(receipt)s AND leg = 2",
        "whole",
        "receipt",
    ),
    Alteration(
        "a balance row",
        f"UPDATE ledger_balance SET balance = balance + 5 WHERE account_id = {WALLET}",
        "balances",
        "wallet",
    ),
    Alteration(
        "a pending figure",
        f"UPDATE ledger_balance SET pending_out = pending_out - 1 WHERE account_id = {WALLET}",
        "balances",
        "wallet",
    ),
    Alteration(
        "a sequence", f"UPDATE ledger_balance SET seq = seq + 1 WHERE account_id = {WALLET}", "balances", "wallet"
    ),
    Alteration(
        "the account's clock",
        f"UPDATE ledger_balance SET effective_high = now() WHERE account_id = {WALLET}",
        "balances",
        "wallet",
    ),
    Alteration(
        "a balance row deleted", f"DELETE FROM ledger_balance WHERE account_id = {WALLET}", "balance_rows", "wallet"
    ),
    Alteration(
        "a floor lifted",
        f"UPDATE ledger_balance SET floor = NULL WHERE account_id = {WALLET}",
        "balance_rows",
        "wallet",
    ),
    Alteration(
        "a gap in the sequence",
        f"UPDATE ledger_entry SET seq = seq + 1 WHERE account_id = {WALLET} AND seq = {LAST}",
        "chain",
        "after_checkpoint/2",
    ),
    Alteration(
        "a running balance",
        "UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE transaction_id = %(transfer)s AND leg = 1",
        "chain",
        "transfer/1",
    ),
    Alteration(
        "a running pending figure",
        "UPDATE ledger_entry SET pending_out_after = 0 WHERE transaction_id = %(pending)s AND leg = 1",
        "chain",
        "pending/1",
    ),
    Alteration(
        "the backdated flag",
        "UPDATE ledger_entry SET backdated = NOT backdated WHERE transaction_id = %(late)s AND leg = 2",
        "chain",
        "late/2",
    ),
    Alteration(
        "the effective time of an entry",
        "UPDATE ledger_entry SET effective_at = '2020-01-01' WHERE transaction_id = %(transfer)s AND leg = 1",
        "headers",
        "transfer/1",
    ),
    Alteration(
        "the effective time of a whole transaction",
        """UPDATE ledger_entry SET effective_at = '2099-01-01' WHERE transaction_id = %(transfer)s;
           UPDATE ledger_transaction SET effective_at = '2099-01-01' WHERE id = %(transfer)s""",
        "chain",
        "pending/1",
    ),
    Alteration(
        "the recorded time of an entry",
        "UPDATE ledger_entry SET recorded_at = '2099-01-01' WHERE transaction_id = %(receipt)s AND leg = 2",
        "chain",
        "late/2",
    ),
    Alteration(
        "posted turned into pending",
        "UPDATE ledger_entry SET layer = 1 WHERE transaction_id = %(transfer)s",
        "headers",
        "transfer/1",
    ),
    Alteration(
        "a reason",
        "UPDATE ledger_transaction SET reason = 'NOBODY_KNOWS' WHERE id = %(transfer)s",
        "reasons",
        "transfer",
    ),
    Alteration(
        "a phase", "UPDATE ledger_transaction SET phase = 'pending' WHERE id = %(transfer)s", "headers", "transfer/1"
    ),
    Alteration(
        "what remains pending",
        "UPDATE ledger_pending SET remaining = 1 WHERE transaction_id = %(pending)s",
        "pendings",
        "pending",
    ),
    Alteration(
        "a posted reservation called void",
        "UPDATE ledger_pending SET state = 'voided' WHERE transaction_id = %(posted)s",
        "pendings",
        "posted",
    ),
    Alteration(
        "a reservation deleted", "DELETE FROM ledger_pending WHERE transaction_id = %(pending)s", "pendings", "pending"
    ),
    Alteration(
        "a resolution pointing elsewhere",
        "UPDATE ledger_transaction SET pending_id = %(transfer)s WHERE id = %(posted_post)s",
        "resolutions",
        "posted_post",
    ),
    Alteration(
        "a reversal made larger",
        "UPDATE ledger_entry SET amount = amount * 2 WHERE transaction_id = %(reversal)s",
        "reversals",
        "wrong",
    ),
    Alteration(
        "a reversal pointing at another original",
        "UPDATE ledger_transaction SET reverses_id = %(after_checkpoint)s WHERE id = %(reversal)s",
        "reversals",
        "after_checkpoint",
    ),
    Alteration(
        "the amount of a hold", "UPDATE ledger_hold SET amount = amount - 1 WHERE id = %(hold)s", "holds", "hold hold"
    ),
    Alteration(
        "what was captured",
        "UPDATE ledger_hold SET captured = captured + 1 WHERE id = %(hold_part)s",
        "holds",
        "hold hold_part",
    ),
    Alteration(
        "captured turned into released",
        "UPDATE ledger_hold SET state = 'released', captured = 0, released = amount WHERE id = %(hold_captured)s",
        "holds",
        "hold hold_captured",
    ),
    Alteration(
        "released turned into expired",
        "UPDATE ledger_hold SET state = 'expired' WHERE id = %(hold_released)s",
        "holds",
        "hold hold_released",
    ),
    Alteration("a hold deleted", "DELETE FROM ledger_hold WHERE id = %(hold)s", "holds", "hold hold"),
    Alteration(
        "a hold on another wallet",
        f"UPDATE ledger_hold SET wallet_id = {BEN} WHERE id = %(hold)s",
        "hold_rows",
        "hold hold",
    ),
    Alteration(
        "a movement cut off from its hold",
        "UPDATE ledger_transaction SET moves_hold_id = NULL WHERE id = %(hold_capture)s",
        "held_entries",
        "hold_capture/1",
    ),
    Alteration(
        "a checkpoint",
        f"UPDATE ledger_checkpoint SET balance = balance + 1 WHERE account_id = {BANK}",
        "checkpoints",
        "checkpoint",
    ),
    Alteration(
        "a checkpoint's count",
        f"UPDATE ledger_checkpoint SET entries = entries + 1 WHERE account_id = {BANK}",
        "checkpoints",
        "checkpoint",
    ),
    Alteration(
        "a database transaction from the future",
        """UPDATE ledger_transaction SET xid = xid + 1000000 WHERE id = %(transfer)s;
           UPDATE ledger_entry SET xid = xid + 1000000 WHERE transaction_id = %(transfer)s""",
        "horizon",
        "transfer",
    ),
    Alteration(
        "an account's category",
        f"UPDATE ledger_account SET category = 'asset' WHERE id = {WALLET}",
        "accounts",
        "wallet",
    ),
    Alteration(
        "an account's code",
        f"UPDATE ledger_account SET code = 'client/cl_ada/pocket/x' WHERE id = {WALLET}",
        "accounts",
        "wallet",
    ),
    Alteration(
        "the decimals of a currency", "UPDATE ledger_currency SET exponent = 3 WHERE code = 'EUR'", "catalogues", "EUR"
    ),
    Alteration(
        "what passes a freeze",
        "UPDATE ledger_reason SET passes_freeze = true WHERE code = 'HOLD_PLACED'",
        "catalogues",
        "HOLD_PLACED",
    ),
    Alteration(
        "an event with a number of its own",
        """INSERT INTO ledger_event (id, type, object_ref, client_ref, actor, person, on_behalf_of, device, request_id,
               occurred_at, recorded_at, xid) VALUES (987654321, 'x', 'y', '', 'z', '', '', '', '', now(), now(), 1)""",
        "events",
        "event",
    ),
    Alteration(
        "a guard switched off",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_guard",
        "guards",
        "ledger_entry_guard",
    ),
    Alteration(
        "a rule dropped",
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_floor",
        "guards",
        "ledger_balance_floor",
    ),
    *TWO_PHASE,
    *FORBIDDEN,
]


def keys(made):
    """The keys of everything the book made, for the statements."""
    return {name: thing.hold_id if hasattr(thing, "hold_id") else thing.id for name, thing in made.items()}


def reference(row, made):
    """What the report calls the row, looked up before it is altered; "" for one that is only added."""
    if not row:
        return ""
    if row == "wallet":
        return Account.objects.get(code="client/cl_ada/wallet", currency="EUR").public_id
    if row == "checkpoint":
        return str(Checkpoint.objects.filter(account__code="bank/sepa/client-money").order_by("horizon").first().pk)
    if row == "event":
        return Event(pk=987654321).public_id
    if row.startswith("hold "):
        return ids.encode("hold", keys(made)[row.removeprefix("hold ")])
    name, _, leg = row.partition("/")
    if leg:
        return str(Entry.objects.get(transaction=keys(made)[name], leg=leg).pk)
    return made[name].public_id if name in made else row


def execute(sql, parameters):
    """Several statements at once need the parameters in the text."""
    for name, key in parameters.items():
        sql = sql.replace(f"%({name})s", f"'{key}'")
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_book_is_right_before_anyone_touches_it(kept_book):
    report = invariants.run()
    assert report.findings == []
    assert {outcome.name for outcome in report.outcomes} >= {each.check for each in ALTERATIONS}


@pytest.mark.parametrize("alteration", ALTERATIONS, ids=str)
def test_an_alteration_is_found_and_its_row_is_named(unguarded, alteration):
    expected = reference(alteration.row, unguarded)
    execute(alteration.sql, keys(unguarded))
    report = invariants.run()
    assert not report.clean
    named = {finding.reference for finding in report.findings if finding.check == alteration.check}
    assert expected in named or (named and not expected), [str(finding) for finding in report.findings]


def test_the_book_is_right_after_all_of_it_was_undone(kept_book):
    assert invariants.run().clean
