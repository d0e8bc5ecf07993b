"""Business days and months on staff pages: what was frozen, with which figures and digests, and what landed later.

Closing is not offered here, because the ledger knows nobody who acts: `payments.admin.periods` adds it.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger import ids, periods
from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.models import Period

ACCOUNTS_SHOWN = 50


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
    intro = "A closed period is frozen: nothing can take effect in it any more, and its statements never change."
    empty = "No day or month is closed yet."

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
        return [self._accounts(request, shown), self._corrections(request, shown)]

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
            )
        ]

    def _accounts(self, request: HttpRequest, shown: Period) -> Table:
        kept = shown.accounts.select_related("account").order_by("account__code", "account__currency")
        rows = tuple(
            (
                references.link(request, ids.encode("acc", row.account_id), display.account(row.account.code)),
                display.raw_amount(row.opening, row.account.currency_id),
                display.raw_amount(row.closing, row.account.currency_id),
                str(row.entries),
                display.code(row.digest[:12]),
            )
            for row in kept[:ACCOUNTS_SHOWN]
        )
        heads = columns(("Account", "main"), ("Opening", "money"), ("Closing", "money"), "Entries", "Statement")
        note = f"The first {ACCOUNTS_SHOWN} accounts." if len(rows) == ACCOUNTS_SHOWN else ""
        return Table("Accounts that moved", heads, rows, "Nothing moved.", note=note)

    def _corrections(self, request: HttpRequest, shown: Period) -> Table:
        rows = tuple(
            (
                references.link(request, row.public_id, row.reason.title),
                str((row.metadata or {})["corrects"]["effective_at"]),
                display.when(row.effective_at, seconds=True),
                display.when(row.recorded_at, seconds=True),
            )
            for row in periods.corrections(shown)[:ACCOUNTS_SHOWN]
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
