"""The trial balance and roll-ups on staff pages: per currency, by both clocks, down to the account, and as CSV.

The same question as the API's reports, asked once per page. Reads only; exporting a day to the general ledger goes
through its service, which records it.
"""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from ledger import gl_exports, ids, rollups
from ledger.admin import display, references
from ledger.api.reports import attachment, rollup_csv
from ledger.errors import InvalidRequest
from ledger.exports import gl_csv, reading
from ledger.models import Account
from ledger.rollups import RollUp
from ledger.scopes import Scope, scope
from payments.web import actor_of
from portal.staff import clocks

PERMISSION = "ledger.view_report"
ROWS_MOST = 500
LEVELS = {"category": "Category", "kind": "Kind", "prefix": "Branch", "account": "Account"}
TITLES = {"trial-balance": "Trial balance", "roll-ups": "Roll-ups"}
_WORDS = ("category", "kind", "prefix")


def trial_balance(request: HttpRequest) -> HttpResponse:
    """Debits and credits per kind or account; at the foot they are equal."""
    return _page(request, "trial-balance", usual="kind")


def roll_ups(request: HttpRequest) -> HttpResponse:
    """Sums of any part of the book; a row opens into what it is made of."""
    return _page(request, "roll-ups", usual="category")


def gl_day(request: HttpRequest) -> HttpResponse:
    """One day's general-ledger file. Raises DomainError, shown as a page."""
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(gl_exports.PERMISSION):
        raise PermissionDenied
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        raise InvalidRequest("Say which day, like 2026-10-31.", param="day") from None
    form = request.GET.get("form", "summary")
    made = gl_exports.export(day=day, form=form, actor=actor_of(request), now=timezone.now())
    return attachment(made.content, made.name)


def _page(request: HttpRequest, name: str, *, usual: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    by = request.GET.get("by", usual)
    by = by if by in LEVELS else usual
    times = clocks.read(request.GET.dict())
    words = {word: request.GET.get(word, "") for word in _WORDS}
    within = scope(**words)
    currencies = sorted(set(Account.objects.order_by().values_list("currency_id", flat=True).distinct()))
    chosen = request.GET.get("currency", "")
    chosen = chosen if chosen in currencies else (currencies[0] if currencies else "")
    part = Scope(**{**vars(within), "currency": chosen})
    moments = {"effective_at": times.at.moment, "recorded_at": times.recorded_at.moment}
    rows = rollups.roll_up(by=by, within=part, **moments, using=reading.alias())
    if request.GET.get("format") == "csv" and not times.wrong:
        stamp = times.stamp(now=timezone.now())
        return attachment(rollup_csv(rows, rollups.totals(rows)).encode(), f"{name}-{chosen}-{stamp}.csv")
    asked = {"by": by, **times.typed, "currency": chosen, **words}
    context = {
        **admin.site.each_context(request),
        "title": TITLES[name],
        "tabs": [(code, _query(asked, currency=code), code == chosen) for code in currencies],
        "levels": [(label, _query(asked, by=level), level == by) for level, label in LEVELS.items()],
        "asked": asked,
        "kept": {"currency": chosen, **words},
        "times": times,
        "path": _path(words),
        "up": _query({"by": usual, **times.typed, "currency": chosen}) if any(words.values()) else "",
        "rows": [_row(request, row, by, asked, name) for row in rows[:ROWS_MOST]],
        "more": len(rows) - ROWS_MOST if len(rows) > ROWS_MOST else 0,
        "foot": _foot(rows, chosen),
        "csv": _query(asked, format="csv"),
        "sums": name == "roll-ups",
        "gl": reverse("admin:gl-day") if request.user.has_perm(gl_exports.PERMISSION) else "",
        "forms": sorted(gl_csv.FORMS, reverse=True),
    }
    return TemplateResponse(request, "admin/staff/sums.html", context, status=422 if times.wrong else 200)


def _query(asked: dict[str, str], **changes: str) -> str:
    return "?" + urlencode({name: value for name, value in {**asked, **changes}.items() if value})


def _path(words: dict[str, str]) -> str:
    return ", ".join(display.words(word) for word in words.values() if word)


def _row(request: HttpRequest, row: RollUp, by: str, asked: dict[str, str], name: str) -> dict[str, Any]:
    """A row's cells; its name leads to what it is made of, or to the account."""
    finer = rollups.FINER[by]
    single = by == "account" or (by == "prefix" and row.accounts == 1)
    if single and request.user.has_perm("ledger.view_account"):
        link = _account_url(row)
    elif finer and not single:
        word = {"category": "category", "kind": "kind", "prefix": "prefix"}[by]
        link = _query(asked, by=finer, **{word: row.name})
    else:
        link = ""
    return {
        "name": _named(row.name, by),
        "link": link,
        "accounts": f"{row.accounts:,}",
        "debit": display.raw_amount(row.debit, row.currency) if row.debit else "",
        "credit": display.raw_amount(row.credit, row.currency) if row.credit else "",
        "balance": display.raw_amount(row.balance, row.currency),
        "side": "credit" if row.sign > 0 else "debit",
    }


def _named(name: str, by: str) -> Any:
    if by not in ("account", "prefix"):
        return _title(name)
    return display.account(name) if name.count("/") > 1 else display.code(name)


def _title(word: str) -> str:
    """A kind or category as people write it."""
    text = display.words(word)
    for short in ("psp", "fx", "pnl"):
        text = text.replace(short, short.upper())
    return text[:1].upper() + text[1:]


def _account_url(row: RollUp) -> str:
    found = Account.objects.filter(code=row.name, currency=row.currency).values_list("pk", flat=True).first()
    return references.url(ids.encode("acc", found)) if found else ""


def _foot(rows: list[RollUp], currency: str) -> dict[str, Any] | None:
    total = next(iter(rollups.totals(rows)), None)
    if total is None:
        return None
    return {
        "debit": display.raw_amount(total.debit, currency),
        "credit": display.raw_amount(total.credit, currency),
        "even": total.debit == total.credit,
    }
