"""Importing statements: what matches by itself, what goes to suspense, and what can never count twice."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger.errors import InvalidRequest
from ledger.models import Transaction
from payments.actors import Actor
from reconciliation.models import ExceptionCase, ExternalRecord, SourceFile, Statement
from reconciliation.services import statements
from tests.factories import books, people
from tests.factories.firm import Firm, control

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT = "bank/sepa/client-money"


def statement_from(firm: Firm, *credits: dict[str, str]) -> bytes:
    """Let the simulated bank book these receipts and close its day; returns the camt.053 it sends."""
    bank = firm.open_bank()
    for credit in credits:
        control(bank, "/_sim/credit", credit)
    control(bank, "/_sim/close_day", {})
    from payments.connectors import registry

    files = [file for file in registry.bank("sepa").fetch_files() if file.kind == "camt.053"]
    return next(file.content for file in files if b"Ccy>EUR" in file.content or b'Ccy="EUR"' in file.content)


def load(content: bytes, **options: object) -> statements.ImportResult:
    return statements.import_file(
        content=content,
        name="statement.xml",
        account_code=ACCOUNT,
        actor=options.pop("actor", None) or people.staff("payments_ops"),  # type: ignore[arg-type]
        now=timezone.now(),
        **options,  # type: ignore[arg-type]
    )


RECEIPT = {"amount": "250.00", "currency": "EUR", "remittance": "savings", "name": "A. Stranger",
           "iban": "DE02120300000000202051"}  # fmt: skip


def test_money_from_an_unknown_sender_waits_in_suspense_with_a_case(firm: Firm) -> None:
    result = load(statement_from(firm, RECEIPT))
    assert (result.new, dict(result.outcomes)) == (1, {"suspended": 1})
    assert books.balance("house/suspense") == Decimal("250")
    assert books.balance(ACCOUNT) == Decimal("250")
    case = ExceptionCase.objects.get()
    assert (case.category, case.state, case.amount, case.currency) == (
        "unmatched_receipt", "new", Decimal("250"), "EUR",
    )  # fmt: skip
    books.assert_sound()


def test_the_case_proposes_the_client_whose_account_it_came_from(firm: Firm) -> None:
    client = people.client(name="A. Stranger")
    people.payee(client, iban=RECEIPT["iban"])
    load(statement_from(firm, RECEIPT))
    candidates = ExceptionCase.objects.get().facts["candidates"]
    assert [(c["ref"], c["tier"], c["agrees"]) for c in candidates] == [
        (client.public_id, 3, ["sender's account", "sender's name"])
    ]
    assert books.available(client) == 0, "a name is never enough to give money away"


def test_the_same_file_twice_adds_nothing(firm: Firm) -> None:
    content = statement_from(firm, RECEIPT)
    load(content)
    before = (Transaction.objects.count(), ExternalRecord.objects.count(), ExceptionCase.objects.count())
    again = load(content)
    assert (again.new, again.known) == (0, 1)
    assert (Transaction.objects.count(), ExternalRecord.objects.count(), ExceptionCase.objects.count()) == before
    assert SourceFile.objects.count() == 1


def test_a_dry_run_writes_nothing_and_tells_what_would_happen(firm: Firm) -> None:
    result = load(statement_from(firm, RECEIPT), dry_run=True)
    assert (result.new, dict(result.outcomes)) == (1, {"would need a person": 1})
    assert not Statement.objects.exists()
    assert not SourceFile.objects.exists()
    assert not Transaction.objects.exists()


def test_a_statement_of_another_account_is_refused(firm: Firm) -> None:
    content = statement_from(firm, RECEIPT)
    with pytest.raises(InvalidRequest) as refused:
        statements.import_file(
            content=content, name="x.xml", account_code="bank/sepa/own", actor=Actor.system("test"),
            now=timezone.now(),
        )  # fmt: skip
    assert refused.value.param == "account"
    assert not Statement.objects.exists()


HOSTILE = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>"


@pytest.mark.parametrize("content", [b"", b"hello", b"<a/>", HOSTILE])
def test_a_file_that_is_no_statement_is_refused_by_name(firm: Firm, content: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        load(content)
    assert refused.value.param == "file"
    assert not SourceFile.objects.exists()


def test_the_command_imports_and_reports(firm: Firm, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "day.xml"
    path.write_bytes(statement_from(firm, RECEIPT))
    call_command("import_statement", str(path), account=ACCOUNT)
    assert "1 new" in capsys.readouterr().out
    with pytest.raises(CommandError, match="bank account"):
        call_command("import_statement", str(path), account="house/fees")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_statement", str(tmp_path / "gone.xml"), account=ACCOUNT)
