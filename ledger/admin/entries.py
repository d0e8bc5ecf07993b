"""Entries on staff pages: a list to search by account or amount; each leads to its transaction. Reads only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger import ids, queries
from ledger.admin import display, finding, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.lines import LAYERS, lines_table
from ledger.admin.panels import Panel
from ledger.models import Entry
from ledger.money import CURRENCIES


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    prefix = "ent"
    list_display = ("entry", "account_shown", "debit", "credit", "layer_shown", "after", "effective")
    list_filter = (
        choices("currency_id", "Currency", sorted(CURRENCIES)),
        choices("layer", "Layer", ("0", "1", "2"), {str(k): v for k, v in LAYERS.items()}),
        since("effective_at"),
    )
    list_select_related = ("transaction__reason", "account")
    finders = (
        finding.public_id("acc", "account_id", "account"),
        finding.public_id("txn", "transaction_id", "transaction id"),
        finding.amount("amount", "currency_id", both_signs=True),
        finding.account_code("account__code"),
    )
    search_help_text = "Account code, transaction id, amount"

    def public_id(self, shown: Entry) -> str:
        return ids.encode(self.prefix, shown.pk)

    def url_of(self, shown: Entry, act: str = "change") -> str:
        return references.url(ids.encode("txn", shown.transaction_id))

    @admin.display(description="Transaction")
    def entry(self, shown: Entry) -> Any:
        return display.stacked(shown.transaction.reason.title, display.short(shown.transaction.public_id))

    @admin.display(description="Account")
    def account_shown(self, shown: Entry) -> Any:
        return display.account(shown.account.code)

    @admin.display(description="Debit")
    def debit(self, shown: Entry) -> Any:
        return display.raw_amount(-shown.amount, shown.currency_id) if shown.amount < 0 else ""

    @admin.display(description="Credit")
    def credit(self, shown: Entry) -> Any:
        return display.raw_amount(shown.amount, shown.currency_id) if shown.amount > 0 else ""

    @admin.display(description="Layer")
    def layer_shown(self, shown: Entry) -> Any:
        return display.state(LAYERS[shown.layer])

    @admin.display(description="Balance after")
    def after(self, shown: Entry) -> Any:
        return display.raw_amount(shown.balance_after, shown.currency_id)

    @admin.display(description="Effective")
    def effective(self, shown: Entry) -> Any:
        return display.when(shown.effective_at)

    def heading(self, shown: Entry) -> str:
        return f"Entry {shown.pk}"

    def lead(self, request: HttpRequest, shown: Entry) -> Any:
        return display.raw_amount(shown.amount, shown.currency_id, signed=True)

    def panels(self, request: HttpRequest, shown: Entry) -> list[Panel]:
        return [lines_table(request, "Entries", queries.lines_of(shown.transaction_id))]
