"""Withdrawals on staff pages. Decisions are made on the approvals page; here a failed payout is tried again or given
back, and everything about one withdrawal can be read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from ledger import ids
from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.filters import choices, since, yes_no
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.money import CURRENCIES
from payments.admin.movements import BY_CLIENT, MovementAdmin, by_source, client_link, made_facts, postings_of
from payments.admin.payees import payee_shown
from payments.decisions import REASON_CODES, reason_code
from payments.models import Approval, Withdrawal, WithdrawalAttempt
from payments.services import withdrawal_outcomes
from payments.states import WITHDRAWAL
from payments.web import actor_of

SOURCES = ("withdrawal_hold", "withdrawal_release", "withdrawal_payout", "withdrawal_fee", "withdrawal_settled",
           "withdrawal_returned")  # fmt: skip
DECIDABLE = ("requested", "in_review")
PERMISSION = "payments.retry_withdrawal"
DECIDED = {"approve": "Approved", "reject": "Rejected", "send_back": "Sent back"}
GIVE_BACK_CODES = ("account_closed", "account_invalid", "bank_refused", "payee_details", "client_asked", "other")


class GiveBack(forms.Form):
    reason_code = forms.ChoiceField(
        label="Reason", choices=[(code, REASON_CODES[code].staff) for code in GIVE_BACK_CODES]
    )
    note = acts.text("Note", help_text="For colleagues and auditors. The client never sees it.")


def _retry(call: Call) -> str:
    withdrawal_outcomes.retry(withdrawal_id=call.shown.pk, actor=actor_of(call.request), now=call.now)
    return f"The payout of {display.plain(call.shown.net)} is tried again."


def _give_back(call: Call) -> str:
    withdrawal_outcomes.abandon(
        withdrawal_id=call.shown.pk,
        reason_code=call.data["reason_code"],
        note=call.data["note"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"{display.plain(call.shown.money)} is back in the wallet of {call.shown.client.name}."


def approval_url(reference: str) -> str:
    """The page where this is decided; it is mounted by the layer above."""
    return reverse("admin:approval", args=[reference])


@admin.register(Withdrawal)
class WithdrawalAdmin(MovementAdmin):
    prefix = "wd"
    list_display = ("reference", "client_shown", "money", "payee", "state_shown", "made", "paid")
    list_filter = (
        choices("state", "State", WITHDRAWAL.states),
        choices("currency", "Currency", sorted(CURRENCIES)),
        yes_no("open", "Open", {"state__in": Withdrawal.OPEN}, "open", "ended"),
        yes_no("settled", "On the statement", {"settled_at__isnull": False}, "seen", "not yet"),
        since("created_at", "Made since"),
    )
    list_select_related = ("client", "payment_method")
    detail_select_related = ("client", "payment_method")
    finders = (
        finding.public_id("wd"),
        finding.exactly("provider_reference", "provider reference"),
        finding.through(
            "end-to-end id",
            lambda text: WithdrawalAttempt.objects.filter(end_to_end_id=text.upper()).values("withdrawal_id"),
        ),
        finding.amount(),
        *BY_CLIENT,
    )
    search_help_text = "Id, bank reference, client, amount"
    acts = (
        Act(
            name="retry",
            label="Try again",
            permission=PERMISSION,
            perform=_retry,
            sentence=lambda shown, data: f"Send {display.plain(shown.net)} to {shown.payment_method.masked} again",
            offered=lambda shown: WITHDRAWAL.allows("retry", shown.state),
            note="A new attempt goes to the bank. The money stays held until the bank answers.",
        ),
        Act(
            name="give-back",
            label="Give the money back",
            permission=PERMISSION,
            form=GiveBack,
            perform=_give_back,
            sentence=lambda shown, data: f"Give {display.plain(shown.money)} back to the wallet",
            offered=lambda shown: WITHDRAWAL.allows("abandon", shown.state),
            note="The withdrawal ends. The hold is released and the client can use the money at once.",
            danger=True,
        ),
    )

    @admin.display(description="To")
    def payee(self, shown: Withdrawal) -> Any:
        return display.stacked(shown.payment_method.holder_name, display.code(shown.payment_method.masked))

    @admin.display(description="Paid")
    def paid(self, shown: Withdrawal) -> Any:
        return display.when(shown.paid_at)

    def tags(self, shown: Withdrawal) -> list[Any]:
        found = [display.state(shown.state)]
        if shown.state in DECIDABLE:
            link = '<a class="ww-button ww-button--main" href="{}">Open the decision page</a>'
            found.append(format_html(link, approval_url(shown.public_id)))
        return found

    def panels(self, request: HttpRequest, shown: Withdrawal) -> list[Panel]:
        return [
            self._attempts(shown),
            *decisions_on(request, shown.public_id),
            *postings_of(request, by_source("payments", SOURCES, shown.public_id)),
        ]

    def asides(self, request: HttpRequest, shown: Withdrawal) -> list[Panel]:
        why = reason_code(shown.reason_code).staff if shown.reason_code in REASON_CODES else shown.reason_code
        hold = ids.encode("hold", shown.hold_id) if shown.hold_id else ""
        return [
            facts(
                "Withdrawal",
                ("Client", client_link(request, shown.client)),
                ("To", payee_shown(request, shown.payment_method)),
                ("Amount", display.amount(shown.money)),
                ("Fee", display.amount(shown.fee_money)),
                ("To be sent", display.amount(shown.net)),
                ("Rail", shown.connector),
                ("Hold", references.link(request, hold, display.short(hold)) if hold else ""),
                ("Reason", why),
                ("Client reads", shown.client_message),
                ("Bank reference", display.code(shown.provider_reference) if shown.provider_reference else ""),
                ("Expected by", display.when(shown.expected_by) if shown.expected_by else ""),
                ("Paid", display.when(shown.paid_at) if shown.paid_at else ""),
                ("On the statement", display.when(shown.settled_at) if shown.settled_at else ""),
                ("Ended", display.when(shown.ended_at) if shown.ended_at else ""),
                *made_facts(shown),
            )
        ]

    def _attempts(self, shown: Withdrawal) -> Table:
        rows = tuple(
            (
                display.stacked(f"Attempt {row.number}", display.code(row.end_to_end_id)),
                display.state(row.state),
                row.reason_code or display.DASH,
                display.when(row.sent_at),
                display.when(row.ended_at),
            )
            for row in shown.attempts.order_by("number")
        )
        heads = columns(("Attempt", "main"), "State", "Bank's code", ("Sent", "time"), ("Ended", "time"))
        return Table("Attempts", heads, rows, "Nothing was sent to the bank yet.")


def decisions_on(request: HttpRequest, reference: str) -> list[Panel]:
    """Who decided what, with the reasons; for those who may read decisions."""
    if not request.user.has_perm("payments.view_approval"):
        return []
    found = list(Approval.objects.filter(object_ref=reference).order_by("-pk")[:30])
    names = people.names(row.person for row in found)
    rows = tuple(
        (
            display.stacked(DECIDED.get(row.decision, row.decision), _reason(row)),
            names.get(row.person, row.person),
            row.note or display.DASH,
            display.when(row.decided_at),
        )
        for row in found
    )
    return [Table("Decisions", columns(("Decision", "main"), "Who", "Note", ("When", "time")), rows, "None yet.")]


def _reason(row: Approval) -> str:
    return reason_code(row.reason_code).staff if row.reason_code else ""
