"""The exported book, read by programs that know nothing of ours: accepted as it is, and they compute our balances."""

import csv
import errno
import hashlib
import io
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal, localcontext

import pytest
from beancount import loader
from beancount.core import inventory
from beancount.core.data import Balance, Open, Transaction
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from ledger import queries
from ledger.exports import beancount, hledger
from ledger.models import Event

pytestmark = pytest.mark.django_db

needs_hledger = pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed on this machine")


def export(**options):
    out = io.StringIO()
    call_command("export_journal", stdout=out, **options)
    return out.getvalue()


def our_balances(effective_at=None):
    """(code, currency) → balance, debit positive, for every account that is not empty."""
    rows = queries.trial_balance(effective_at=effective_at)
    return {(row.code, row.currency): row.debit - row.credit for row in rows if row.balance}


def beancount_balances(text):
    """Load with Beancount; every account's balance as it computes it. Any complaint fails."""
    with localcontext() as context:
        context.prec = 60
        entries, errors, _ = loader.load_string(text)
        assert [str(error) for error in errors] == []
        totals = {}
        for entry in entries:
            for posting in entry.postings if isinstance(entry, Transaction) else ():
                totals.setdefault(posting.account, inventory.Inventory()).add_amount(posting.units)
    found = {
        (beancount.account_code(account), beancount.currency_code(position.units.currency)): position.units.number
        for account, total in totals.items()
        for position in total
    }
    return {key: amount for key, amount in found.items() if amount}, entries


