"""The status page: are the books right, how far are they sealed, where does money wait, who owes us an answer.

It only reads what the schedule has found out; opening it never costs more than a few small queries.
"""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from ledger.admin import display
from ledger.admin.panels import Facts, Table, columns, facts
from portal.queries import status
from portal.staff.dashboard import Card

PERMISSION = "ledger.view_status"
KINDS = {
    "psp_clearing": "captured, not settled yet",
    "psp_reserve": "kept by the provider",
    "psp_payout": "paid out, not on a statement yet",
    "suspense": "received, owner unknown",
}


def page(request: HttpRequest) -> HttpResponse:
    """The page. Raises PermissionDenied."""
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    now = timezone.now()
    found = status.read(now=now)
    context = {
        **admin.site.each_context(request),
        "title": "Status",
        "cards": _cards(found, now),
        "panels": [
            _broken(found, now),
            _transit(found, now),
            _doubts(found, now),
            _chain(found, now),
            _checks(found, now),
        ],
    }
    context["panels"] = [panel for panel in context["panels"] if panel is not None]
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/staff/status.html", context)


def _cards(found: status.Status, now: datetime) -> list[Card]:
    broken = sum(not line.clean for line in found.checks)
    checked = f"checked {display.ago(found.checked_at, now=now)}" if found.checked_at else "never checked"
    chain, open_doubts = found.chain, [doubt for doubt in found.doubts if doubt.count]
    oldest = min((doubt.since for doubt in open_doubts if doubt.since), default=None)
    waits = min((row.since for row in found.transit if row.since), default=None)
    return [
        _card("The books", "Not checked" if found.stale and found.checked_at is None else
              f"{broken} broken" if broken else "Right", checked, found.clean and not found.stale),
        _card("Drift", f"{'at least ' if found.drift_more else ''}{found.drift}",
              "stored figures that differ from their entries", not found.drift),
        _card("Chain verified to", f"#{chain.verified}", f"sealed to #{chain.sealed}, lag {chain.lag} s",
              not chain.late and (chain.verified > 0 or not chain.sealed)),
        _card("Oldest money in transit", display.span(now - waits) if waits else "None",
              _not_empty(found.transit_accounts),
              not any(row.old for row in found.transit)),
        _card("Open doubts", str(sum(doubt.count for doubt in open_doubts)),
              f"oldest {display.ago(oldest, now=now)}" if oldest else "everybody has answered", not open_doubts),
    ]  # fmt: skip


def _not_empty(accounts: int) -> str:
    if not accounts:
        return "every account is empty"
    return "one account is not empty" if accounts == 1 else f"{accounts:,} accounts are not empty"


def _card(title: str, figure: str, note: str, good: bool) -> Card:
    return Card(title=title, figure=figure, note=note, url="", tone="good" if good else "attention")


def _broken(found: status.Status, now: datetime) -> Table | None:
    """The first broken rows of every check that is not clean; no panel when there are none."""
    rows: list[tuple[Any, ...]] = []
    for line in found.checks:
        since = display.ago(line.broken_since, now=now) if line.broken_since else ""
        rows += [
            (f"{row['object']} {row['reference']}", row["detail"], line.title, since)
            for row in line.findings or ([] if line.clean else [{"object": "", "reference": "", "detail": ""}])
        ]
    if not rows:
        return None
    return Table(
        "What is not true",
        columns(("Row", "main"), "What is wrong", "What should be true", ("Since", "time")),
        tuple(rows),
    )


def _transit(found: status.Status, now: datetime) -> Table:
    rows = tuple(
        (
            display.stacked(display.account(row.account), KINDS.get(row.kind, display.words(row.kind))),
            display.amount(row.balance),
            _age(row.since, now, beyond=row.beyond, old=row.old),
            display.when(row.since) if row.since else "",
            str(row.unmatched_lines) if row.unmatched_lines else "",
        )
        for row in found.transit
    )
    heads = columns(("Account", "main"), ("Open", "money"), "Oldest open amount", ("Since", "time"), "Lines unmatched")
    cut = (
        f" These are the {len(rows)} oldest of {found.transit_accounts:,}."
        if len(rows) < found.transit_accounts
        else ""
    )
    return Table(
        "Money in transit, oldest first", heads, rows, empty="Every clearing and suspense account is empty.",
        note=f"Ages are first in, first out: what came first is taken to have left first.{cut}" if rows else "",
    )  # fmt: skip


def _age(since: datetime | None, now: datetime, *, beyond: bool, old: bool) -> Any:
    if since is None:
        return ""
    words = f"{'over ' if beyond else ''}{display.span(now - since)}"
    return display.tag(words, "attention") if old else words


def _doubts(found: status.Status, now: datetime) -> Table:
    rows = tuple(
        (
            doubt.what.capitalize(),
            str(doubt.count),
            display.ago(doubt.since, now=now) if doubt.since else "",
        )
        for doubt in found.doubts
        if doubt.count
    )
    return Table("Open doubts", columns(("What", "main"), "How many", "Oldest"), rows, empty="Everybody has answered.")


def _chain(found: status.Status, now: datetime) -> Facts:
    chain = found.chain
    signed = f"checkpoint {chain.checkpoint}, to #{chain.signed_to}" if chain.checkpoint else "nothing yet"
    copies = [
        (copy.place, f"checkpoint {copy.serial}" if copy.serial else "nothing yet", _ago(copy.at, now))
        for copy in chain.copies
    ]
    return facts(
        "Seal",
        ("Verified", f"to #{chain.verified}", _ago(chain.verified_at, now)),
        ("Sealed", f"to #{chain.sealed}", _ago(chain.sealed_at, now)),
        ("Waiting for a link", f"{chain.waiting} rows", f"the oldest for {chain.lag} s" if chain.waiting else ""),
        ("Signed", signed, _ago(chain.signed_at, now)),
        *copies,
        ("To take away", _link("checkpoints", "Signed checkpoints and the verifier")),
    )


def _link(name: str, words: str) -> Any:
    return format_html('<a class="ww-link" href="{}">{}</a>', reverse(f"admin:{name}"), words)


def _ago(at: datetime | None, now: datetime) -> str:
    return display.ago(at, now=now) if at else ""


def _checks(found: status.Status, now: datetime) -> Table:
    rows = tuple(
        (
            line.title,
            display.tag("true", "good") if line.clean else display.tag("broken", "attention"),
            display.ago(line.checked_at, now=now),
            _ago(line.full_at, now),
        )
        for line in found.checks
    )
    heads = columns(("What must be true", "main"), "Found", "Last look", "Last full look")
    return Table("Checks", heads, rows, empty="No check has run yet.")
