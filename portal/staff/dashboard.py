"""The first page of staff: what needs this person now, by role, and how long it has waited."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from payments.web import actor_of
from portal.staff import approvals, counts
from reconciliation.admin import case_queue
from reconciliation.services import exceptions

LISTED = 6


@dataclass(frozen=True)
class Card:
    """One number that leads to its list. `tone` says whether it wants somebody."""

    title: str
    figure: str
    note: str
    url: str
    tone: str


def page(request: HttpRequest) -> dict[str, Any]:
    """What the template needs: cards, and the top of the two queues for those who work them."""
    now, actor = timezone.now(), actor_of(request)
    may = request.user.has_perm
    context: dict[str, Any] = {"cards": list(_cards(request)), "roles": sorted(actor.roles), "now": now}
    if may(approvals.PERMISSION):
        oldest = approvals.waiting("all", actor, now, "")[:LISTED]
        context["approvals"] = approvals.rows(oldest, actor, now)
    if may("reconciliation.view_exceptioncase"):
        context["exceptions"] = _first_cases(actor.person if may(exceptions.PERMISSION) else "", now)
    return context


def _first_cases(person: str, now: datetime) -> list[case_queue.Row]:
    """The cases due first; one's own before the others."""
    rows = case_queue.open_cases().select_related("client").order_by("due_at", "pk")
    mine = list(rows.filter(assignee=person)[:LISTED]) if person else []
    rest = rows.exclude(assignee=person) if person else rows
    return case_queue.dressed([*mine, *rest[: LISTED - len(mine)]], now)


_List = tuple[str, str, str, Callable[[HttpRequest], int], str, str]

_LISTS: tuple[_List, ...] = (
    ("Approvals waiting", "payments.view_approval", "approvals", counts.approvals_waiting, "", "Nothing waits"),
    ("Open exceptions", "reconciliation.view_exceptioncase", "reconciliation_exceptioncase_changelist",
     counts.exceptions_open, "", "None open"),
    ("Transfers without an answer", "payments.view_transfer", "payments_transfer_changelist",
     counts.transfers_unknown, "?state=unknown", "Every platform has answered"),
    ("Payouts that failed", "payments.view_withdrawal", "payments_withdrawal_changelist",
     counts.payouts_failed, "?state=failed", "None"),
    ("Work that is parked", "payments.view_outboxmessage", "payments_outboxmessage_changelist",
     counts.work_parked, "?state=parked", "Everything runs"),
    ("Staff without a second factor", "payments.view_user", "payments_user_changelist",
     counts.staff_without_second_factor, "?staff=yes", "Everybody has one"),
)  # fmt: skip


def _cards(request: HttpRequest) -> Any:
    for title, permission, name, count, query, none in _LISTS:
        if request.user.has_perm(permission):
            number = count(request)
            yield Card(
                title=title,
                figure=counts.words(number) or "0",
                note=none if not number else "",
                url=reverse(f"admin:{name}") + query,
                tone="attention" if number else "good",
            )
