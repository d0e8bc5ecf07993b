"""Accounts on staff pages: what they hold, what of it can be used, and their entries.

Freezing is not offered here, because the ledger knows nobody who acts: `payments.admin.accounts` adds it and registers
this admin.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from ledger import ids, queries
from ledger.admin import display, finding, references
from ledger.admin.as_of import ASK
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices
from ledger.admin.lines import LAYERS
from ledger.admin.panels import Facts, Panel, Table, columns, facts
from ledger.chart import CATEGORIES, KINDS
from ledger.models import Account
from ledger.money import CURRENCIES

ENTRIES_SHOWN = 20


class AccountAdmin(ReadOnlyAdmin):
    prefix = "acc"
    keyset = ("code", "currency_id")
    list_display = ("account", "category", "kind_shown", "currency_shown", "status_shown", "opened")
    list_filter = (
        choices("category", "Category", CATEGORIES),
        choices("kind", "Kind", sorted(KINDS)),
        choices("currency_id", "Currency", sorted(CURRENCIES)),
        choices("status", "Status", Account.Status.values),
    )
    finders = (
        finding.public_id("acc"),
        finding.account_code("code"),
        finding.exactly("owner", "client id"),
    )
    search_help_text = "Account code or client id"
    acts = (ASK,)

    @admin.display(description="Account")
    def account(self, shown: Account) -> Any:
        return display.account(shown.code)

    @admin.display(description="Kind")
    def kind_shown(self, shown: Account) -> str:
        return display.words(shown.kind)

    @admin.display(description="Currency")
    def currency_shown(self, shown: Account) -> str:
        return str(shown.currency_id)

    @admin.display(description="Status")
    def status_shown(self, shown: Account) -> Any:
        return display.state(shown.status)

    @admin.display(description="Opened")
    def opened(self, shown: Account) -> Any:
        return display.when(shown.opened_at)

    def heading(self, shown: Account) -> str:
        return f"Account {shown.code} in {shown.currency_id}"

    def tags(self, shown: Account) -> list[Any]:
        return [display.state(shown.status)]

    def lead(self, request: HttpRequest, shown: Account) -> Any:
        return display.raw_amount(queries.balance_of(shown.pk).balance, shown.currency_id)

    def panels(self, request: HttpRequest, shown: Account) -> list[Panel]:
        return [self._figures(shown), *self._entries(request, shown)]

    def asides(self, request: HttpRequest, shown: Account) -> list[Panel]:
        owner = references.link(request, shown.owner) if shown.owner else "The firm"
        return [
            facts(
                "Account",
                ("Public id", display.code(shown.public_id)),
                ("Owner", owner),
                ("Category", f"{shown.category}, normal side {'credit' if shown.sign > 0 else 'debit'}"),
                ("Kind", display.words(shown.kind)),
                ("Floor", display.raw_amount(shown.floor, shown.currency_id) if shown.floor is not None else ""),
                ("Opened", display.when(shown.opened_at)),
            )
        ]

    def _figures(self, shown: Account) -> Facts:
        figures = queries.balance_of(shown.pk)

        def money(value: Any) -> Any:
            return display.raw_amount(value, shown.currency_id)

        return facts(
            "What it holds now",
            ("Posted", money(figures.balance)),
            ("On its way out", money(figures.pending_out)),
            ("On its way in", money(figures.pending_in)),
            ("Available", money(figures.available) if shown.running else ""),
            ("Entries", str(figures.seq) if figures.seq is not None else ""),
            note="In the account's normal direction. Available is posted less what is on its way out."
            if shown.running
            else "A house account: its figures are the last checkpoint and the entries since.",
        )

    def _entries(self, request: HttpRequest, shown: Account) -> list[Panel]:
        if not request.user.has_perm("ledger.view_entry"):
            return []
        page = queries.entries_of(shown.pk, limit=ENTRIES_SHOWN)
        rows = tuple(
            (
                references.link(request, ids.encode("txn", row.transaction_id), row.title),
                display.raw_amount(row.change, row.currency, signed=True),
                display.raw_amount(row.balance_after, row.currency) if row.balance_after is not None else display.DASH,
                display.state(LAYERS[row.layer]),
                display.when(row.effective_at),
            )
            for row in page.rows
        )
        heads = columns(("Transaction", "main"), ("Change", "money"), ("Balance after", "money"), "Layer",
                        ("Effective", "time"))  # fmt: skip
        more = f"{reverse('admin:ledger_entry_changelist')}?q={shown.public_id}"
        return [Table("Latest entries", heads, rows, "No entries yet.", more=("All entries of this account", more))]
