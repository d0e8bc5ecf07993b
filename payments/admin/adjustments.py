"""Adjustments on staff pages: drafting a correction, which another person decides on the approvals page."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from ledger import accounts, ids
from ledger.admin import acts, display, finding, references
from ledger.admin.acts import Act, Call
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.errors import InvalidRequest, NotFound
from ledger.money import CURRENCIES, Money
from payments import postings
from payments.admin.drafting import draft_once
from payments.admin.movements import BY_CLIENT, MovementAdmin, client_link, made_facts
from payments.admin.recipes import preview
from payments.admin.withdrawals import approval_url, decisions_on
from payments.models import Adjustment, Client
from payments.states import ADJUSTMENT
from payments.web import actor_of

PERMISSION = "payments.request_adjustment"
KIND_WORDS = {
    "MANUAL_ADJUSTMENT": "Correction, against house/adjustments",
    "SUSPENSE_ASSIGNED": "Money in suspense is a client's",
    "WRITE_OFF": "A client's debt is written off",
}


class Draft(forms.Form):
    reason_code = forms.ChoiceField(label="Kind", choices=list(KIND_WORDS.items()))
    debit_account = acts.line("Debit", help_text="Account code, for example house/adjustments.", longest=120)
    credit_account = acts.line("Credit", help_text="Account code, for example client/cl_…/wallet.", longest=120)
    amount = acts.line("Amount", inputmode="decimal", help_text="For example 1234.50.")
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(CURRENCIES)])
    reason = acts.text("Why", help_text="In words that an auditor understands.")
    evidence = acts.text("Evidence", help_text="Where the proof is: ticket, file, reference.")
    effective_at = forms.DateTimeField(
        label="Takes effect",
        help_text="In your time zone. Empty: when it is approved. Needs the permission to backdate.",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )
    land = forms.BooleanField(label="Where that day is closed, in the next open day, pointing back", required=False)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


def _parts(data: dict[str, Any]) -> tuple[accounts.AccountRef, accounts.AccountRef, Money, Client | None]:
    """What the form names. Raises InvalidRequest at the field that names nothing."""
    money = Money.of(data["amount"].strip().replace(",", ""), data["currency"])
    found = []
    for name in ("debit_account", "credit_account"):
        try:
            found.append(accounts.find(data[name].strip(), money.currency))
        except NotFound as error:
            raise InvalidRequest(error.detail, param=name) from None
    owners = {ref.code.split("/")[1] for ref in found if ref.code.startswith("client/")}
    if len(owners) > 1:
        raise InvalidRequest("A correction concerns one client.", param="credit_account")
    client = Client.objects.filter(pk=Client.key(owners.pop())).first() if owners else None
    return found[0], found[1], money, client


def _draft(call: Call) -> tuple[str, str]:
    debited, credited, money, client = _parts(call.data)
    reference = draft_once(
        once=call.data["once"],
        debit_account=debited,
        credit_account=credited,
        money=money,
        reason=call.data["reason"],
        evidence=call.data["evidence"],
        reason_code=call.data["reason_code"],
        client=client,
        effective_at=call.data["effective_at"],
        lands=call.data["land"],
        actor=actor_of(call.request),
        now=call.now,
    )
    words = f"A correction of {display.plain(money)} waits for a second person. Nothing has moved yet."
    return words, references.url(reference)


def _will_post(call: Call) -> list[Panel]:
    debited, credited, money, _ = _parts(call.data)
    recipe = postings.adjusted(reason=call.data["reason_code"], debit=debited.code, credit=credited.code, money=money)
    when = facts("When", ("Takes effect", takes_effect(call.data["effective_at"], call.data["land"])))
    return [preview("What will be posted when a second person approves", recipe), when]


def takes_effect(effective_at: datetime | None, lands: bool) -> Any:
    """The time that the maker wants, as people read it."""
    if effective_at is None:
        return "when it is approved"
    shown = display.when(effective_at, seconds=True)
    return display.joined(shown, "or in the next open day, if that day is closed") if lands else shown


@admin.register(Adjustment)
class AdjustmentAdmin(MovementAdmin):
    prefix = "adj"
    list_display = ("reference", "client_shown", "money", "sides", "kind_shown", "state_shown", "made")
    list_filter = (
        choices("state", "State", ADJUSTMENT.states),
        choices("reason_code", "Kind", tuple(KIND_WORDS), KIND_WORDS),
        choices("currency", "Currency", sorted(CURRENCIES)),
        since("created_at", "Made since"),
    )
    list_select_related = detail_select_related = ("client", "debit_account", "credit_account")
    finders = (
        finding.public_id("adj"),
        finding.public_id("txn", "transaction_id", "transaction id"),
        finding.amount(),
        *BY_CLIENT,
    )
    search_help_text = "Id, transaction, client, amount"
    makes = (
        Act(
            name="draft",
            label="Draft an adjustment",
            permission=PERMISSION,
            form=Draft,
            perform=_draft,
            sentence=lambda shown, data: f"Hand {data['amount']} {data['currency']} to a second person",
            checks=_will_post,
            note="Nothing moves until another person has approved it. A draft runs out after seven days.",
        ),
    )

    @admin.display(description="Debit → credit")
    def sides(self, shown: Adjustment) -> Any:
        return display.stacked(display.account(shown.debit_account.code), display.account(shown.credit_account.code))

    @admin.display(description="Kind")
    def kind_shown(self, shown: Adjustment) -> str:
        return display.words(shown.reason_code).capitalize()

    def tags(self, shown: Adjustment) -> list[Any]:
        found = [display.state(shown.state)]
        if shown.state == "awaiting_second_person":
            link = '<a class="ww-button ww-button--main" href="{}">Open the decision page</a>'
            found.append(format_html(link, approval_url(shown.public_id)))
        return found

    def panels(self, request: HttpRequest, shown: Adjustment) -> list[Panel]:
        money = shown.money
        sides = (("Debit", shown.debit_account), ("Credit", shown.credit_account))
        rows = tuple(
            (
                references.link(request, ids.encode("acc", account.pk), display.account(account.code)),
                display.amount(money) if side == "Debit" else "",
                display.amount(money) if side == "Credit" else "",
            )
            for side, account in sides
        )
        heads = columns(("Account", "main"), ("Debit", "money"), ("Credit", "money"))
        title = "What was posted" if shown.transaction_id else "What would be posted"
        return [Table(title, heads, rows), *decisions_on(request, shown.public_id)]

    def asides(self, request: HttpRequest, shown: Adjustment) -> list[Panel]:
        posted = references.link(request, ids.encode("txn", shown.transaction_id)) if shown.transaction_id else ""
        return [
            facts(
                "Adjustment",
                ("Client", client_link(request, shown.client)),
                ("Kind", KIND_WORDS.get(shown.reason_code, shown.reason_code)),
                ("Why", shown.reason),
                ("Evidence", shown.evidence),
                ("Takes effect", takes_effect(shown.effective_at, shown.lands)),
                ("Transaction", posted),
                ("Runs out", display.when(shown.expires_at) if shown.state == "awaiting_second_person" else ""),
                ("Ended", display.when(shown.ended_at) if shown.ended_at else ""),
                *made_facts(shown),
            )
        ]
