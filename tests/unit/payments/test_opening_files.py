"""Reading the files of a cut-over: every error has its line, and none hides another."""

from datetime import date
from decimal import Decimal

import pytest

from payments import opening_files
from payments.opening_files import COLUMNS
from tests.factories import cutover

TODAY = date(2026, 11, 20)
GOOD = dict(zip(COLUMNS, cutover.EVERYTHING[0], strict=True))


def read(*changes):
    rows = [tuple((GOOD | change).values()) for change in changes]
    return opening_files.read(cutover.balances(rows), today=TODAY)


def test_a_whole_file_is_read():
    rows, errors = opening_files.read(cutover.balances(), today=TODAY)
    assert errors == []
    assert [row.path for row in rows] == [
        "wallet", "pocket/savings", "trading/mt5/70001", "bonus/mt5/70001", "wallet", "debt", "wallet",
        "bank/sepa/client-money", "psp/stripe/clearing", "psp/sepa/payout",
    ]  # fmt: skip
    assert rows[0].line == 2
    assert opening_files.totals_of(rows)["wallet", "EUR"] == (2, Decimal("1000.50"))
    totals, errors = opening_files.read_control(cutover.control())
    assert errors == []
    assert opening_files.differences(opening_files.totals_of(rows), totals) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"amount": "1,000.50"}, "amount"),
        ({"amount": "1000.505"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": "JPY", "amount": "1.5"}, "amount"),
        ({"kind": "purse"}, "kind"),
        ({"kind": "held"}, "kind"),
        ({"kind": "income"}, "kind"),
        ({"account": "savings"}, "account"),
        ({"kind": "pocket"}, "account"),
        ({"kind": "pocket", "account": "Sav/ings"}, "account"),
        ({"kind": "trading", "account": "70001"}, "account"),
        ({"kind": "bank_own", "account": "sepa"}, "client_external_id"),
        ({"client_external_id": ""}, "client_external_id"),
        ({"client_external_id": "x" * 121}, "client_external_id"),
        ({"as_of": "31.10.2026"}, "as_of"),
        ({"as_of": "2026-02-30"}, "as_of"),
        ({"as_of": "2026-11-21"}, "as_of"),
        ({"name": "a\tb"}, "name"),
    ],
)
def test_each_error_names_its_line_and_column(change, column):
    rows, errors = read({}, change)
    assert len(rows) == 1
    assert {(error.line, error.column) for error in errors} == {(3, column)}


def test_all_errors_come_at_once():
    _, errors = read({"amount": "?"}, {"as_of": "?"}, {"kind": "?"}, {"amount": "?", "as_of": "?"})
    assert [error.line for error in errors] == [2, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("second", "column"),
    [
        ({}, "account"),
        ({"kind": "debt", "name": "Adam Lund"}, "name"),
    ],
)
def test_lines_that_contradict_each_other(second, column):
    _, errors = read({}, second)
    assert [(error.line, error.column) for error in errors] == [(3, column)]


def test_one_login_has_one_owner_and_one_currency():
    login = {"kind": "trading", "account": "mt5:1"}
    _, errors = read(login, login | {"client_external_id": "c9", "name": "", "email": "", "country": ""})
    assert [error.column for error in errors] == ["account"]
    _, errors = read(login, login | {"currency": "USD"})
    assert [error.column for error in errors] == ["account"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"a,b\n1,2\n", ",".join(COLUMNS).encode() + b'\n"open,1\n', b'"']
)
def test_what_is_no_such_file_is_an_error_and_never_a_crash(content):
    rows, errors = opening_files.read(content, today=TODAY)
    assert rows == []
    assert errors


def test_a_line_with_too_few_cells_is_named():
    _, errors = opening_files.read(cutover.balances() + b"c3,x\n\n", today=TODAY)
    assert [error.line for error in errors] == [12]


@pytest.mark.parametrize(
    "line", ["wallet,EUR,x,1", "purse,EUR,1,1", "wallet,XXX,1,1", "wallet,EUR,1,1,0", "wallet,EUR,2,1000.50"]
)
def test_a_control_file_with_an_error_is_refused(line):
    _, errors = opening_files.read_control(cutover.control() + line.encode() + b"\n")
    assert len(errors) == 1


def test_every_difference_from_the_control_totals_is_named():
    rows, _ = opening_files.read(cutover.balances(), today=TODAY)
    totals, _ = opening_files.read_control(cutover.control(cutover.EVERYTHING[1:-1]))
    found = opening_files.differences(opening_files.totals_of(rows), totals)
    assert len(found) == 2
    assert "wallet in EUR: the file has 2 rows and 1000.50, the control 1 and 0" in found[1].words
