"""The FX position on a staff page: per currency what is held and owed, and what the position is worth."""

from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from ledger.admin import display, references
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.exports import reading
from ledger.money import CURRENCIES
from payments.services import fx_revaluation
from payments.services.fx_revaluation import Position, Revaluation
from payments.web import actor_of


class Asked(forms.Form):
    """Both empty: now, in the firm's own currency. A day means its end."""

    day = forms.DateField(label="At the end of", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    currency = forms.ChoiceField(
        label="Valued in", required=False, choices=[("", "the firm's currency"), *((c, c) for c in sorted(CURRENCIES))]
    )

    def moment(self, now: datetime) -> datetime:
        day = self.cleaned_data.get("day")
        end = datetime.combine(day, time.max, tzinfo=timezone.get_current_timezone()) if day else now
        return min(end.astimezone(UTC), now)


def page(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(fx_revaluation.PERMISSION):
        raise PermissionDenied
    now = timezone.now()
    form = Asked(request.GET)
    panels: list[Panel] = []
    file = ""
    if form.is_valid():
        found = fx_revaluation.report(
            at=form.moment(now),
            reporting_currency=form.cleaned_data["currency"],
            actor=actor_of(request),
            now=now,
            using=reading.alias(),
        )
        panels = [_outcome(found), _positions(found), _rates(request, found)]
        file = _file(found)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "FX position",
        "form": form,
        "panels": panels,
        "file": file,
    }
    return TemplateResponse(request, "admin/staff/fx_position.html", context)


def _file(found: Revaluation) -> str:
    """The address of the same figures as a file."""
    moments = {"at": found.at, "rates_at": found.rates_at}
    asked = {name: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for name, at in moments.items()}
    return "/api/v1/reports/fx-revaluation?" + urlencode({"format": "csv", "currency": found.currency, **asked})


def _outcome(found: Revaluation) -> Panel:
    profit = found.profit
    word = "" if profit is None else "Unrealised loss" if profit.amount < 0 else "Unrealised profit"
    return facts(
        "What it is worth",
        (word or "Unrealised", display.amount(profit, signed=True) if profit is not None else "A currency has no rate"),
        ("Books as of", display.when(found.at, seconds=True)),
        ("Rates published until", display.when(found.rates_at, seconds=True)),
        note="A conversion is made at the exact price, so the position is worth nothing at that moment; this is what "
        "rates have done since. Spread and rounding stand in their own accounts.",
    )


def _positions(found: Revaluation) -> Panel:
    rows = tuple(_line(row) for row in found.rows)
    heads = columns(
        ("Currency", "main"), ("Assets", "money"), ("Owed to clients", "money"), ("Owed to others", "money"),
        ("Net", "money"), ("Position", "money"), ("Rate", "money"), (f"Worth in {found.currency}", "money"),
    )  # fmt: skip
    return Table("Per currency", heads, rows, "Nothing is booked yet.")


def _line(row: Position) -> tuple[Any, ...]:
    rate = "" if row.rate is None else f"{row.rate.normalize():f}"
    return (
        row.currency,
        display.amount(row.assets),
        display.amount(row.client_liabilities),
        display.amount(row.other_liabilities),
        display.amount(row.net, signed=True),
        display.amount(row.position, signed=True),
        f"{rate} (stale)" if row.stale else rate or "no rate",
        display.amount(row.value, signed=True),
    )


def _rates(request: HttpRequest, found: Revaluation) -> Panel:
    used = {rate.reference: rate for row in found.rows for rate in row.rates}
    rows = tuple(
        (
            references.link(request, rate.reference, f"{rate.base}/{rate.counter}"),
            f"{rate.value.normalize():f}",
            rate.source,
            display.when(rate.published_at),
        )
        for rate in sorted(used.values(), key=lambda rate: (rate.base, rate.counter))
    )
    heads = columns(("Rate", "main"), ("Value", "money"), "Source", ("Published for", "time"))
    return Table("The rates it is valued at", heads, rows, "No rate was needed or known.")
