"""Holds on staff pages: money of a wallet set aside, for what, and what became of it."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ledger import queries
from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.lines import lines_table
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.models import Hold, Transaction

KIND_NAMES = {
    kind: display.words(kind).capitalize().replace("Aml", "AML").replace("Kyc", "KYC") for kind in Hold.Kind.values
}
SHOWN = 50
ENDING = {"1": "within 24 hours", "7": "within 7 days", "31": "within 31 days"}


def is_open(shown: Hold, now: datetime) -> bool:
    """Something is still held, and its time has not come; from then on it can only run out."""
    return shown.state in Hold.OPEN_STATES and (shown.expires_at is None or shown.expires_at > now)


class RunsOut(SimpleListFilter):
    """Open holds that end soon, by the index of those that the clock ends."""

    title = "Runs out"
    parameter_name = "ends"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(ENDING.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value not in ENDING:
            return queryset
        until = timezone.now() + timedelta(days=int(value))
        return queryset.filter(state__in=Hold.OPEN_STATES, expires_at__lte=until)


def _movements(request: HttpRequest, shown: Hold) -> Table:
    """Everything that was taken of a hold or given back, in the order it happened."""
    moved = Transaction.objects.filter(moves_hold=shown.pk).exclude(pk=shown.placed_by_id).order_by("pk")
    found = list(moved.select_related("reason")[:SHOWN])
    lines = queries.lines_of_many(row.pk for row in found)
    rows = tuple(
        (
            references.link(request, row.public_id, display.short(row.public_id)),
            display.account(line.code),
            display.raw_amount(line.amount, line.currency),
            row.description or display.DASH,
            display.when(row.recorded_at),
        )
        for row in found
        for line in lines[row.pk]
        if line.amount > 0
    )
    heads = columns(("Transaction", "main"), "To", ("Amount", "money"), "Why", ("Recorded", "time"))
    return Table("Taken or given back", heads, rows, "Nothing yet.")


class HoldAdmin(ReadOnlyAdmin):
    prefix = "hold"
    list_display = ("hold", "money", "remaining_shown", "why", "by", "state_shown")
    list_filter = (
        choices("state", "State", Hold.State.values),
        choices("kind", "Kind", Hold.Kind.values, KIND_NAMES),
        RunsOut,
        since("placed_at", "Placed since"),
    )
    list_select_related = ("wallet",)
    detail_select_related = ("wallet", "held_account", "placed_by")
    finders = (
        finding.public_id("hold"),
        finding.exactly("wallet__owner", "client id"),
        finding.amount("amount", "wallet__currency_id"),
    )
    search_help_text = "Hold id, client id, amount"

    @admin.display(description="Hold, client")
    def hold(self, shown: Hold) -> Any:
        return display.stacked(display.short(shown.public_id), display.short(shown.wallet.owner))

    @admin.display(description="Amount")
    def money(self, shown: Hold) -> Any:
        return display.raw_amount(shown.amount, shown.wallet.currency_id)

    @admin.display(description="Still held")
    def remaining_shown(self, shown: Hold) -> Any:
        return display.raw_amount(shown.remaining, shown.wallet.currency_id)

    @admin.display(description="Why")
    def why(self, shown: Hold) -> Any:
        return display.stacked(KIND_NAMES[shown.kind], display.clipped(shown.reason))

    def prepare(self, rows: list[Any]) -> None:
        names = people.names(row.actor for row in rows)
        for row in rows:
            row.actor_name = names.get(row.actor, row.actor)

    @admin.display(description="By")
    def by(self, shown: Any) -> Any:
        return display.stacked(display.clipped(shown.actor_name), display.when(shown.placed_at))

    @admin.display(description="State")
    def state_shown(self, shown: Hold) -> Any:
        ends = shown.expires_at if shown.state in Hold.OPEN_STATES else None
        return display.stacked(display.state(shown.state), display.joined("until", display.when(ends)) if ends else "")

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
            found.append(_movements(request, shown))
        return found

    def asides(self, request: HttpRequest, shown: Hold) -> list[Panel]:
        return [
            facts(
                "Hold",
                ("Client", references.link(request, shown.wallet.owner)),
                ("Wallet", display.account(shown.wallet.code)),
                ("For", KIND_NAMES[shown.kind]),
                ("Why", shown.reason),
                ("Placed by", people.name(shown.actor)),
                ("Placed", display.when(shown.placed_at)),
                ("Runs out", display.when(shown.expires_at) if shown.expires_at else ""),
                ("Ended", display.when(shown.ended_at) if shown.ended_at else ""),
                ("Transaction", references.link(request, shown.placed_by.public_id)),
            )
        ]
