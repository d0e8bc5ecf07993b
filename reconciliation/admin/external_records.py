"""External records on staff pages: one line of somebody else's books each, and what it is of ours."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import display, finding, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, Text, facts
from ledger.money import CURRENCIES
from reconciliation.admin.matches import matches_table
from reconciliation.models import ExternalRecord


@admin.register(ExternalRecord)
class ExternalRecordAdmin(ReadOnlyAdmin):
    prefix = "xr"
    called = ("statement line", "statement lines")
    list_display = ("line", "source", "money", "remittance_shown", "state_shown", "booked")
    list_filter = (
        choices("state", "State", ExternalRecord.State.values),
        choices("kind", "Kind", ExternalRecord.Kind.values, dict(ExternalRecord.Kind.choices)),
        choices("currency", "Currency", sorted(CURRENCIES)),
        since("created_at", "Imported since"),
    )
    list_defer = ("raw",)
    detail_select_related = ("statement", "parent")
    finders = (
        finding.public_id("xr"),
        finding.public_id("st", "statement_id", "statement"),
        finding.exactly("reference", "their reference"),
        finding.exactly("end_to_end_id", "end-to-end id", upper=True),
        finding.amount(both_signs=True),
    )
    search_help_text = "Their reference, end-to-end id, amount"

    @admin.display(description="Line")
    def line(self, shown: ExternalRecord) -> Any:
        return display.stacked(shown.counterparty_name or shown.get_kind_display(), display.code(shown.reference))

    @admin.display(description="Amount")
    def money(self, shown: ExternalRecord) -> Any:
        return display.raw_amount(shown.amount, shown.currency, signed=True)

    @admin.display(description="Remittance")
    def remittance_shown(self, shown: ExternalRecord) -> str:
        return shown.remittance[:60] or display.DASH

    @admin.display(description="State")
    def state_shown(self, shown: ExternalRecord) -> Any:
        return display.state(shown.state)

    @admin.display(description="Booked")
    def booked(self, shown: ExternalRecord) -> Any:
        return display.when(shown.booked_on or shown.created_at)

    def heading(self, shown: ExternalRecord) -> str:
        return f"{shown.get_kind_display()} {self.public_id(shown)}"

    def lead(self, request: HttpRequest, shown: ExternalRecord) -> Any:
        return self.money(shown)

    def panels(self, request: HttpRequest, shown: ExternalRecord) -> list[Panel]:
        found: list[Panel] = []
        if request.user.has_perm("reconciliation.view_match"):
            found.append(matches_table(request, shown.matches.order_by("-pk")))
        found.append(Text("As it came", json.dumps(shown.raw, indent=2, ensure_ascii=False, sort_keys=True)))
        return found

    def asides(self, request: HttpRequest, shown: ExternalRecord) -> list[Panel]:
        statement = shown.statement
        iban = shown.counterparty_iban if request.user.has_perm("payments.view_bank_details") else ""
        return [
            facts(
                "External record",
                ("Source", shown.source),
                (
                    "Statement",
                    references.link(request, statement.public_id, statement.statement_id) if statement else "",
                ),
                ("Part of", references.link(request, shown.parent.public_id) if shown.parent else ""),
                ("Other side", shown.counterparty_name),
                ("Their account", display.code(iban) if iban else ""),
                ("Remittance", shown.remittance),
                ("Their reference", display.code(shown.reference) if shown.reference else ""),
                ("End-to-end id", display.code(shown.end_to_end_id) if shown.end_to_end_id else ""),
                ("Fee", display.raw_amount(shown.fee, shown.currency) if shown.fee else ""),
                ("Returned because", shown.return_reason),
                ("Booked", display.when(shown.booked_on) if shown.booked_on else ""),
                ("Value", display.when(shown.value_on) if shown.value_on else ""),
                ("Imported", display.when(shown.created_at)),
                ("Public id", display.code(shown.public_id)),
            )
        ]