def run_hledger(text, *arguments):
    done = subprocess.run(["hledger", "-f", "-", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def hledger_balances(text):
    """Every account's balance as hledger computes it, in full precision (its JSON keeps only ten decimals)."""
    rows = csv.DictReader(run_hledger(text, "balance", "--flat", "--real", "--layout=bare", "-O", "csv").splitlines())
    found = {
        (hledger.account_code(row["account"]), hledger.currency_code(row["commodity"])): Decimal(row["balance"])
        for row in rows
        if row["account"] != "total"
    }
    return {key: amount for key, amount in found.items() if amount}


def test_beancount_accepts_the_book_and_computes_our_balances(kept_book):
    found, entries = beancount_balances(export(format="beancount"))
    assert found == our_balances()
    accounts = {row.code for row in queries.trial_balance()}
    assert {beancount.account_code(entry.account) for entry in entries if isinstance(entry, Open)} == accounts
    assert len([entry for entry in entries if isinstance(entry, Balance)]) == len(queries.trial_balance())


def test_beancount_knows_every_transaction_with_its_id_reason_and_source(kept_book):
    _, entries = beancount_balances(export(format="beancount"))
    by_id = {entry.meta["id"]: entry for entry in entries if isinstance(entry, Transaction)}
    assert by_id.keys() == {made.public_id for name, made in kept_book.items() if not hasattr(made, "hold_id")} | {
        made.posted.public_id for made in kept_book.values() if hasattr(made, "hold_id")
    }
    receipt = by_id[kept_book["receipt"].public_id]
    assert (receipt.meta["reason"], receipt.meta["source"]) == ("BANK_RECEIPT", "test/receipt/r1")
    assert receipt.narration == 'Rent "March"; first, part'
    assert json.loads(by_id[kept_book["late"].public_id].meta["data"])["note"] == 'über; a, "b"\nc'


def test_in_beancount_what_is_pending_has_no_postings(kept_book):
    _, entries = beancount_balances(export(format="beancount"))
    pending = next(e for e in entries if isinstance(e, Transaction) and e.meta["id"] == kept_book["pending"].public_id)
    assert (pending.flag, pending.postings, "pending" in pending.tags) == ("!", [], True)
    assert pending.meta["reserves-1"] == "client/cl_ada/wallet 40.00 EUR"


def test_a_wrong_balance_is_not_accepted_by_beancount(kept_book):
    text = export(format="beancount").replace(
        "balance Liabilities:Client:ClUada:Wallet  -", "balance Liabilities:Client:ClUada:Wallet  -1"
    )
    _, errors, _ = loader.load_string(text)
    assert errors


@needs_hledger
def test_hledger_accepts_the_book_in_strict_mode_and_computes_our_balances(kept_book):
    text = export(format="hledger")
    run_hledger(text, "check", "--strict")
    run_hledger(text, "check", "ordereddates")
    assert hledger_balances(text) == our_balances()


@needs_hledger
def test_in_hledger_what_is_pending_is_virtual_and_apart(kept_book):
    out = run_hledger(export(format="hledger"), "balance", "--flat", "pending:", "-O", "csv")
    assert '"pending:liabilities:client:cl_ada:trading:mt5:1001","-65.50 EUR"' in out


@needs_hledger
def test_hledger_and_beancount_agree(kept_book):
    assert hledger_balances(export(format="hledger")) == beancount_balances(export(format="beancount"))[0]


def test_a_part_of_the_book_stands_by_itself(kept_book):
    """March 2nd to 4th: opening balances carry what came before, the end asserts what was true then."""
    dates = {"first": "2026-03-02", "last": "2026-03-04"}
    found, _ = beancount_balances(part(dates))
    assert found == our_balances(datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC))
    if shutil.which("hledger"):
        text = part(dates, "hledger")
        run_hledger(text, "check", "--strict")
        assert hledger_balances(text) == found


def part(dates, kind="beancount"):
    out = io.StringIO()
    call_command("export_journal", f"--format={kind}", f"--from={dates['first']}", f"--to={dates['last']}", stdout=out)
    return out.getvalue()


def test_the_book_is_written_to_a_file_whole(kept_book, tmp_path):
    target = tmp_path / "book.beancount"
    err = io.StringIO()
    call_command("export_journal", "--format=beancount", "--output", str(target), stderr=err)
    assert target.read_text() == export(format="beancount")
    assert [path.name for path in tmp_path.iterdir()] == ["book.beancount"]


def test_dates_the_wrong_way_round_are_refused(kept_book):
    with pytest.raises(CommandError, match="--from is after --to"):
        part({"first": "2026-03-04", "last": "2026-03-02"})


def told():
    """What the log says of books that were taken away."""
    rows = Event.objects.filter(type="book.exported").order_by("id")
    return [(event.object_ref, event.actor, event.data) for event in rows]


def test_who_takes_the_book_from_the_shell_is_in_the_log_with_its_digest(kept_book, tmp_path):
    target = tmp_path / "book.journal"
    err = io.StringIO()
    call_command("export_journal", "--format=hledger", "--to=2026-03-04", "--output", str(target), stderr=err)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    first = ("book", "system:export_journal", {"format": "hledger", "to": "2026-03-04", "sha256": digest})
    assert told() == [first]
    digest = hashlib.sha256(export(format="beancount").encode()).hexdigest()
    assert told() == [first, ("book", "system:export_journal", {"format": "beancount", "sha256": digest})]


class Full(io.StringIO):
    """A disk that is full: what was buffered does not get there."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def write(self, text):
        if self.tell() > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)

    def flush(self):
        if self.room == sys.maxsize:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("room", [200, sys.maxsize])
def test_a_book_that_could_not_be_printed_whole_is_not_said_to_have_been_taken(kept_book, room):
    with pytest.raises(OSError, match="No space left"):
        call_command("export_journal", "--format=hledger", stdout=Full(room))
    assert told() == []


def test_a_file_that_could_not_be_written_leaves_neither_an_event_nor_itself(kept_book, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    for target in (tmp_path / "no folder" / "book.journal", taken):
        with pytest.raises(OSError, match=str(target)):
            call_command("export_journal", "--format=hledger", "--output", str(target), stderr=io.StringIO())
    assert told() == []
    assert list(tmp_path.rglob("*")) == [taken]


def test_what_cannot_be_recorded_is_not_given_away(kept_book, tmp_path, monkeypatch):
    """The log fails when the file is complete: the file of last time stays, the new one is gone."""

    def refused(**facts):
        raise DatabaseError("the log is full")

    target = tmp_path / "book.journal"
    target.write_text("last time's")
    monkeypatch.setattr("ledger.events.record", refused)
    with pytest.raises(DatabaseError, match="the log is full"):
        call_command("export_journal", "--format=hledger", "--output", str(target), stderr=io.StringIO())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("book.journal", "last time's")]
