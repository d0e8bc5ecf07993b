"""Matches on staff pages: which line is which movement, by which rule, and who said so."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger import ids
from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since, yes_no
from ledger.admin.panels import Panel, Table, columns, facts
from reconciliation.models import Match


def matches_table(request: HttpRequest, matches: Any, title: str = "Matches") -> Table:
    """Which line is which movement, by which rule, and who said so."""
    found = list(matches[:50])
    names = people.names(row.actor for row in found)
    rows = tuple(
        (
            references.link(request, row.target_ref),
            references.link(request, ids.encode("xr", row.record_id), display.short(ids.encode("xr", row.record_id))),
            f"{display.words(row.rule)}, tier {row.tier}",
            names.get(row.actor, row.actor),
            display.state("undone" if row.undone_at else "matched"),
            display.when(row.matched_at),
        )
        for row in found
    )
    heads = columns(("Movement", "main"), "Line", "Rule", "By", "State", ("Matched", "time"))
    return Table(title, heads, rows, "Not matched.")


@admin.register(Match)
class MatchAdmin(ReadOnlyAdmin):
    prefix = "mt"
    list_display = ("target", "line", "money", "rule_shown", "score", "by", "matched")
    list_filter = (
        choices("tier", "Tier", ("1", "2", "3", "4")),
        yes_no("undone", "Undone", {"undone_at__isnull": False}, "yes", "no"),
        since("matched_at", "Matched since"),
    )
    list_select_related = detail_select_related = ("record",)
    finders = (
        finding.public_id("mt"),
        finding.exactly("target_ref", "movement id"),
        finding.public_id("xr", "record_id", "line"),
    )
    search_help_text = "Movement or line id"

    @admin.display(description="Movement")
    def target(self, shown: Match) -> Any:
        return display.short(shown.target_ref)

    @admin.display(description="Line")
    def line(self, shown: Match) -> Any:
        return display.stacked(shown.record.counterparty_name or shown.record.reference, shown.record.source)

    @admin.display(description="Amount")
    def money(self, shown: Match) -> Any:
        return display.raw_amount(shown.record.amount, shown.record.currency, signed=True)

    @admin.display(description="Rule")
    def rule_shown(self, shown: Match) -> str:
        return f"{display.words(shown.rule)}, tier {shown.tier}"

    def prepare(self, rows: list[Any]) -> None:
        names = people.names(row.actor for row in rows)
        for row in rows:
            row.actor_name = names.get(row.actor, row.actor)

    @admin.display(description="By")
    def by(self, shown: Any) -> str:
        return str(shown.actor_name)

    @admin.display(description="Matched")
    def matched(self, shown: Match) -> Any:
        return display.when(shown.matched_at)

    def tags(self, shown: Match) -> list[Any]:
        return [display.state("undone" if shown.undone_at else "matched")]

    def lead(self, request: HttpRequest, shown: Match) -> Any:
        return self.money(shown)

    def asides(self, request: HttpRequest, shown: Match) -> list[Panel]:
        posted = references.link(request, ids.encode("txn", shown.transaction_id)) if shown.transaction_id else ""
        return [
            facts(
                "Match",
                ("Movement", references.link(request, shown.target_ref)),
                ("Line", references.link(request, shown.record.public_id)),
                ("Rule", self.rule_shown(shown)),
                ("Score", f"{shown.score} of 100"),
                ("By", people.name(shown.actor)),
                ("Note", shown.note),
                ("Posting", posted),
                ("Matched", self.matched(shown)),
                ("Undone", display.when(shown.undone_at) if shown.undone_at else ""),
                ("Undone by", people.name(shown.undone_by) if shown.undone_by else ""),
            )
        ]
