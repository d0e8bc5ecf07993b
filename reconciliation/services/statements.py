"""Importing statements: the file is kept, its lines become external records once, then they are matched.

The same file, or a line that carries the bank's reference in another file, never counts twice; a fuller file of the
same statement adds what was missing. A statement that does not tie is imported with an exception, never repaired and
never refused silently.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from ledger import accounts, events
from ledger.accounts import AccountRef
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest
from ledger.models import Account
from payments import dispatch
from payments.actors import Actor
from payments.models import ProviderEvent
from payments.services import locking
from reconciliation.models import ExternalRecord, SourceFile, Statement
from reconciliation.parsers import registry
from reconciliation.parsers.base import ParsedRecord, ParsedStatement
from reconciliation.services import exceptions, matching

SYSTEM = Actor.system("statements")


@dataclass(frozen=True)
class ImportResult:
    """What an import did: `new` lines, with their outcomes, and lines that were `known` before."""

    file: str
    statements: tuple[str, ...]
    new: int = 0
    known: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    warnings: tuple[str, ...] = ()
    dry_run: bool = False


def import_file(
    *, content: bytes, name: str, account_code: str, actor: Actor, now: datetime, dry_run: bool = False
) -> ImportResult:
    """Import a statement file of one of our bank accounts and match its lines.

    Raises Forbidden, InvalidRequest (param "file" or "account"). With `dry_run` nothing is written."""
    actor.require("reconciliation.import_statement")
    parsed = registry.parse(content=content, name=name)
    bank = _bank_of(account_code)
    for statement in parsed:
        _require_own_account(statement, account_code)
    if dry_run:
        return _preview(parsed, name, account_code, now)

    def store() -> tuple[list[Statement], int]:
        locking.one_at_a_time(f"statements:{bank}")
        file = _store_file(content, name, parsed[0].format, actor)
        rows, new = [], 0
        for statement in parsed:
            row, fresh = _store_statement(statement, file, accounts.ref(account_code, statement.currency))
            added = _store_records(statement, row, bank, account_code)
            if added and not fresh:
                _replace(row, statement, file)
            if added or fresh:
                _record(row, added, actor, now)
            rows.append(row)
            new += added
        return rows, new

    rows, new = unit_of_work(store)
    for row, statement in zip(rows, parsed, strict=True):
        _report_untied(row, statement, now)
    records = ExternalRecord.objects.filter(statement__in=rows, state="unmatched").select_related("statement__account")
    outcomes = matching.match_records(list(records.order_by("id")), bank=bank, actor=actor, now=now)
    for row in rows:
        matching.close_statement(row, now=now)
    return ImportResult(
        file=name,
        statements=tuple(row.public_id for row in rows),
        new=new,
        known=sum(len(statement.records) for statement in parsed) - new,
        outcomes=outcomes,
        warnings=tuple(warning for statement in parsed for warning in statement.warnings),
    )


@dispatch.handler("statement.received")
def import_received(*, payload: dict[str, Any], now: datetime) -> None:
    """Import a statement that the bank's mailbox delivered."""
    event = ProviderEvent.objects.get(pk=ProviderEvent.key(payload["event"]))
    content, name = bytes(event.body), event.headers.get("name", event.event_id)
    try:
        import_file(
            content=content,
            name=name,
            account_code=_account_named_in(content, name, payload["bank"]),
            actor=SYSTEM,
            now=now,
        )
    except InvalidRequest as error:
        exceptions.raise_case(
            category="unreadable_file",
            key=event.public_id,
            title=f"{event.headers.get('name', 'A file')} cannot be imported",
            facts={"error": error.detail, "event": event.public_id},
            now=now,
        )


def _account_named_in(content: bytes, name: str, bank: str) -> str:
    """Which of our accounts at a bank a file is about, by the IBAN it names; client money when it names none."""
    ibans = {statement.account_iban for statement in registry.parse(content=content, name=name)}
    own = settings.BANK.get(bank, {}).get("own_iban", "")
    return f"bank/{bank}/own" if own and ibans == {own} else f"bank/{bank}/client-money"


def _bank_of(account_code: str) -> str:
    parts = account_code.split("/")
    if len(parts) != 3 or parts[0] != "bank" or parts[2] not in ("client-money", "own") or not _is_ours(account_code):
        raise InvalidRequest("Statements belong to a bank account, like bank/sepa/client-money.", param="account")
    return parts[1]


def _is_ours(account_code: str) -> bool:
    """A bank that is set up, or one whose account is in the ledger; a slip of the pen opens no account."""
    return account_code.split("/")[1] in settings.BANK or Account.objects.filter(code=account_code).exists()


def _require_own_account(statement: ParsedStatement, account_code: str) -> None:
    bank = _bank_of(account_code)
    field_name = "iban" if account_code.endswith("/client-money") else "own_iban"
    expected = settings.BANK.get(bank, {}).get(field_name, "")
    if expected and statement.account_iban and statement.account_iban != expected:
        raise InvalidRequest(
            f"This statement is of account {statement.account_iban}, not of {bank}'s {expected}.", param="account"
        )


def _store_file(content: bytes, name: str, file_format: str, actor: Actor) -> SourceFile:
    digest = hashlib.sha256(content).hexdigest()
    SourceFile.objects.bulk_create(
        [SourceFile(name=name[:200], sha256=digest, content=content, format=file_format, imported_by=actor.id)],
        ignore_conflicts=True,
    )
    return SourceFile.objects.get(sha256=digest)


