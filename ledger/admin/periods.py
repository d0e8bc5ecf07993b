"""Business days and months on staff pages: what was frozen, with which figures and digests, and what landed later.

Closing is not offered here, because the ledger knows nobody who acts: `payments.admin.periods` adds it.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html

from ledger import periods
from ledger.admin import display, finding, people, period_files, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.exports import reading
from ledger.models import Period

ACCOUNTS_SHOWN = 10
CORRECTIONS_SHOWN = 50


class PeriodAdmin(ReadOnlyAdmin):
    prefix = "per"
    keyset = ("-starts_on", "-kind")
    list_display = ("period", "kind_shown", "state_shown", "entries_shown", "closed", "closer")
    list_filter = (
        choices("kind", "Kind", Period.Kind.values),
        choices("state", "State", Period.State.values),
    )
    finders = (finding.public_id("per"), finding.exactly("label", "day or month"))
    search_help_text = "A day like 2026-11-20 or a month like 2026-11"
    intro = (
        "A closed period is frozen: nothing can take effect in it any more, and its statements never change. Days are "
        "the legal entity's own, by the time at which things took effect; days of the general-ledger export are UTC "
        "days, by the time of recording."
    )
    empty = "No day or month is closed yet."

    def get_urls(self) -> list[URLPattern]:
        return [*period_files.addresses(self.admin_site.admin_view), *super().get_urls()]

    @admin.display(description="Period")
    def period(self, shown: Period) -> str:
        return shown.label

    @admin.display(description="Kind")
    def kind_shown(self, shown: Period) -> str:
        return shown.get_kind_display()

    @admin.display(description="State")
    def state_shown(self, shown: Period) -> Any:
        return display.state(shown.state)

    @admin.display(description="Entries")
    def entries_shown(self, shown: Period) -> str:
        return str(shown.entries) if shown.entries is not None else display.DASH

    @admin.display(description="Closed")
    def closed(self, shown: Period) -> Any:
        return display.when(shown.closed_at)

    @admin.display(description="By")
    def closer(self, shown: Period) -> Any:
        return people.name(shown.closed_by) if shown.closed_by else display.DASH

    def heading(self, shown: Period) -> str:
        return f"Period {shown.label}"

    def lead(self, request: HttpRequest, shown: Period) -> Any:
        return shown.label

    def panels(self, request: HttpRequest, shown: Period) -> list[Panel]:
        if shown.state != Period.State.CLOSED:
            return [outlook(shown)]
        return [self._files(request, shown), self._accounts(request, shown), self._corrections(request, shown)]

    def asides(self, request: HttpRequest, shown: Period) -> list[Panel]:
        return [
            facts(
                "Period",
                ("Public id", display.code(shown.public_id)),
                ("Legal entity", shown.entity.name),
                ("Time zone", shown.entity.zone),
                ("From", display.when(shown.starts_at, seconds=True)),
                ("Before", display.when(shown.ends_at, seconds=True)),
                ("Closed", display.when(shown.closed_at, seconds=True) if shown.closed_at else ""),
                ("Closed by", people.name(shown.closed_by) if shown.closed_by else ""),
                ("Digest", display.code(shown.digest) if shown.digest else ""),
                ("Trial balance", display.code(shown.trial_digest) if shown.trial_digest else ""),
                note="Digests are SHA-256; verify_ledger computes them again from the entries.",
            ),
            two_days(shown.entity.zone),
        ]

    def files(self, request: HttpRequest, shown: Period) -> list[tuple[str, Any, str]]:
        """What a closed period gives out: label, links, hint."""
        of = (shown.public_id,)
        words = f"Trial balance of {shown.label}"
        statements = format_html(
            '<a class="ww-link" href="{}">All accounts</a>', reverse("admin:ledger_period_accounts", args=of)
        )
        trial = period_files.links(*((form, "trial", words, of) for form in period_files.FORMS))
        found = [("Trial balance", trial, "at its end, as it was frozen")]
        if request.user.has_perm(period_files.STATEMENT):
            found.append(("Statements", statements, "one per account, also of accounts that did not move"))
        return found

    def _files(self, request: HttpRequest, shown: Period) -> Panel:
        note = "The same bytes whenever they are asked for, here, by the API and by the commands."
        return facts("To download", *self.files(request, shown), note=note)

    def _accounts(self, request: HttpRequest, shown: Period) -> Table:
        rows = list(period_files.kept(shown, reading.alias())[: ACCOUNTS_SHOWN + 1])
        more = ("All accounts, and finding one", reverse("admin:ledger_period_accounts", args=[shown.public_id]))
        title = "Accounts that moved"
        if len(rows) <= ACCOUNTS_SHOWN:
            return period_files.table(request, shown, rows, title=title)
        note = f"The first {ACCOUNTS_SHOWN} accounts by code."
        return period_files.table(request, shown, rows[:ACCOUNTS_SHOWN], title=title, note=note, more=more)

    def _corrections(self, request: HttpRequest, shown: Period) -> Table:
        rows = tuple(
            (
                references.link(request, row.public_id, row.reason.title),
                str((row.metadata or {})["corrects"]["effective_at"]),
                display.when(row.effective_at, seconds=True),
                display.when(row.recorded_at, seconds=True),
            )
            for row in periods.corrections(shown)[:CORRECTIONS_SHOWN]
        )
        heads = columns(("Transaction", "main"), "Belongs to", ("Took effect", "time"), ("Recorded", "time"))
        return Table("Landed later", heads, rows, "Nothing that belongs here came later.")


def outlook(period: Period) -> Table:
    """What a period holds now, per currency: what closing it would freeze."""
    rows = tuple(
        (currency, str(entries), display.raw_amount(moved, currency), "yes" if not difference else "NO")
        for currency, entries, moved, difference in periods.outlook(period)
    )
    heads = columns(("Currency", "main"), "Entries", ("Debited and credited", "money"), "Debits equal credits")
    return Table(f"What {period.label} holds", heads, rows, "No entry took effect in it.")


def two_days(zone: str) -> Panel:
    """Why a date here and the same date in the general-ledger export are not the same entries."""
    return facts(
        "Two kinds of days",
        ("This period", f"what took effect in it, by the clock of {zone}"),
        ("General ledger", "a day of its export is what was recorded on it, by the clock of UTC"),
        note="The same date names two different sets of entries. Do not hold the figures of one against the other.",
    )
