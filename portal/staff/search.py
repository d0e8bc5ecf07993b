"""Search: paste anything, land on the object, and see why it was found.

Every list's own finders are asked, one query per kind of object, only for kinds that the person may open. A public id
leads straight to its page.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from ledger.admin import display, finding, references
from ledger.errors import NotFound
from ledger.money import Money
from payments.admin.payees import number_shown
from payments.models import PaymentMethod

PERMISSION = "payments.view_client"
HITS = 6
LONGEST = 200

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Movements", ("dep", "wd", "tr", "ref", "dsp", "adj")),
    ("Clients and payees", ("cl", "pm", "ta")),
    ("Exceptions and statement lines", ("exc", "xr", "pev")),
    ("Books", ("txn", "hold", "acc")),
)


@dataclass(frozen=True)
class Hit:
    """One line of the answer."""

    kind: str
    title: Any
    note: Any
    amount: Any
    state: Any
    at: Any
    why: str
    url: str

    @property
    def direct(self) -> bool:
        """Found by something of its own, not by whose it is."""
        return not self.why.startswith("client")


def page(site: Any, request: HttpRequest) -> HttpResponse:
    """The search page. Raises PermissionDenied."""
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    q = (request.GET.get("q") or request.GET.get("s") or "").strip()[:LONGEST]
    if q and (address := exact(request, q)):
        return HttpResponseRedirect(address)
    started = time.monotonic()
    groups = hits(request, q) if q else []
    context = {
        **site.each_context(request),
        "title": "Search",
        "q": q,
        "groups": groups,
        "found": sum(len(found) for _, found in groups),
        "milliseconds": int((time.monotonic() - started) * 1000),
    }
    request.current_app = site.name
    return TemplateResponse(request, "admin/staff/search.html", context)


def exact(request: HttpRequest, q: str) -> str:
    """The page of the object whose public id this is, for somebody who may open it; "" otherwise."""
    model_admin = references.page_of(q.lower())
    if model_admin is None or not model_admin.has_view_permission(request):
        return ""
    try:
        key = model_admin.key_of(q.lower())
    except NotFound:
        return ""
    found = model_admin.get_queryset(request).filter(pk=key).first()
    return str(model_admin.url_of(found)) if found is not None else ""


def hits(request: HttpRequest, q: str) -> list[tuple[str, list[Hit]]]:
    """Grouped hits: what the text itself names before what belongs to it, then newest first. Empty groups are left
    out."""
    groups = []
    for title, prefixes in GROUPS:
        found = [hit for prefix in prefixes for hit in _of_kind(request, prefix, q)]
        if found:
            groups.append((title, sorted(found, key=lambda hit: not hit.direct)))
    return sorted(groups, key=lambda group: not group[1][0].direct)


def _of_kind(request: HttpRequest, prefix: str, q: str) -> list[Hit]:
    model_admin = references.pages().get(prefix)
    if model_admin is None or not model_admin.has_view_permission(request):
        return []
    rows = model_admin.get_queryset(request).select_related(*model_admin.detail_select_related)
    rows = rows.defer(*model_admin.list_defer).order_by(*model_admin.keyset)
    found = finding.explained(rows, q, model_admin.finders)[:HITS]
    return [_hit(request, model_admin, row) for row in found]


def _hit(request: HttpRequest, model_admin: Any, row: Any) -> Hit:
    client = getattr(row, "client", None) or getattr(getattr(row, "deposit", None), "client", None)
    note: Any = client.name if client is not None else getattr(row, "email", "")
    if isinstance(row, PaymentMethod):
        note = display.joined(number_shown(request, row), note)
    state = getattr(row, "state", "") or getattr(row, "status", "")
    return Hit(
        kind=model_admin.noun,
        title=_title(model_admin, row),
        note=note,
        amount=_amount(row),
        state=display.state(state) if state else "",
        at=_at(row),
        why=row.why,
        url=model_admin.url_of(row),
    )


def _title(model_admin: Any, row: Any) -> Any:
    """What names the row: its own words where it has some, else its id."""
    if words := getattr(row, "title", ""):
        return words
    if code := getattr(row, "code", ""):
        return display.account(code)
    heading = model_admin.heading(row)
    reference = model_admin.public_id(row)
    return display.short(reference) if reference in heading else heading


def _amount(row: Any) -> Any:
    currency = getattr(row, "currency", "")
    money = getattr(row, "money", None)
    if isinstance(money, Money):
        return display.amount(money)
    value = getattr(row, "amount", None)
    return display.raw_amount(value, currency) if value is not None and isinstance(currency, str) and currency else ""


def _at(row: Any) -> Any:
    names = ("created_at", "received_at", "effective_at", "placed_at", "opened_at")
    return display.when(next((getattr(row, name) for name in names if hasattr(row, name)), None))
