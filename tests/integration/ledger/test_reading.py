"""Exports and reports read as the reader role where one is set up, and say the same without it."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.utils import DatabaseError

from ledger.exports import reading, verify_seal
from tests.integration.ledger import books, sealed_books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def who(name: str) -> str:
    return str(reading.rows(name, "SELECT current_user")[0][0])


def exported(tmp_path: Path, name: str) -> tuple[str, bytes]:
    journal, seal = StringIO(), tmp_path / f"{name}.jsonl.gz"
    call_command("export_journal", format="hledger", stdout=journal)
    call_command("export_seal", to=seal, stderr=StringIO())
    return journal.getvalue(), seal.read_bytes()


def test_without_a_reader_reports_read_as_the_app() -> None:
    with reading.snapshot() as name:
        assert name == "default"


def test_with_a_reader_reports_read_as_it_and_cannot_write(report_reader: None) -> None:
    with reading.snapshot() as name:
        assert who(name) == "wherewithal_reader"
        with pytest.raises(DatabaseError), transaction.atomic(using=name):
            reading.rows(name, "DELETE FROM ledger_event RETURNING 1")


def test_inside_a_transaction_a_report_reads_what_that_one_sees(report_reader: None) -> None:
    with transaction.atomic(), reading.snapshot() as name:
        assert name == "default"


def test_both_say_the_same_and_the_same_again(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    books.full_book()
    sealed_books.seal_all()
    without = exported(tmp_path, "without")
    request.getfixturevalue("report_reader")
    assert exported(tmp_path, "with") == without
    assert exported(tmp_path, "again") == without
    assert verify_seal.main([str(tmp_path / "with.jsonl.gz")]) == 0


def test_the_verifier_goes_with_the_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books.receive("10")
    sealed_books.seal_all()
    file, program = tmp_path / "seal.jsonl", tmp_path / "verify.py"
    call_command("export_seal", to=file, verifier=program, stderr=StringIO())
    assert program.read_text() == Path(verify_seal.__file__).read_text()
    file.write_text(file.read_text().replace('"10"', '"11"'))
    assert verify_seal.main([str(file)]) == 1
    assert "#1: transaction" in capsys.readouterr().out
