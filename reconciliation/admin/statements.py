"""Statements and the files they came in, on staff pages: what a bank says happened, and whether it adds up."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from ledger import ids
from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since, yes_no
from ledger.admin.panels import Panel, Table, Text, columns, facts
from reconciliation.models import SourceFile, Statement

LINES_SHOWN = 200


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    prefix = "st"
    list_display = (
        "statement",
        "account_shown",
        "period",
        "opening_shown",
        "closing_shown",
        "ties_shown",
        "state_shown",
    )
    list_filter = (
        choices("state", "State", Statement.State.values, dict(Statement.State.choices)),
        yes_no("ties", "Adds up", {"ties": True}, "yes", "no"),
        since("imported_at", "Imported since"),
    )
    list_select_related = ("account",)
    detail_select_related = ("account", "source_file")
    finders = (
        finding.public_id("st"),
        finding.exactly("statement_id", "statement id"),
        finding.account_code("account__code"),
        finding.iban("iban"),
    )
    search_help_text = "Statement id, account code, IBAN"

    @admin.display(description="Statement")
    def statement(self, shown: Statement) -> Any:
        return display.stacked(shown.statement_id, display.short(shown.public_id))

    @admin.display(description="Account")
    def account_shown(self, shown: Statement) -> Any:
        return display.account(shown.account.code)

    @admin.display(description="Period")
    def period(self, shown: Statement) -> Any:
        return display.joined(display.when(shown.from_date), display.DASH, display.when(shown.to_date))

    @admin.display(description="Opening")
    def opening_shown(self, shown: Statement) -> Any:
        return display.raw_amount(shown.opening, shown.currency)

    @admin.display(description="Closing")
    def closing_shown(self, shown: Statement) -> Any:
        return display.raw_amount(shown.closing, shown.currency)

    @admin.display(description="Adds up")
    def ties_shown(self, shown: Statement) -> Any:
        return display.tag("yes", "good") if shown.ties else display.tag("no", "attention")

    @admin.display(description="State")
    def state_shown(self, shown: Statement) -> Any:
        return display.state(shown.state)

    def heading(self, shown: Statement) -> str:
        return f"Statement {shown.statement_id}"

    def lead(self, request: HttpRequest, shown: Statement) -> Any:
        return self.closing_shown(shown)

    def panels(self, request: HttpRequest, shown: Statement) -> list[Panel]:
        found: list[Panel] = []
        if shown.warnings:
            found.append(Text("Warnings", "\n".join(str(warning) for warning in shown.warnings)))
        if request.user.has_perm("reconciliation.view_externalrecord"):
            found.append(self._lines(request, shown))
        return found

    def asides(self, request: HttpRequest, shown: Statement) -> list[Panel]:
        account = references.link(request, ids.encode("acc", shown.account_id), shown.account.code)
        return [
            facts(
                "Statement",
                ("Account", account),
                ("IBAN", display.code(shown.iban) if shown.iban else ""),
                ("Period", self.period(shown)),
                ("Opening", self.opening_shown(shown)),
                ("Closing", self.closing_shown(shown)),
                ("Opening plus lines is the closing", self.ties_shown(shown)),
                ("Format", shown.format),
                ("File", references.link(request, shown.source_file.public_id, shown.source_file.name)),
                ("Imported", display.when(shown.imported_at)),
                ("Public id", display.code(shown.public_id)),
            )
        ]

    def _lines(self, request: HttpRequest, shown: Statement) -> Table:
        found = list(shown.records.order_by("position", "pk")[: LINES_SHOWN + 1])
        rows = tuple(
            (
                references.link(request, row.public_id, row.counterparty_name or row.reference or "Line"),
                row.remittance[:80],
                display.raw_amount(row.amount, row.currency, signed=True),
                display.state(row.state),
                display.when(row.booked_on),
            )
            for row in found[:LINES_SHOWN]
        )
        heads = columns(("Line", "main"), "Remittance", ("Amount", "money"), "State", ("Booked", "time"))
        address = f"{reverse('admin:reconciliation_externalrecord_changelist')}?q={shown.public_id}"
        more = ("All lines", address) if len(found) > LINES_SHOWN else None
        return Table("Lines", heads, rows, "No lines.", more=more)


@admin.register(SourceFile)
class SourceFileAdmin(ReadOnlyAdmin):
    prefix = "sf"
    called = ("imported file", "imported files")
    list_display = ("name", "format", "digest", "by", "imported")
    list_filter = (since("imported_at", "Imported since"),)
    list_defer = ("content",)
    finders = (finding.public_id("sf"), finding.exactly("sha256", "SHA-256"), finding.name("name"))
    search_help_text = "File name or SHA-256"

    @admin.display(description="SHA-256")
    def digest(self, shown: SourceFile) -> Any:
        return display.code(f"{shown.sha256[:16]}…")

    def prepare(self, rows: list[Any]) -> None:
        names = people.names(row.imported_by for row in rows)
        for row in rows:
            row.imported_by_name = names.get(row.imported_by, row.imported_by)

    @admin.display(description="Imported by")
    def by(self, shown: Any) -> str:
        return str(shown.imported_by_name)

    @admin.display(description="Imported")
    def imported(self, shown: SourceFile) -> Any:
        return display.when(shown.imported_at)

    def heading(self, shown: SourceFile) -> str:
        return f"File {shown.name}"

    def panels(self, request: HttpRequest, shown: SourceFile) -> list[Panel]:
        rows = tuple(
            (
                references.link(request, row.public_id, row.statement_id),
                display.account(row.account.code),
                display.raw_amount(row.closing, row.currency),
                display.state(row.state),
            )
            for row in shown.statements.select_related("account").order_by("pk")[:LINES_SHOWN]
        )
        heads = columns(("Statement", "main"), "Account", ("Closing", "money"), "State")
        return [Table("Statements in it", heads, rows, "None.")]

    def asides(self, request: HttpRequest, shown: SourceFile) -> list[Panel]:
        return [
            facts(
                "File",
                ("Format", shown.format),
                ("Size", f"{len(bytes(shown.content))} bytes"),
                ("SHA-256", display.code(shown.sha256)),
                ("Imported by", people.name(shown.imported_by)),
                ("Imported", self.imported(shown)),
                ("Public id", display.code(shown.public_id)),
            )
        ]
