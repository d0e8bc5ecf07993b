"""Asking both clocks on an account's page: what it held at a time, as known at a time, and the entries between then
and now. Reads only."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q

from ledger import ids, queries
from ledger.admin import display, references
from ledger.admin.acts import Act, Call
from ledger.admin.lines import LAYERS
from ledger.admin.panels import Panel, Table, columns
from ledger.models import Account, Entry

ENTRIES_SHOWN = 50


def _moment(label: str, help_text: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    return forms.DateTimeField(label=label, help_text=help_text, required=False, widget=widget)


class BothClocks(forms.Form):
    effective_at = _moment("What had happened by", "Effective time, in your time zone. Empty means now.")
    recorded_at = _moment("What we had learned by", "Recorded time. With both: what we then believed about the other.")


def _ask(call: Call) -> list[Panel]:
    times = {name: call.data[name] for name in ("effective_at", "recorded_at")}
    panels: list[Panel] = [_figures(call.shown, **times)]
    if call.request.user.has_perm("ledger.view_entry"):
        panels.append(_difference(call, **times))
    return panels


def _figures(account: Account, effective_at: datetime | None, recorded_at: datetime | None) -> Table:
    then = queries.as_of(account.pk, effective_at=effective_at, recorded_at=recorded_at)
    now = queries.balance_of(account.pk)

    def row(label: str, before: Any, after: Any) -> tuple[Any, ...]:
        shown = [display.raw_amount(value, account.currency_id) for value in (before, after)]
        return label, *shown, display.raw_amount(after - before, account.currency_id, signed=True)

    happened = display.when(effective_at, seconds=True) if effective_at else "now"
    learned = display.when(recorded_at, seconds=True) if recorded_at else "now"
    return Table(
        display.joined("What had happened by", happened, "as we knew it", learned),
        columns("", ("Then", "money"), ("Now", "money"), ("Since", "money")),
        (
            row("Posted", then.balance, now.balance),
            row("On its way in", then.pending_in, now.pending_in),
            row("On its way out", then.pending_out, now.pending_out),
        ),
        note="In the account's normal direction; both times are included.",
    )


def _difference(call: Call, effective_at: datetime | None, recorded_at: datetime | None) -> Table:
    later = Q(pk__in=[])
    if effective_at is not None:
        later |= Q(effective_at__gt=effective_at)
    if recorded_at is not None:
        later |= Q(recorded_at__gt=recorded_at)
    found = Entry.objects.filter(later, account=call.shown).select_related("transaction__reason")
    rows = tuple(
        (
            references.link(call.request, ids.encode("txn", entry.transaction_id), entry.transaction.reason.title),
            display.raw_amount(entry.amount * call.shown.sign, entry.currency_id, signed=True),
            display.state(LAYERS[entry.layer]),
            display.when(entry.effective_at, seconds=True),
            display.when(entry.recorded_at, seconds=True),
        )
        for entry in found.order_by("-effective_at", "-pk")[:ENTRIES_SHOWN]
    )
    heads = columns(("Transaction", "main"), ("Change", "money"), "Layer", ("Effective", "time"), ("Recorded", "time"))
    empty = "Nothing: then and now are the same."
    return Table("Entries that make the difference", heads, rows, empty, note=f"The latest {ENTRIES_SHOWN}.")


ASK = Act(
    name="as-of",
    label="Ask both clocks",
    permission="ledger.view_account",
    form=BothClocks,
    perform=_ask,
    sentence=lambda shown, data: f"Ask what {shown.code} held",
    confirm=False,
    shows="admin/staff/answer.html",
    note="What happened later, or was learned later, is left out of the answer.",
)
