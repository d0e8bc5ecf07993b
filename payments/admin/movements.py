"""What the pages of all movements share: whose it is, who made it, and the postings it caused."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from ledger import ids, queries
from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.finding import Finder
from ledger.admin.panels import Panel, Table, columns
from ledger.models import Transaction
from payments.models import Client

POSTINGS_SHOWN = 40

OWNERS_MOST = 200


def _named(text: str) -> QuerySet[Client] | None:
    return Client.objects.filter(name__icontains=text) if finding.is_name(text) else None


def by_client(field: str = "client") -> tuple[Finder, ...]:
    """By the client's id, e-mail, name or external id. `field` leads from the movement to its client."""

    def among(choose: Callable[[str], QuerySet[Client] | None]) -> Callable[[str], QuerySet[Any, Any] | None]:
        def owners(text: str) -> QuerySet[Any, Any] | None:
            found = choose(text)
            return None if found is None else found.order_by("pk").values("pk")[:OWNERS_MOST]

        return owners

    return (
        finding.public_id("cl", f"{field}_id", "client id"),
        finding.owned_by(
            "client's e-mail",
            field,
            among(lambda text: Client.objects.filter(email__istartswith=text) if "@" in text else None),
        ),
        finding.owned_by("client's name", field, among(_named)),
        finding.owned_by(
            "client's external id",
            field,
            among(lambda text: None if " " in text else Client.objects.filter(external_id=text)),
        ),
    )


BY_CLIENT = by_client()


class MovementAdmin(ReadOnlyAdmin):
    """Columns and panels of anything with an amount, a state and a client."""

    list_select_related = ("client",)
    detail_select_related = ("client",)

    @admin.display(description="Reference")
    def reference(self, shown: Any) -> Any:
        return display.short(shown.public_id)

    @admin.display(description="Client")
    def client_shown(self, shown: Any) -> Any:
        return display.stacked(shown.client.name, shown.client.email) if shown.client else display.DASH

    @admin.display(description="Amount")
    def money(self, shown: Any) -> Any:
        return display.amount(shown.money)

    @admin.display(description="State")
    def state_shown(self, shown: Any) -> Any:
        return display.state(shown.state)

    @admin.display(description="Made")
    def made(self, shown: Any) -> Any:
        return display.when(shown.created_at)


def client_link(request: HttpRequest, client: Any) -> Any:
    """A client's name and e-mail, leading to the client's page."""
    if client is None:
        return ""
    return display.stacked(references.link(request, client.public_id, client.name), client.email)


def made_facts(shown: Any) -> tuple[tuple[str, Any], ...]:
    """Who made it and when it last changed."""
    return (
        ("Public id", display.code(shown.public_id)),
        ("Made by", people.name(shown.made_by)),
        ("Made", display.when(shown.created_at)),
        ("Changed", display.when(shown.updated_at)),
        ("Version", str(shown.version)),
    )


def postings_of(request: HttpRequest, condition: Q, title: str = "Postings") -> list[Panel]:
    """Every debit and credit of the transactions that a movement caused, oldest first."""
    if not request.user.has_perm("ledger.view_entry"):
        return []
    found = list(Transaction.objects.filter(condition).select_related("reason").order_by("pk")[:POSTINGS_SHOWN])
    lines = queries.lines_of_many(row.pk for row in found)
    rows = tuple(
        (
            references.link(request, row.public_id, row.reason.title),
            references.link(request, ids.encode("acc", line.account_id), display.account(line.code)),
            display.raw_amount(-line.amount, line.currency) if line.amount < 0 else "",
            display.raw_amount(line.amount, line.currency) if line.amount > 0 else "",
            display.state({0: "posted", 1: "pending", 2: "released"}[line.layer]),
            display.when(row.effective_at),
        )
        for row in found
        for line in lines[row.pk]
    )
    heads = columns(
        ("Posting", "main"), "Account", ("Debit", "money"), ("Credit", "money"), "Layer", ("Effective", "time")
    )
    return [Table(title, heads, rows, "Nothing has been posted yet.")]


def by_source(system: str, kinds: tuple[str, ...], *references: str) -> Q:
    """The postings under these business references."""
    return Q(source_system=system, source_kind__in=kinds, source_id__in=references)
