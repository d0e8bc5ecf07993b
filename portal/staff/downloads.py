"""Downloads on a staff page: the book for hledger or beancount, the sealed history with its verifier, the archives.

The same files as the API gives, from the same door, for the same permissions. Every file is made whole before its
first byte leaves, so that what cannot be made is a page in words.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from ledger.admin import acts, display, references
from ledger.admin.panels import Table, columns
from ledger.api.files import ARCHIVE, EXPORT
from ledger.errors import InvalidRequest
from ledger.exports import files
from ledger.models import Period, SignedCheckpoint
from payments.web import actor_of
from portal.staff import checkpoints

PERMISSION = EXPORT
LISTED = 5  # of the latest periods and checkpoints
FIELDS = {"from": "first", "to": "last", "format": "program"}  # the API's names of what the form asks
JOURNAL_COMMAND = (
    "python manage.py export_journal --format hledger --from 2026-11-01 --to 2026-11-30 --output book.journal"
)
SEAL_COMMAND = f"python manage.py export_seal --to seal.jsonl.gz --verifier {files.VERIFIER.name}"
DAY = forms.DateInput(attrs={"type": "date"})


class Days(forms.Form):
    """What of the book, and for which program."""

    program = forms.ChoiceField(label="For", choices=[(name, name) for name in sorted(files.JOURNALS, reverse=True)])
    first = forms.DateField(label="From", required=False, widget=DAY)
    last = forms.DateField(label="To", required=False, widget=DAY)


def page(request: HttpRequest) -> HttpResponse:
    """What can be taken away, and the commands that write the same."""
    checkpoints.need(request, PERMISSION)
    return _page(request, Days(initial={"program": "hledger"}), 200)


def journal(request: HttpRequest) -> HttpResponseBase:
    """The book as plain-text accounting; the form again, with what is wrong, for days that are none."""
    checkpoints.need(request, PERMISSION)
    form = Days(request.GET)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            made = files.journal(
                asked["program"],
                first=asked["first"],
                last=asked["last"],
                actor=actor_of(request),
                now=timezone.now(),
            )
            return made.response()
        except InvalidRequest as error:
            error.param = FIELDS.get(error.param or "")
            acts.show_refusal(form, error)
    return _page(request, form, 422)


def sealed_history(request: HttpRequest) -> HttpResponseBase:
    checkpoints.need(request, PERMISSION)
    return files.sealed_history(actor=actor_of(request), now=timezone.now()).response()


def _page(request: HttpRequest, form: Days, status: int) -> TemplateResponse:
    may_check = request.user.has_perm(checkpoints.PERMISSION)
    signed = list(SignedCheckpoint.objects.order_by("-serial")[:LISTED]) if may_check else []
    onward = ("All signed checkpoints", reverse("admin:checkpoints"))
    panels = [checkpoints.table(signed, more=onward)] if may_check else []
    context = {
        **admin.site.each_context(request),
        "title": "Downloads",
        "form": form,
        "export_journal": display.command(JOURNAL_COMMAND),
        "export_seal": display.command(SEAL_COMMAND),
        "verifier": files.VERIFIER.name if may_check else "",
        "panels": [*checkpoints.how_to_check(), *panels, *_archives(request)],
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/staff/downloads.html", context, status=status)


def _archives(request: HttpRequest) -> list[Table]:
    """The periods that were closed last, each with its archive."""
    if not request.user.has_perm(ARCHIVE):
        return []
    rows: list[tuple[Any, ...]] = [
        (
            references.link(request, period.public_id, period.label),
            format_html(
                '<a class="ww-link" href="{}">{}.jsonl.gz</a>',
                reverse("admin:ledger_period_archive", args=[period.public_id]), period.label,
            ),
            display.code((period.digest or "")[:12]),
            display.when(period.closed_at),
        )
        for period in Period.objects.filter(state=Period.State.CLOSED)[:LISTED]
    ]  # fmt: skip
    heads = columns(("Period", "main"), "Archive", "Digest", ("Closed", "time"))
    more = ("All closed periods", f"{reverse('admin:ledger_period_changelist')}?state=closed")
    note = (
        "For large books manage.py archive_period 2026-11 writes the same bytes; manage.py verify_archive FILE checks "
        "them without the database."
    )
    return [Table("Archives of closed periods", heads, tuple(rows), "No period is closed yet.", note=note, more=more)]
