"""Imports of opening balances on staff pages: upload, look at the dry run, a second person decides, keep the report."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices
from ledger.admin.panels import Panel, Table, Text, columns, facts
from ledger.errors import InvalidTransition
from payments.decisions import REASON_CODES
from payments.models import OpeningImport
from payments.services import opening_imports, opening_reports
from payments.states import OPENING_IMPORT
from payments.web import actor_of

SUSPENSE_SHOWN = 200
LARGEST = 10 * 1024 * 1024


class Upload(forms.Form):
    reference = acts.line(
        "Name of the cut-over", help_text="One import each, for example cut-over-2026-10.", longest=80
    )
    balances = forms.FileField(label="Balances", help_text="CSV, one account per line.")
    control = forms.FileField(label="Control totals", help_text="CSV: kind, currency, rows, amount.")
    suspense = forms.BooleanField(label="What fits no client goes to suspense, each with a case", required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name in ("balances", "control"):
            if data.get(name) and data[name].size > LARGEST:
                self.add_error(name, "A file has up to 10 MB.")
        return data


class Approve(forms.Form):
    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    note = acts.text("Note", required=False)


class Reject(forms.Form):
    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason_code = forms.ChoiceField(
        label="Reason", choices=[(code, reason.staff) for code, reason in REASON_CODES.items()]
    )
    note = acts.text("Note")


def _upload(call: Call) -> tuple[str, str]:
    made, again = opening_imports.prepare(
        content=call.data["balances"].read(),
        control=call.data["control"].read(),
        name=call.data["balances"].name,
        reference=call.data["reference"],
        suspense=call.data["suspense"],
        actor=actor_of(call.request),
        now=call.now,
    )
    words = "These files are here already." if again else "Nothing has moved yet: look at the dry run below."
    return f"{words} A second person decides.", references.url(made.public_id)


def _approve(call: Call) -> str:
    opening_imports.approve(
        import_id=call.shown.pk,
        content_hash=call.data["content_hash"],
        note=call.data["note"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return "Approved. It is posted in the background, whole or not at all: look again in a moment."


def _reject(call: Call) -> str:
    opening_imports.reject(
        import_id=call.shown.pk,
        content_hash=call.data["content_hash"],
        reason_code=call.data["reason_code"],
        note=call.data["note"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return "Rejected. Nothing ever moved."


def _waiting(shown: OpeningImport) -> bool:
    return shown.state == "awaiting_second_person"


def _seen(request: HttpRequest, shown: OpeningImport) -> dict[str, Any]:
    return {"content_hash": shown.content_hash}


@admin.register(OpeningImport)
class OpeningImportAdmin(ReadOnlyAdmin):
    prefix = "opn"
    called = ("import of opening balances", "imports of opening balances")
    list_display = ("import_shown", "rows", "suspense_shown", "state_shown", "made")
    list_filter = (choices("state", "State", OPENING_IMPORT.states),)
    list_defer = ("content", "control", "report")
    finders = (finding.public_id("opn"), finding.name("reference"), finding.exactly("sha256", "SHA-256"))
    search_help_text = "Name of the cut-over, SHA-256"
    empty = "No cut-over yet. A file is looked at as a dry run first; nothing is posted before a second person agrees."
    makes = (
        Act(
            name="upload",
            label="Upload a cut-over",
            permission=opening_imports.PREPARE,
            form=Upload,
            perform=_upload,
            sentence=lambda shown, data: "Upload",
            confirm=False,
            note="Both files are read and judged; you see exactly what would be posted. Nothing moves until another "
            "person has approved it.",
        ),
    )
    acts = (
        Act(
            name="approve",
            label="Approve and post",
            permission=opening_imports.APPROVE,
            form=Approve,
            perform=_approve,
            sentence=lambda shown, data: f"Post {shown.figures['transactions']} opening balances",
            offered=_waiting,
            initial=_seen,
            checks=lambda call: [_totals(call.shown)],
            note="All of it is posted, or nothing. An account has one opening balance for ever.",
        ),
        Act(
            name="reject",
            label="Reject",
            permission=opening_imports.APPROVE,
            form=Reject,
            perform=_reject,
            sentence=lambda shown, data: f"Reject “{shown.reference}”",
            offered=_waiting,
            initial=_seen,
            danger=True,
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<slug:object_id>/report.<slug:form>",
            self.admin_site.admin_view(self.report),
            name="payments_openingimport_report",
        )
        return [own, *super().get_urls()]

    def report(self, request: HttpRequest, object_id: str, form: str) -> HttpResponse:
        """The signed report as a file."""
        shown = self.found(request, object_id)
        if form == "json":
            text, kind = opening_reports.as_json(shown), "application/json"
        elif form == "txt":
            text, kind = opening_reports.as_text(shown), "text/plain; charset=utf-8"
        else:
            raise InvalidTransition("A report is json or txt.")
        name = f'attachment; filename="cut-over-{shown.public_id}.{form}"'
        return HttpResponse(text, content_type=kind, headers={"Content-Disposition": name})

    @admin.display(description="Cut-over")
    def import_shown(self, shown: OpeningImport) -> Any:
        return display.stacked(shown.reference, shown.file_name)

    @admin.display(description="To suspense")
    def suspense_shown(self, shown: OpeningImport) -> str:
        return str(len(shown.figures["suspense"])) if shown.suspense else "no"

    @admin.display(description="State")
    def state_shown(self, shown: OpeningImport) -> Any:
        return display.state(shown.state)

    @admin.display(description="Prepared")
    def made(self, shown: OpeningImport) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: OpeningImport) -> str:
        return f"Cut-over {shown.reference}"

    def lead(self, request: HttpRequest, shown: OpeningImport) -> Any:
        return f"{shown.rows} accounts, {shown.figures['transactions']} with a balance"

    def summary(self, request: HttpRequest, shown: OpeningImport) -> Any:
        if shown.state == "approved":
            return "Approved; it is being posted in the background. Look again in a moment."
        if not shown.report:
            return ""
        links = [(form, reverse("admin:payments_openingimport_report", args=[shown.public_id, form]))
                 for form in ("txt", "json")]  # fmt: skip
        return format_html(
            'Signed report: <a class="ww-link" href="{}">to read</a> · <a class="ww-link" href="{}">JSON</a>',
            *(address for _, address in links),
        )

    def panels(self, request: HttpRequest, shown: OpeningImport) -> list[Panel]:
        found: list[Panel] = [_totals(shown)]
        if shown.error:
            found.insert(0, Text("Why nothing was posted", shown.error))
        if shown.figures["suspense"]:
            found.append(_unplaced(shown))
        return found

    def asides(self, request: HttpRequest, shown: OpeningImport) -> list[Panel]:
        figures = shown.figures
        return [
            facts(
                "What it does",
                ("Clients to create", str(figures["clients_new"])),
                ("Clients known", str(figures["clients_known"])),
                ("Logins to write down", str(figures["trading_accounts_new"])),
                ("What does not fit", "goes to suspense" if shown.suspense else "is refused"),
            ),
            facts(
                "Import",
                ("File", shown.file_name),
                ("SHA-256", display.code(f"{shown.sha256[:16]}…")),
                ("Control, SHA-256", display.code(f"{shown.control_sha256[:16]}…")),
                ("Prepared by", people.name(shown.maker or shown.made_by)),
                ("Prepared", display.when(shown.created_at)),
                ("Decided by", people.name(shown.decided_by) if shown.decided_by else ""),
                ("Decided", display.when(shown.decided_at) if shown.decided_at else ""),
                ("Ended", display.when(shown.ended_at) if shown.ended_at else ""),
                ("Public id", display.code(shown.public_id)),
            ),
        ]


def _totals(shown: OpeningImport) -> Table:
    control = {(row["kind"], row["currency"]): row for row in shown.figures["control"]}
    rows = tuple(
        (
            display.words(row["kind"]).replace("psp", "PSP"),
            f"{row['rows']:,}",
            display.raw_amount(Decimal(row["amount"]), row["currency"]),
            display.raw_amount(Decimal(control[row["kind"], row["currency"]]["amount"]), row["currency"]),
        )
        for row in shown.figures["file"]
    )
    heads = columns(("Kind", "main"), ("Accounts", "money"), ("File", "money"), ("Control", "money"))
    title = "Totals posted" if shown.state == "applied" else "Dry run: what will be posted"
    return Table(title, heads, rows, note="Each against house/opening; file and control totals agree.")


def _unplaced(shown: OpeningImport) -> Table:
    found = shown.figures["suspense"]
    rows = tuple(
        (
            f"Line {row['line']}",
            row["client_external_id"],
            display.words(row["kind"]),
            display.raw_amount(Decimal(row["amount"]), row["currency"]),
            row["why"],
        )
        for row in found[:SUSPENSE_SHOWN]
    )
    heads = columns(("Line", "main"), "Client", "Kind", ("Amount", "money"), "Why")
    note = "" if len(found) <= SUSPENSE_SHOWN else f"The first {SUSPENSE_SHOWN} of {len(found)}."
    return Table("To suspense", heads, rows, note=note)
