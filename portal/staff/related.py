"""Panels that the top layer adds to the pages of lower ones: exceptions, a client's money, matches."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from ledger.admin import display, references
from ledger.admin.panels import Panel, Table, above, below, columns, facts
from payments.models import Client
from portal.queries import balances
from portal.queries.figures import DoesNotAddUp
from reconciliation.admin.case_queue import due_words
from reconciliation.admin.matches import matches_table
from reconciliation.categories import category
from reconciliation.models import ExceptionCase, Match

SHOWN = 20
MATCHED = ("wd", "dep")


@above.add
def exceptions_about(request: HttpRequest, shown: Any) -> list[Panel]:
    """Every case about this object, open ones first; nothing when there is none."""
    reference = getattr(shown, "public_id", "")
    if (
        not reference
        or isinstance(shown, ExceptionCase)
        or not request.user.has_perm("reconciliation.view_exceptioncase")
    ):
        return []
    now = timezone.now()
    found = ExceptionCase.objects.filter(object_ref=reference).order_by("resolved_at", "due_at")[:SHOWN]
    rows = tuple(
        (
            references.link(request, case.public_id, case.title),
            category(case.category).title,
            display.state(case.state),
            due_words(case, now),
        )
        for case in found
    )
    return [Table("Exceptions", columns(("Exception", "main"), "Kind", "State", "Due"), rows)] if rows else []


@above.add
def money_of(request: HttpRequest, shown: Any) -> list[Panel]:
    """A client's money by currency, in the words that the client reads, adding up."""
    if not isinstance(shown, Client) or not request.user.has_perm("ledger.view_balance"):
        return []
    try:
        found = balances.of_client(shown, now=timezone.now()).currencies
    except DoesNotAddUp as error:
        return [facts("The books of this client do not add up", ("Tell finance", str(error)))]
    rows = tuple(
        (
            row.currency,
            display.amount(row.available),
            display.amount(row.held),
            display.amount(row.on_its_way),
            display.amount(row.in_pockets) if row.in_pockets else "",
            display.amount(row.total),
            display.amount(row.available_to_withdraw),
            display.amount(row.owed) if row.owed else "",
        )
        for row in found
    )
    heads = columns(
        ("Money", "main"), ("Available", "money"), ("Held", "money"), ("On its way", "money"), ("In pockets", "money"),
        ("Total", "money"), ("Can be withdrawn", "money"), ("Owed to us", "money"),
    )  # fmt: skip
    return [Table("Money", heads, rows, "No money yet.", note="Total is the four parts together.")]


@below.add
def matches_of(request: HttpRequest, shown: Any) -> list[Panel]:
    """The statement lines that are this movement."""
    reference = getattr(shown, "public_id", "")
    if reference.partition("_")[0] not in MATCHED or not request.user.has_perm("reconciliation.view_match"):
        return []
    found = matches_table(request, Match.objects.filter(target_ref=reference).order_by("-pk"), "On the statement")
    return [found] if found.rows else []
