"""Closing business days and months: the ledger's own page of a period, with the act of those who may."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from ledger import periods
from ledger.admin import acts, period_files, references
from ledger.admin.acts import Act, Call
from ledger.admin.panels import Panel, facts
from ledger.admin.periods import PeriodAdmin, outlook
from ledger.api.files import ARCHIVE
from ledger.errors import InvalidTransition
from ledger.exports import files
from ledger.models import Period
from payments.web import actor_of


class Which(forms.Form):
    label = acts.line("Day or month", help_text="A day like 2026-11-20 or a month like 2026-11.", longest=10)


def _next(request: HttpRequest, shown: Any) -> dict[str, Any]:
    day = periods.next_day(now=timezone.now())
    return {"label": f"{day:%Y-%m-%d}"} if day else {}


def _period(call: Call) -> Period:
    return call.shown or periods.name(label=call.data["label"].strip())


def _will_freeze(call: Call) -> list[Panel]:
    period = _period(call)
    if period.state == Period.State.CLOSED or period.ends_at > call.now:
        raise InvalidTransition("It is closed already." if period.closed_at else "It is not over yet.")
    zone = period.entity.zone
    return [
        outlook(period),
        facts(
            "What closing does",
            ("Freezes", f"everything that took effect before the end of {period.label} ({zone})"),
            ("Refuses", "any posting into it, by every route; late news lands in the next open day and points back"),
            ("Keeps", "the digest of the trial balance and of every account's statement"),
            ("Way back", "none"),
        ),
    ]


def _close(call: Call) -> tuple[str, str]:
    closed = periods.close(period_id=_period(call).pk, actor=actor_of(call.request), now=call.now)
    return f"{closed.label} is closed.", references.url(closed.public_id)


def archive(request: HttpRequest, object_id: str) -> HttpResponseBase:
    """The signed archive of a closed period, recorded as the API records it."""
    period_files.need(request, ARCHIVE)
    made = files.archive(periods.find(object_id), actor=actor_of(request), now=timezone.now())
    return made.response()


@admin.register(Period)
class ClosablePeriodAdmin(PeriodAdmin):
    makes = (
        Act(
            name="close-next",
            label="Close a period",
            permission=periods.PERMISSION,
            form=Which,
            initial=_next,
            perform=_close,
            checks=_will_freeze,
            sentence=lambda shown, data: f"Close {data['label'].strip()} for ever",
            note="Days close in order, a month when all its days are closed.",
            danger=True,
        ),
    )
    acts = (
        Act(
            name="close",
            label="Close",
            permission=periods.PERMISSION,
            perform=_close,
            checks=_will_freeze,
            sentence=lambda shown, data: f"Close {shown.label} for ever",
            offered=lambda shown: shown.state == Period.State.OPEN and shown.ends_at <= timezone.now(),
            danger=True,
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view(archive)
        return [path("<str:object_id>/archive/", guarded, name="ledger_period_archive"), *super().get_urls()]

    def files(self, request: HttpRequest, shown: Period) -> list[tuple[str, Any, str]]:
        found = super().files(request, shown)
        if request.user.has_perm(ARCHIVE):
            address = reverse("admin:ledger_period_archive", args=[shown.public_id])
            link = format_html('<a class="ww-link" href="{}">{}.jsonl.gz</a>', address, shown.label)
            hint = (
                "signed, with every entry; manage.py verify_archive FILE checks it without the database. "
                f"For large books manage.py archive_period {shown.label} writes the same bytes"
            )
            found.append(("Archive", link, hint))
        return found
