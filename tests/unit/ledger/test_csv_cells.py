"""Cells of CSV files: no text becomes a formula, no number loses its sign, and a parser gives back what was written."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ledger.exports import csv_cells

COMMANDS = (
    "1+1", "SUM(A1:A9)", "cmd|'/c calc'!A0", "HYPERLINK(\"http://x\",\"y\")", "IMPORTXML(A1,B1)", "WEBSERVICE(A1)",
    "DDE(\"cmd\";\"/c calc\";\"x\")", "@SUM(1)", "2+5+cmd|' /C calc'!A0", "A1",
)  # fmt: skip
SIGNS = ("=", "+", "-", "@", "\t=", "\r=", "\n=", "\u2212", "\uff1d", "\uff0b", "\uff0d", "\uff20")
PAYLOADS = [sign + command for sign in SIGNS for command in COMMANDS]
HIDDEN = [f"{space}={COMMANDS[0]}" for space in (" ", "\u00a0", "\ufeff", "\u200b", "\x00", "\u3000", "  ")]


def read_back(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_corpus_is_large_enough():
    assert len(PAYLOADS) + len(HIDDEN) > 60


@pytest.mark.parametrize("payload", PAYLOADS + HIDDEN, ids=ascii)
def test_no_text_is_a_formula_after_a_parser_has_read_it(payload):
    [[cell, after]] = read_back(csv_cells.line([payload, "after"]))
    assert cell.startswith("'")
    assert after == "after"


def test_headers_are_texts_like_any_other():
    assert csv_cells.line(["=1+1"]).startswith("\"'=1+1")


@pytest.mark.parametrize("amount", ["-12.50", "0.00", "1234567890123456789.000000000000000001", "-0.01", "1E+3"])
def test_numbers_stay_numbers_with_their_sign(amount):
    [[cell]] = read_back(csv_cells.line([Decimal(amount)]))
    assert Decimal(cell) == Decimal(amount)
    assert "E" not in cell


@pytest.mark.parametrize("text", ['a "quoted" word', "a,b", "a;b", "two\r\nlines", " space", "über", "-", "'", "5 - 3"])
def test_plain_texts_come_back(text):
    [[cell]] = read_back(csv_cells.line([text]))
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_times_and_empty_cells():
    assert csv_cells.line([None, "", 7, date(2026, 3, 1)]) == ",,7,2026-03-01\r\n"
    assert csv_cells.line([datetime(2026, 3, 1, 9, tzinfo=UTC)]) == "2026-03-01T09:00:00Z\r\n"
