"""Transfers on staff pages, and deciding by hand one whose outcome the platform does not tell."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from ledger.admin import acts, display, finding, references
from ledger.admin.acts import Act, Call
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, facts
from ledger.money import CURRENCIES
from payments.admin.movements import BY_CLIENT, MovementAdmin, client_link, made_facts, postings_of
from payments.decisions import REASON_CODES, reason_code
from payments.models import Transfer
from payments.services import transfer_asking, transfers
from payments.states import TRANSFER
from payments.web import actor_of

OUTCOMES = (
    ("confirmed", "The platform did it: both sides are posted"),
    ("refused", "The platform did not do it: the money is given back"),
)


class Resolve(forms.Form):
    outcome = forms.ChoiceField(label="What is true", choices=OUTCOMES, widget=forms.RadioSelect)
    ticket = acts.line(
        "Platform ticket", help_text="The operation's number on the platform; only when it did it.", required=False,
        longest=40,
    )  # fmt: skip
    note = acts.text("Where the evidence is", help_text="Screenshot, ticket, name of the person asked.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("outcome") == "confirmed" and not data.get("ticket"):
            self.add_error("ticket", "Give the platform's ticket.")
        if data.get("outcome") == "refused" and data.get("ticket"):
            self.add_error("ticket", "A transfer that was not carried out has no ticket.")
        return data


def _resolve(call: Call) -> str:
    transfer = transfers.resolve_by_hand(
        transfer_id=call.shown.pk,
        outcome=call.data["outcome"],
        ticket=call.data["ticket"],
        note=call.data["note"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"The transfer is {transfer.state}."


def _sentence(shown: Transfer, data: dict[str, Any]) -> str:
    if data["outcome"] == "confirmed":
        return f"Confirm the transfer of {display.plain(shown.money)} under ticket {data['ticket']}"
    return f"Give {display.plain(shown.money)} back to the {_source(shown)}"


def _source(shown: Transfer) -> str:
    return "wallet" if shown.direction == Transfer.Direction.TO_PLATFORM else str(shown.trading_account)


def _looks(request: HttpRequest, shown: Transfer) -> list[Panel]:
    return [
        facts(
            "What was asked so far",
            ("Our token in the platform's comment", display.code(shown.token)),
            ("Sent", display.when(shown.sent_at, seconds=True)),
            ("Last look", display.when(shown.asked_at, seconds=True)),
            ("Looks that found nothing", str(shown.asked_times)),
            note="Giving the money back waits until the platform's history has been quiet for "
            f"{display.span(transfer_asking.QUIET)} and looks there once more first.",
        )
    ]


def _pocket(name: str) -> str:
    return f"Pocket {name}" if name else "Wallet"


@admin.register(Transfer)
class TransferAdmin(MovementAdmin):
    prefix = "tr"
    list_display = ("reference", "client_shown", "money", "way", "state_shown", "ticket", "made")
    list_filter = (
        choices("state", "State", TRANSFER.states),
        choices("direction", "Direction", Transfer.Direction.values, dict(Transfer.Direction.choices)),
        choices("currency", "Currency", sorted(CURRENCIES)),
        since("created_at", "Made since"),
    )
    list_select_related = detail_select_related = ("client", "trading_account")
    finders = (
        finding.public_id("tr"),
        finding.exactly("platform_ticket", "platform ticket"),
        finding.exactly("token", "token", upper=True),
        finding.exactly("trading_account__login", "login"),
        finding.amount(),
        *BY_CLIENT,
    )
    search_help_text = "Id, platform ticket, token, login, client, amount"
    acts = (
        Act(
            name="resolve",
            label="Decide by hand",
            permission=transfers.PERMISSION,
            form=Resolve,
            perform=_resolve,
            sentence=_sentence,
            offered=lambda shown: shown.state == "unknown",
            explain=_looks,
            note="Only when the platform's own history has been looked at. This cannot be undone.",
            danger=True,
        ),
    )

    @admin.display(description="From → to")
    def way(self, shown: Transfer) -> Any:
        if shown.trading_account is None:
            return " → ".join(_pocket(name) for name in (shown.from_pocket, shown.to_pocket))
        ends = ["Wallet", str(shown.trading_account)]
        return " → ".join(ends if shown.direction == Transfer.Direction.TO_PLATFORM else reversed(ends))

    @admin.display(description="Platform ticket")
    def ticket(self, shown: Transfer) -> Any:
        return display.code(shown.platform_ticket)

    def panels(self, request: HttpRequest, shown: Transfer) -> list[Panel]:
        key = shown.pending_transaction_id
        if shown.trading_account is None:
            return postings_of(request, Q(pk=key))
        found: list[Panel] = [
            facts(
                "Both sides",
                (
                    "Our book",
                    "pending, nothing moved" if shown.state in ("reserved", "sent", "unknown") else shown.state,
                ),
                ("Platform", f"carried out, ticket {shown.platform_ticket}" if shown.platform_ticket else "no ticket"),
                ("Our token", display.code(shown.token)),
                ("Sent", display.when(shown.sent_at, seconds=True) if shown.sent_at else "not sent"),
                ("Last look", display.when(shown.asked_at, seconds=True) if shown.asked_at else ""),
                ("Ended", display.when(shown.ended_at, seconds=True) if shown.ended_at else ""),
            )
        ]
        return [*found, *postings_of(request, Q(pk=key) | Q(pending_id=key))]

    def asides(self, request: HttpRequest, shown: Transfer) -> list[Panel]:
        why = reason_code(shown.reason_code).staff if shown.reason_code in REASON_CODES else shown.reason_code
        account = shown.trading_account
        return [
            facts(
                "Transfer",
                ("Client", client_link(request, shown.client)),
                ("From → to", self.way(shown)),
                ("Trading account", references.link(request, account.public_id, str(account)) if account else ""),
                ("Reason", why),
                *made_facts(shown),
            )
        ]
