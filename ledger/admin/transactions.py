"""Transactions on staff pages: every posting with its debits and credits, before and after.

Nothing here can post, void or reverse; what staff may do is registered with the people, in `payments.admin`.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger import queries
from ledger.admin import display, finding, pending_panels, references, sources
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.lines import lines_table
from ledger.admin.panels import Panel, Table, Text, columns, facts
from ledger.models import Pending, Transaction
from ledger.reasons import REASONS


class TransactionAdmin(ReadOnlyAdmin):
    prefix = "txn"
    list_display = ("transaction", "reason_shown", "phase_shown", "source_shown", "description_shown", "effective")
    list_filter = (
        choices("reason_id", "Reason", sorted(REASONS)),
        choices("phase", "Phase", Transaction.Phase.values),
        choices("reservation__state", "Reservation", Pending.State.values),
        since("effective_at"),
    )
    list_select_related = ("reason",)
    detail_select_related = ("reason", "reservation")
    finders = (
        finding.public_id("txn"),
        finding.Finder("business reference", sources.business_reference),
        finding.exactly("idempotency_key", "idempotency key"),
    )
    search_help_text = "Transaction id, business reference, platform ticket"

    @admin.display(description="Transaction")
    def transaction(self, shown: Transaction) -> Any:
        return display.short(shown.public_id)

    @admin.display(description="Reason")
    def reason_shown(self, shown: Transaction) -> Any:
        return display.stacked(shown.reason.title, shown.reason_id)

    @admin.display(description="Phase")
    def phase_shown(self, shown: Transaction) -> str:
        return shown.get_phase_display()

    @admin.display(description="Business reference")
    def source_shown(self, shown: Transaction) -> Any:
        return display.stacked(display.code(shown.source_id), shown.source_kind) if shown.source_id else display.DASH

    @admin.display(description="Description")
    def description_shown(self, shown: Transaction) -> str:
        return shown.description or display.DASH

    @admin.display(description="Effective")
    def effective(self, shown: Transaction) -> Any:
        return display.when(shown.effective_at)

    def tags(self, shown: Transaction) -> list[Any]:
        return [display.state(queries.transaction_state(shown))]

    def lead(self, request: HttpRequest, shown: Transaction) -> Any:
        return shown.reason.title

    def panels(self, request: HttpRequest, shown: Transaction) -> list[Panel]:
        found: list[Panel] = []
        if request.user.has_perm("ledger.view_entry"):
            found += pending_panels.panels_of(shown)
            found.append(lines_table(request, "Entries", queries.lines_of(shown.pk)))
        linked = self._linked(request, shown)
        if linked.rows:
            found.append(linked)
        return found

    def asides(self, request: HttpRequest, shown: Transaction) -> list[Panel]:
        found: list[Panel] = [
            facts(
                "Transaction",
                ("Reason", f"{shown.reason_id}"),
                ("Phase", shown.get_phase_display()),
                ("Effective", display.when(shown.effective_at, seconds=True)),
                ("Recorded", display.when(shown.recorded_at, seconds=True)),
                ("Business reference", self._source(request, shown)),
                ("Idempotency key", display.code(shown.idempotency_key) if shown.idempotency_key else ""),
                ("Description", shown.description),
            )
        ]
        if shown.metadata:
            found.append(
                Text("Facts stored with it", json.dumps(shown.metadata, indent=2, ensure_ascii=False, sort_keys=True))
            )
        return found

    def _source(self, request: HttpRequest, shown: Transaction) -> Any:
        if not shown.source_id:
            return ""
        return display.stacked(
            references.link(request, shown.source_id),
            f"{shown.source_system}, {display.words(shown.source_kind or '')}",
        )

    def _linked(self, request: HttpRequest, shown: Transaction) -> Table:
        """What this transaction resolves or reverses, and what resolved or reversed it."""
        groups: Sequence[tuple[str, QuerySet[Transaction]]] = (
            ("resolves", Transaction.objects.filter(pk=shown.pending_id)),
            ("resolved by", Transaction.objects.filter(pending_id=shown.pk)),
            ("reverses", Transaction.objects.filter(pk=shown.reverses_id)),
            ("reversed by", Transaction.objects.filter(reverses_id=shown.pk)),
        )
        rows = tuple(
            (references.link(request, row.public_id), how, row.reason.title, display.when(row.effective_at))
            for how, found in groups
            for row in found.select_related("reason").order_by("pk")[:20]
        )
        heads = columns(("Transaction", "main"), "How", "Reason", ("Effective", "time"))
        return Table("Linked transactions", heads, rows)
