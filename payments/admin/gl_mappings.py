"""The general-ledger mapping and its exports on staff pages."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from ledger import gl_exports, gl_mappings
from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.models import GlExport, GlMapping
from ledger.money import CURRENCIES
from payments.web import actor_of

DAYS = "A day here is a UTC day, by the time at which the ledger recorded things."


class Line(forms.Form):
    pattern = acts.line(
        "What", help_text="A kind like wallet, an account code, or a branch like psp/stripe/*.", longest=120
    )
    currency = forms.ChoiceField(
        label="Currency", choices=[("", "any"), *((code, code) for code in sorted(CURRENCIES))], required=False
    )
    gl_code = acts.line("General-ledger account", longest=40)
    gl_name = acts.line("Its name", longest=120)
    valid_from = forms.DateField(
        label="From",
        help_text="The first day that goes there: a UTC day, by the time of recording.",
        widget=forms.DateInput({"type": "date"}),
    )
    reason = acts.text("Why", help_text="Kept in the event log.", longest=1000)


def _add(call: Call) -> tuple[str, str]:
    line = gl_mappings.add(
        pattern=call.data["pattern"].strip(),
        currency=call.data["currency"],
        gl_code=call.data["gl_code"].strip(),
        gl_name=call.data["gl_name"],
        valid_from=call.data["valid_from"],
        reason=call.data["reason"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"{line.pattern} goes to {line.gl_code} from {line.valid_from} on.", references.url(line.public_id)


@admin.register(GlMapping)
class GlMappingAdmin(ReadOnlyAdmin):
    prefix = "glm"
    view_permission = "ledger.view_glmapping"
    called = ("general-ledger mapping", "general-ledger mapping")
    keyset = ("pattern", "currency", "-pk")
    list_display = ("pattern_shown", "currency_shown", "target", "from_day", "made")
    list_filter = (choices("currency", "Currency", sorted(CURRENCIES)),)
    finders = (finding.public_id("glm"), finding.name("pattern", "what"), finding.exactly("gl_code", "code"))
    search_help_text = "Kind, account code, general-ledger code"
    intro = (
        "Where each account goes in the general ledger. The closest line counts: a code, then a branch, then a kind."
    )
    makes = (
        Act(
            name="add-line",
            label="Add a line",
            permission=gl_mappings.PERMISSION,
            form=Line,
            perform=_add,
            sentence=lambda shown, data: f"Send {data['pattern']} to {data['gl_code']} from {data['valid_from']} on",
            note="A line is never changed; a new one takes over from its day. Exported days stay as they are.",
        ),
    )

    @admin.display(description="What")
    def pattern_shown(self, shown: GlMapping) -> Any:
        return display.code(shown.pattern)

    @admin.display(description="Currency")
    def currency_shown(self, shown: GlMapping) -> str:
        return shown.currency or "any"

    @admin.display(description="Goes to")
    def target(self, shown: GlMapping) -> Any:
        return display.stacked(shown.gl_code, shown.gl_name)

    @admin.display(description="From")
    def from_day(self, shown: GlMapping) -> Any:
        return "the beginning" if shown.valid_from.year == 1970 else display.when(shown.valid_from)

    @admin.display(description="Added")
    def made(self, shown: GlMapping) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: GlMapping) -> str:
        return f"{shown.pattern} → {shown.gl_code}"

    def panels(self, request: HttpRequest, shown: GlMapping) -> list[Panel]:
        found = GlMapping.objects.filter(pattern=shown.pattern, currency=shown.currency).order_by("-valid_from")
        rows = tuple(
            (self.from_day(row), row.gl_code, row.gl_name, people.name(row.made_by), self.made(row)) for row in found
        )
        heads = columns(("From", "main"), "Code", "Name", "Added by", ("Added", "time"))
        return [Table("All lines for this", heads, rows)]

    def asides(self, request: HttpRequest, shown: GlMapping) -> list[Panel]:
        return [
            facts(
                "Line",
                ("What", display.code(shown.pattern)),
                ("Currency", self.currency_shown(shown)),
                ("Goes to", f"{shown.gl_code} {shown.gl_name}"),
                ("From", self.from_day(shown)),
                ("Why", shown.reason),
                ("Added by", people.name(shown.made_by)),
                ("Public id", display.code(shown.public_id)),
            )
        ]


@admin.register(GlExport)
class GlExportAdmin(ReadOnlyAdmin):
    prefix = "glx"
    view_permission = "ledger.view_report"
    called = ("general-ledger export", "general-ledger exports")
    keyset = ("-day", "-pk")
    list_display = ("day_shown", "form", "rows", "digest", "made")
    finders = (finding.public_id("glx"), finding.exactly("sha256", "SHA-256"))
    search_help_text = "SHA-256"
    intro = (
        "Every day that was handed over, with the digest of its file. Asked for again, a day gives the same bytes. "
        f"{DAYS} Business days and months (Periods) are other days: they go by the time at which things took effect, "
        "in the legal entity's zone."
    )
    empty = "No day was handed over yet. Days are exported on the page Roll-ups, or by export_gl."

    @admin.display(description="Day")
    def day_shown(self, shown: GlExport) -> Any:
        return display.when(shown.day)

    @admin.display(description="SHA-256")
    def digest(self, shown: GlExport) -> Any:
        return display.code(f"{shown.sha256[:16]}…")

    @admin.display(description="First exported")
    def made(self, shown: GlExport) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: GlExport) -> str:
        return f"General ledger, {shown.day}, {shown.form}"

    def file(self, request: HttpRequest, shown: GlExport) -> Any:
        """The file again, for those who may export."""
        if not request.user.has_perm(gl_exports.PERMISSION):
            return ""
        address = f"{reverse('admin:gl-day')}?{urlencode({'day': shown.day, 'form': shown.form})}"
        return format_html('<a class="ww-link" href="{}">Download CSV</a>', address)

    def panels(self, request: HttpRequest, shown: GlExport) -> list[Panel]:
        return [
            facts(
                "Export",
                ("Day", display.when(shown.day), "UTC, by the time of recording"),
                ("Form", shown.get_form_display()),
                ("Lines", str(shown.rows)),
                ("SHA-256", display.code(shown.sha256)),
                ("File", self.file(request, shown), "the same bytes again; fetching it is recorded"),
                ("First exported by", people.name(shown.made_by)),
                ("First exported", self.made(shown)),
                note=f"{DAYS} Do not hold its figures against the business day of the same date: that one goes by the "
                "time at which things took effect, in the legal entity's zone.",
            )
        ]
