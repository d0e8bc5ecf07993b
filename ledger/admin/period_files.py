"""What a closed period gives out: its trial balance, the statement of every account, and the page to find one.

The same bytes as REST gives, from the same doors, for the same permissions; figures are read as the reader. Writes
nothing. The archive, which is recorded, is added where somebody acts (`payments.admin.periods`).
"""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from rest_framework.renderers import JSONRenderer

from ledger import ids, periods
from ledger.admin import display, finding, references
from ledger.admin.panels import Table, columns
from ledger.api import account_names
from ledger.api.periods import RowsAnswer, as_csv, rows_of
from ledger.errors import InvalidRequest, NotFound
from ledger.exports import reading
from ledger.models import Account, Period, PeriodAccount

FORMS = ("csv", "json")
TRIAL, STATEMENT = "ledger.view_period", "ledger.view_entry"  # as the endpoints of the API
PER_PAGE = 50


def _finders(account: str, key: str) -> tuple[finding.Finder, ...]:
    """By id, by owner, by the beginning of the code; `account` leads to the account, `key` to its key."""
    begins = finding.Finder("account code", lambda text: Q(**{f"{account}code__startswith": text}))
    return finding.public_id("acc", key), finding.exactly(f"{account}owner", "client id"), begins


MOVED, ALL = _finders("account__", "account_id"), _finders("", "pk")


def addresses(guarded: Any) -> list[URLPattern]:
    """The routes under a period's own address."""
    own, name = "<str:object_id>/", "ledger_period"
    found = [path(f"{own}accounts/", guarded(accounts), name=f"{name}_accounts")]
    for form in FORMS:
        trial, one = guarded(partial(trial_balance, form)), guarded(partial(statement, form))
        found += [
            path(f"{own}trial-balance.{form}", trial, name=f"{name}_trial_{form}"),
            path(f"{own}statements/<str:account>.{form}", one, name=f"{name}_statement_{form}"),
        ]
    return found


def need(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied for anything but a look by somebody who may."""
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(permission):
        raise PermissionDenied


def trial_balance(form: str, request: HttpRequest, object_id: str) -> HttpResponse:
    need(request, TRIAL)
    period = periods.find(object_id, using=reading.alias())
    body = periods.trial_balance(period)
    return _given(form, body, period, period.trial_digest, f"{period.label}-trial-balance")


def statement(form: str, request: HttpRequest, object_id: str, account: str) -> HttpResponse:
    need(request, STATEMENT)
    period = periods.find(object_id, using=reading.alias())
    found = periods.statement(account=account_names.by_name(account), period=period)
    return _given(form, found.body, period, found.digest, f"{period.label}-{account}")


def _given(form: str, body: bytes, period: Period, digest: str | None, name: str) -> HttpResponse:
    if form == "csv":
        return as_csv(body, f"{name}.csv")
    shown = JSONRenderer().render(RowsAnswer(rows_of(body, period, digest)).data)
    attached = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return HttpResponse(shown, content_type="application/json", headers=attached)


def accounts(request: HttpRequest, object_id: str) -> HttpResponse:
    """Every account of a closed period with its statement, a page at a time, or those that a text finds."""
    need(request, TRIAL)
    using = reading.alias()
    try:
        period = periods.find(object_id, using=using)
    except NotFound:
        raise Http404 from None
    periods.require_closed(period)
    asked = request.GET.get("q", "").strip()
    rows = kept(period, using)
    if asked:
        rows = rows.filter(finding.wanted(asked, MOVED))
    found = list(_after(rows, request.GET.get("after", ""))[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    here = request.path
    last = found[:PER_PAGE][-1] if found else None
    onward = {"q": asked, "after": ids.encode("acc", last.account_id) if last else ""}
    context = {
        **_site(request),
        "title": f"Statements of {period.label}",
        "back": references.url(period.public_id),
        "back_words": f"Period {period.label}",
        "asked": asked,
        "panel": table(request, period, found[:PER_PAGE], title="Accounts that moved"),
        "still": _still(request, period, asked, using) if asked else None,
        "next": f"{here}?{urlencode(onward)}" if more else "",
        "first": f"{here}?{urlencode({'q': asked})}" if request.GET.get("after") else "",
    }
    return TemplateResponse(request, "admin/staff/period_accounts.html", context)


def _site(request: HttpRequest) -> dict[str, Any]:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return dict(admin.site.each_context(request))


def kept(period: Period, using: str) -> QuerySet[PeriodAccount]:
    rows = PeriodAccount.objects.using(using).filter(period_id=period.pk).select_related("account")
    return rows.order_by("account__code", "account__currency_id")


def _after(rows: QuerySet[PeriodAccount], place: str) -> QuerySet[PeriodAccount]:
    """The rows beyond an account; all of them for what is no account."""
    if not place:
        return rows
    try:
        account = account_names.by_name(place)
    except (NotFound, InvalidRequest):
        return rows
    same = Q(account__code=account.code, account__currency_id__gt=account.currency_id)
    return rows.filter(Q(account__code__gt=account.code) | same)


def table(request: HttpRequest, period: Period, rows: list[PeriodAccount], **words: Any) -> Table:
    """The accounts with what was frozen of each, and their statements to download."""
    lines = tuple(
        (
            references.link(request, row.account.public_id, display.account(row.account.code)),
            display.raw_amount(row.opening, row.account.currency_id),
            display.raw_amount(row.closing, row.account.currency_id),
            f"{row.entries:,}",
            display.stacked(files_of(request, period, row.account), display.code(row.digest[:12])),
        )
        for row in rows
    )
    heads = columns(("Account", "main"), ("Opening", "money"), ("Closing", "money"), "Entries", "Statement")
    return Table(words.pop("title"), heads, lines, words.pop("empty", "Nothing moved."), **words)


def _still(request: HttpRequest, period: Period, asked: str, using: str) -> Table:
    """Accounts that the text finds and that did not move: they have a statement too, without entries."""
    moved = PeriodAccount.objects.using(using).filter(period_id=period.pk).values("account_id")
    found = Account.objects.using(using).filter(finding.wanted(asked, ALL)).exclude(pk__in=moved)
    rows = found.order_by("code", "currency_id")
    lines = tuple(
        (
            references.link(request, row.public_id, display.account(row.code)),
            row.currency_id,
            files_of(request, period, row),
        )
        for row in rows[:PER_PAGE]
    )
    heads = columns(("Account", "main"), "Currency", "Statement")
    return Table("Accounts that did not move", heads, lines, "No account is called so.")


def files_of(request: HttpRequest, period: Period, account: Account) -> Any:
    """The statement of an account as links, for those who may have it."""
    if not request.user.has_perm(STATEMENT):
        return ""
    of = f"Statement of {account.code} in {account.currency_id}"
    return links(*((form, "statement", of, (period.public_id, account.public_id)) for form in FORMS))


def links(*files: tuple[str, str, str, tuple[str, ...]]) -> SafeString:
    """Downloads beside each other: the form, the route, what it is of, and the route's names."""
    drawn = (
        format_html(
            '<a class="ww-link" href="{}" aria-label="{} as {}">{}</a>',
            reverse(f"admin:ledger_period_{route}_{form}", args=args), of, form.upper(), form.upper(),
        )
        for form, route, of, args in files
    )  # fmt: skip
    return format_html('<span class="ww-links">{}</span>', display.joined(*drawn))
