"""The exception queue as a page: open cases by due time, cut by key, with the views that people work from."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from ledger.admin import display, people
from ledger.errors import NotFound
from reconciliation.categories import category
from reconciliation.models import ExceptionCase

PER_PAGE = 50
VIEWS = {"all": "All open", "mine": "Mine", "unassigned": "Unassigned", "overdue": "Overdue", "resolved": "Resolved"}


@dataclass(frozen=True)
class Row:
    """One case as the queue shows it."""

    case: ExceptionCase
    kind: str
    assignee: str
    due: str
    late: bool

    @property
    def team(self) -> str:
        return display.words(self.case.team)

    @property
    def state(self) -> Any:
        return display.state(self.case.state)

    @property
    def due_at(self) -> Any:
        return display.when(self.case.due_at)

    @property
    def amount(self) -> Any:
        return display.raw_amount(self.case.amount, self.case.currency) if self.case.currency else display.amount(None)


def open_cases() -> QuerySet[ExceptionCase]:
    return ExceptionCase.objects.exclude(state="resolved")


def _conditions(person: str, now: datetime) -> dict[str, Q]:
    return {
        "all": Q(),
        "mine": Q(assignee=person),
        "unassigned": Q(assignee=""),
        "overdue": Q(due_at__lt=now),
    }


def counts(person: str, now: datetime) -> dict[str, int]:
    """How many open cases each view holds, in one query."""
    wanted = {name: Count("pk", filter=condition) for name, condition in _conditions(person, now).items()}
    return open_cases().aggregate(**wanted)


def page(request: HttpRequest, *, person: str, now: datetime) -> dict[str, Any]:
    """What the template needs: rows, chips with counts, the team filter, and the way to the next page."""
    view = request.GET.get("view", "all")
    view = view if view in VIEWS else "all"
    team, q = request.GET.get("team", ""), request.GET.get("q", "").strip()[:200]
    rows = _rows(view, person, now)
    if team:
        rows = rows.filter(team=team)
    if q:
        rows = rows.filter(_search(q))
    found = list(_after(rows, request.GET.get("after", ""))[: PER_PAGE + 1])
    more, found = len(found) > PER_PAGE, found[:PER_PAGE]
    kept = {"view": view, **({"team": team} if team else {}), **({"q": q} if q else {})}
    numbers = counts(person, now)
    return {
        "rows": dressed(found, now),
        "view": view,
        "chips": [(name, label, numbers.get(name), f"?{urlencode({**kept, 'view': name})}")
                  for name, label in VIEWS.items()],
        "teams": [("", "Every team"), *((name, display.words(name)) for name in ("payments_ops", "compliance"))],
        "team": team,
        "q": q,
        "next": f"?{urlencode({**kept, 'after': found[-1].public_id})}" if more else "",
        "first": f"?{urlencode(kept)}" if request.GET.get("after") else "",
    }  # fmt: skip


def _rows(view: str, person: str, now: datetime) -> QuerySet[ExceptionCase]:
    if view == "resolved":
        return ExceptionCase.objects.filter(state="resolved").select_related("client").order_by("due_at", "pk")
    return open_cases().filter(_conditions(person, now)[view]).select_related("client").order_by("due_at", "pk")


def _search(q: str) -> Q:
    wanted = Q(title__icontains=q) | Q(object_ref=q) | Q(client__name__icontains=q)
    with suppress(NotFound):
        wanted |= Q(pk=ExceptionCase.key(q.lower()))
    return wanted


def _after(rows: QuerySet[ExceptionCase], cursor: str) -> QuerySet[ExceptionCase]:
    try:
        place = ExceptionCase.objects.filter(pk=ExceptionCase.key(cursor)).values_list("due_at", "pk").first()
    except NotFound:
        return rows
    if place is None:
        return rows
    return rows.filter(Q(due_at__gt=place[0]) | Q(due_at=place[0], pk__gt=place[1]))


def dressed(cases: list[ExceptionCase], now: datetime) -> list[Row]:
    names = people.names(case.assignee for case in cases)
    return [
        Row(
            case=case,
            kind=category(case.category).title,
            assignee=names.get(case.assignee, "") or "nobody",
            due=due_words(case, now),
            late=case.state != "resolved" and case.due_at < now,
        )
        for case in cases
    ]


def due_words(case: ExceptionCase, now: datetime) -> str:
    """ "in 3 h", "2 h overdue", or how it ended."""
    if case.state == "resolved":
        return display.words(case.outcome)
    if case.due_at < now:
        return f"{display.span(now - case.due_at)} overdue"
    return f"in {display.span(case.due_at - now)}"
