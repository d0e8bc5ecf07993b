"""`/statements`: upload a bank statement in any supported format, and read what was imported."""

import hashlib
import json
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Lists, Reads, Starts, one
from ledger.api.shapes import Answer, Input
from ledger.errors import InvalidRequest
from reconciliation.api import uploads
from reconciliation.models import Statement
from reconciliation.services import statements
from reconciliation.services.statements import ImportResult


class YesOrNo(fields.Flag):
    """A truth value of a form or an address, where everything is text."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            self.fail("invalid")
        return bool(data == "true")


class StatementRequest(Input):
    file = serializers.FileField(required=False, help_text="The statement, at most 10 MB.")
    account = fields.Text(max_length=120, help_text="Our bank account, like `bank/sepa/client-money`.")
    name = fields.Text(max_length=200, required=False, help_text="A name for the file.")
    dry_run = YesOrNo(required=False, help_text="Show what would be imported; nothing is kept.")


class ImportAnswer(Answer):
    file = fields.Text()
    statements = serializers.ListField(child=serializers.CharField())
    new = serializers.IntegerField(help_text="Lines that were not known before.")
    known = serializers.IntegerField(help_text="Lines that had been imported already.")
    outcomes = serializers.DictField(child=serializers.IntegerField(), help_text="What became of the new lines.")
    warnings = serializers.ListField(child=serializers.CharField())
    dry_run = fields.Flag()


class StatementAnswer(Answer):
    id = fields.Text(source="public_id")
    account = fields.Text(source="account.code")
    format = fields.Text()
    statement_id = fields.Text()
    file = fields.Text(source="source_file.name")
    iban = fields.Text()
    currency = fields.Currency()
    from_date = serializers.DateField(allow_null=True)
    to_date = serializers.DateField(allow_null=True)
    opening = fields.Column(allow_null=True)
    closing = fields.Column(allow_null=True)
    ties = serializers.BooleanField(help_text="Opening plus lines is the closing.")
    warnings = serializers.ListField(child=serializers.CharField())
    state = fields.Choice(choices=Statement.State.values)
    imported_at = fields.Moment()


class Statements(Lists, Starts):
    """Bank statements. The same file, or the same line in another file, never counts twice."""

    permission = {"GET": "reconciliation.view_statement", "POST": "reconciliation.import_statement"}
    summary = {"GET": "List statements", "POST": "Import a statement"}
    parser_classes = uploads.PARSERS
    body, answer, status = StatementRequest, StatementAnswer, 201
    created, other_statuses = ImportAnswer, (200,)
    filters = (
        filters.text("account", "account__code"),
        filters.currency(),
        filters.choice("state", Statement.State.values),
        *filters.moment("imported", "imported_at"),
    )
    content = b""

    def rows(self) -> QuerySet[Statement]:
        return Statement.objects.select_related("account", "source_file").defer("source_file__content")

    def raw_body(self, request: Request) -> bytes:
        uploads.require_size(request)
        return b""

    def given(self) -> dict[str, Any]:
        content, found = uploads.fields_of(self.request)
        if not content:
            raise InvalidRequest("Send the statement as `file`, or as the body itself.", param="file")
        shape = self.body(data=found)
        shape.is_valid(raise_exception=True)
        given = dict(shape.validated_data)
        self.content = content
        digest = hashlib.sha256(content).hexdigest()
        self.raw = json.dumps({**given, "content": digest}, sort_keys=True).encode()
        return given

    def begin(self, given: dict[str, Any]) -> str:
        return str(given["account"])

    def finish(self, reference: str, given: dict[str, Any], *, resumed: bool) -> ImportResult:
        # Importing again what was cut off adds only what is missing.
        return statements.import_file(
            content=self.content,
            name=given.get("name") or "upload",
            account_code=given["account"],
            dry_run=given.get("dry_run", False),
            actor=self.actor,
            now=self.now,
        )

    def status_of(self, result: ImportResult) -> int:
        return 200 if result.dry_run else self.status


class StatementItem(Reads):
    """One statement."""

    permission = {"GET": "reconciliation.view_statement"}
    summary = {"GET": "Read a statement"}
    answer = StatementAnswer

    def find(self, reference: str) -> Statement:
        rows = Statement.objects.select_related("account", "source_file").defer("source_file__content")
        statement: Statement = one(rows, pk=ids.decode_uuid("st", reference))
        return statement
