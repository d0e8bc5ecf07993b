"""Holds on staff pages: money of a wallet set aside, for what, and what became of it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger import queries
from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, facts
from ledger.admin.transactions import lines_table
from ledger.models import Hold


class HoldAdmin(ReadOnlyAdmin):
    prefix = "hold"
    list_display = ("hold", "owner", "money", "remaining_shown", "kind_shown", "state_shown", "placed")
    list_filter = (
        choices("state", "State", Hold.State.values),
        choices("kind", "Kind", Hold.Kind.values),
        since("placed_at"),
    )
    list_select_related = ("wallet",)
    detail_select_related = ("wallet", "held_account", "placed_by")
    finders = (
        finding.public_id("hold"),
        finding.exactly("wallet__owner", "client id"),
        finding.amount("amount", "wallet__currency_id"),
    )
    search_help_text = "Hold id, client id, amount"

    @admin.display(description="Hold")
    def hold(self, shown: Hold) -> Any:
        return display.short(shown.public_id)

    @admin.display(description="Client")
    def owner(self, shown: Hold) -> Any:
        return display.short(shown.wallet.owner)

    @admin.display(description="Amount")
    def money(self, shown: Hold) -> Any:
        return display.raw_amount(shown.amount, shown.wallet.currency_id)

    @admin.display(description="Still held")
    def remaining_shown(self, shown: Hold) -> Any:
        return display.raw_amount(shown.remaining, shown.wallet.currency_id)

    @admin.display(description="For")
    def kind_shown(self, shown: Hold) -> str:
        return display.words(shown.kind)

    @admin.display(description="State")
    def state_shown(self, shown: Hold) -> Any:
        return display.state(shown.state)

    @admin.display(description="Placed")
    def placed(self, shown: Hold) -> Any:
        return display.when(shown.placed_at)

    def lead(self, request: HttpRequest, shown: Hold) -> Any:
        return self.money(shown)

    def panels(self, request: HttpRequest, shown: Hold) -> list[Panel]:
        currency = shown.wallet.currency_id
        found: list[Panel] = [
            facts(
                "Where the money is",
                ("Held at first", display.raw_amount(shown.amount, currency)),
                ("Captured", display.raw_amount(shown.captured, currency)),
                ("Given back", display.raw_amount(shown.released, currency)),
                ("Still held", display.raw_amount(shown.remaining, currency)),
            )
        ]
        if request.user.has_perm("ledger.view_entry"):
            found.append(lines_table(request, "Placed by", queries.lines_of(shown.placed_by_id)))
        return found

    def asides(self, request: HttpRequest, shown: Hold) -> list[Panel]:
        return [
            facts(
                "Hold",
                ("Client", references.link(request, shown.wallet.owner)),
                ("Wallet", display.account(shown.wallet.code)),
                ("For", display.words(shown.kind)),
                ("Why", shown.reason),
                ("Placed by", people.name(shown.actor)),
                ("Placed", display.when(shown.placed_at)),
                ("Runs out", display.when(shown.expires_at) if shown.expires_at else ""),
                ("Ended", display.when(shown.ended_at) if shown.ended_at else ""),
                ("Transaction", references.link(request, shown.placed_by.public_id)),
            )
        ]
