"""Exports and reports read as the reader role where one is set up, and say the same without it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.utils import DatabaseError
from psycopg.conninfo import conninfo_to_dict

from config.env import DATABASE_ROLES
from ledger.exports import reading, verify_seal
from ledger.models import Event
from tests.integration.api.test_reports_as_reader import watched
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


def test_what_the_reader_read_is_recorded_by_the_app(report_reader: None, tmp_path: Path) -> None:
    books.receive("10")
    sealed_books.seal_all()
    with watched() as found:
        journal, seal = exported(tmp_path, "seal")
    assert set(found) == {"wherewithal_reader"}
    digests = {"book.exported": hashlib.sha256(journal.encode()), "seal.exported": hashlib.sha256(seal)}
    for type, digest in digests.items():
        event = Event.objects.get(type=type)
        assert event.data["sha256"] == digest.hexdigest()
        assert event.actor == {"book.exported": "system:export_journal", "seal.exported": "system:export_seal"}[type]
    plain = tmp_path / "seal.jsonl"
    call_command("export_seal", to=plain, stderr=StringIO())
    last = Event.objects.filter(type="seal.exported").latest("id")
    assert last.data == {"sha256": hashlib.sha256(plain.read_bytes()).hexdigest()}


def test_a_history_that_could_not_be_written_was_not_taken(tmp_path: Path) -> None:
    books.receive("10")
    sealed_books.seal_all()
    taken = tmp_path / "seal.jsonl.gz"
    taken.mkdir()
    for target in (taken, tmp_path / "no folder" / "seal.jsonl"):
        with pytest.raises(OSError, match=str(target)):
            call_command("export_seal", to=target, stderr=StringIO())
    assert not Event.objects.filter(type="seal.exported").exists()
    assert list(tmp_path.rglob("*")) == [taken]


@contextmanager
def run_as(role: str, **options: str) -> Iterator[None]:
    """Inside, Django's own connection is one of this role, as with its address in DATABASE_URL."""
    ours = connections["default"]
    address = conninfo_to_dict(os.environ[DATABASE_ROLES[role]])
    login = {"USER": address["user"], "PASSWORD": address.get("password", "")}
    settings = {**ours.settings_dict, **login, "OPTIONS": {**ours.settings_dict["OPTIONS"], **options}}
    theirs = connections["default"] = type(ours)(settings, "default")
    try:
        yield
    finally:
        theirs.close()
        connections["default"] = ours


def test_the_app_has_what_it_takes_to_record_it(report_reader: None, tmp_path: Path) -> None:
    books.receive("10")
    sealed_books.seal_all()
    with run_as("app"):
        assert who("default") == "wherewithal_app"
        exported(tmp_path, "seal")
    told = Event.objects.filter(type__in=["book.exported", "seal.exported"]).order_by("id")
    assert [event.actor for event in told] == ["system:export_journal", "system:export_seal"]


READ_ONLY = {"options": "-c default_transaction_read_only=on"}  # as on a standby


@pytest.mark.parametrize(("role", "options"), [("reader", {}), ("app", READ_ONLY)])
def test_a_role_that_cannot_record_it_exports_nothing(tmp_path: Path, role: str, options: dict[str, str]) -> None:
    books.receive("10")
    sealed_books.seal_all()
    out, before = StringIO(), Event.objects.count()
    with run_as(role, **options):
        assert who("default") == f"wherewithal_{role}"
        with pytest.raises(CommandError, match=f"wherewithal_{role} cannot write that here. Nothing was exported"):
            call_command("export_journal", format="hledger", stdout=out)
        with pytest.raises(CommandError, match="Run this as the app's role"):
            call_command("export_seal", to=tmp_path / "seal.jsonl", verifier=tmp_path / "verify.py")
    assert out.getvalue() == ""
    assert list(tmp_path.iterdir()) == []
    assert Event.objects.count() == before


def test_without_a_key_the_sealed_history_is_refused_in_words(tmp_path: Path, settings: Any) -> None:
    settings.SEAL = {**settings.SEAL, "key": ""}
    with pytest.raises(CommandError, match="SEAL_KEY is none"):
        call_command("export_seal", to=tmp_path / "seal.jsonl", verifier=tmp_path / "verify.py")
    assert list(tmp_path.iterdir()) == []
    assert not Event.objects.filter(type="seal.exported").exists()


def test_the_verifier_goes_with_the_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books.receive("10")
    sealed_books.seal_all()
    file, program = tmp_path / "seal.jsonl", tmp_path / "verify.py"
    call_command("export_seal", to=file, verifier=program, stderr=StringIO())
    assert program.read_text() == Path(verify_seal.__file__).read_text()
    file.write_text(file.read_text().replace('"10"', '"11"'))
    assert verify_seal.main([str(file)]) == 1
    assert "#1: transaction" in capsys.readouterr().out