def _store_statement(parsed: ParsedStatement, file: SourceFile, account: AccountRef) -> tuple[Statement, bool]:
    statement_id = f"{parsed.format}:{parsed.statement_id or file.sha256[:32]}"[:120]
    draft = Statement(
        source_file=file,
        account_id=account.id,
        format=parsed.format,
        statement_id=statement_id,
        iban=parsed.account_iban[:34],
        currency=parsed.currency,
        from_date=parsed.from_date,
        to_date=parsed.to_date,
        opening=parsed.opening,
        closing=parsed.closing,
        ties=parsed.ties,
        warnings=list(parsed.warnings),
    )
    Statement.objects.bulk_create([draft], ignore_conflicts=True)
    row = Statement.objects.select_for_update().get(account_id=account.id, statement_id=statement_id)
    return row, row.pk == draft.pk


def _replace(row: Statement, parsed: ParsedStatement, file: SourceFile) -> None:
    """A fuller file of the same statement has come: its balances count now, and its new lines wait to be matched."""
    if row.state == "signed_off":
        return
    row.source_file, row.opening, row.closing = file, parsed.opening, parsed.closing
    row.from_date, row.to_date = parsed.from_date, parsed.to_date
    row.ties, row.warnings, row.state = parsed.ties, list(parsed.warnings), "parsed"
    row.save()


def _store_records(parsed: ParsedStatement, statement: Statement, bank: str, account_code: str) -> int:
    identities = _identities(parsed, account_code)
    source = f"bank:{bank}"
    known = set(
        ExternalRecord.objects.filter(source=source, kind="bank_line", identity__in=identities).values_list(
            "identity", flat=True
        )
    )
    rows = [
        _record_row(record, statement, source, identity)
        for record, identity in zip(parsed.records, identities, strict=True)
        if identity not in known
    ]
    ExternalRecord.objects.bulk_create(rows)
    return len(rows)


def _identities(parsed: ParsedStatement, account_code: str) -> list[str]:
    """The bank's own reference where it names one line only; else a hash of the content and its repetition.

    Both are of one account: a bank may use the same reference for the two sides of a move between our accounts."""
    account = account_code.rsplit("/", 1)[-1]
    references = Counter(record.bank_reference for record in parsed.records)
    seen: Counter[str] = Counter()
    identities = []
    for record in parsed.records:
        if record.bank_reference and references[record.bank_reference] == 1:
            identities.append(f"{account}:{parsed.currency}:{record.bank_reference}"[:160])
            continue
        content = "|".join(
            [
                account,
                parsed.currency,
                str(record.booked_on),
                f"{record.amount.normalize():f}",
                record.bank_reference,
                record.end_to_end_id,
                record.counterparty_iban,
                record.remittance,
                "" if record.bank_reference else parsed.statement_id,
            ]
        )
        digest = hashlib.sha256(content.encode()).hexdigest()
        seen[digest] += 1
        identities.append(f"#{digest}:{seen[digest]}")
    return identities


def _record_row(record: ParsedRecord, statement: Statement, source: str, identity: str) -> ExternalRecord:
    return ExternalRecord(
        source=source,
        kind=ExternalRecord.Kind.BANK_LINE,
        identity=identity,
        statement=statement,
        position=record.position,
        amount=record.amount,
        currency=record.currency,
        booked_on=record.booked_on,
        value_on=record.value_on,
        reference=record.bank_reference[:160],
        end_to_end_id=(record.original_end_to_end_id or record.end_to_end_id)[:35],
        counterparty_name=record.counterparty_name[:200],
        counterparty_iban=record.counterparty_iban[:34],
        remittance=record.remittance,
        is_return=record.is_return,
        return_reason=record.return_reason[:40],
        raw=dict(record.raw),
    )


def _report_untied(row: Statement, parsed: ParsedStatement, now: datetime) -> None:
    if not parsed.ties:
        exceptions.raise_case(
            category="statement_does_not_tie",
            key=row.public_id,
            title=f"Statement {row.statement_id} does not tie",
            facts={"warnings": list(parsed.warnings)},
            object_ref=row.public_id,
            now=now,
        )


def _preview(parsed: Sequence[ParsedStatement], name: str, account_code: str, now: datetime) -> ImportResult:
    bank = _bank_of(account_code)
    identities = [identity for statement in parsed for identity in _identities(statement, account_code)]
    known = ExternalRecord.objects.filter(source=f"bank:{bank}", kind="bank_line", identity__in=identities).count()
    draft = Statement(currency=parsed[0].currency, account=Account(code=account_code))
    records = [_record_row(r, draft, f"bank:{bank}", "") for statement in parsed for r in statement.records]
    outcomes: Counter[str] = Counter(
        "would match" if found else "would need a person" for found in matching.preview(records, bank=bank)
    )
    return ImportResult(
        file=name,
        statements=tuple(statement.statement_id for statement in parsed),
        new=len(identities) - known,
        known=known,
        outcomes=outcomes,
        warnings=tuple(warning for statement in parsed for warning in statement.warnings),
        dry_run=True,
    )


def _record(row: Statement, lines: int, actor: Actor, now: datetime) -> None:
    events.record(
        type="statement.imported",
        object_ref=row.public_id,
        actor=actor,
        after={"state": row.state, "lines": lines, "ties": row.ties, "currency": row.currency},
        occurred_at=now,
    )
