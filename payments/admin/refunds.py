"""Refunds and disputes on staff pages: what became of money that went back to a card, and of money taken back."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from ledger import ids
from ledger.admin import display, finding, references
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, facts
from payments.admin.movements import MovementAdmin, by_client, by_source, client_link, made_facts, postings_of
from payments.models import Dispute, Refund
from payments.services import chargebacks
from payments.states import DISPUTE


@admin.register(Refund)
class RefundAdmin(MovementAdmin):
    prefix = "ref"
    view_permission = "payments.view_deposit"
    list_display = ("reference", "client_shown", "money", "state_shown", "deposit_shown", "made")
    list_filter = (choices("state", "State", Refund.State.values), since("created_at", "Made since"))
    list_select_related = detail_select_related = ("deposit__client",)
    finders = (
        finding.public_id("ref"),
        finding.public_id("dep", "deposit_id", "deposit id"),
        finding.exactly("provider_reference", "provider reference"),
        finding.amount(),
        *by_client("deposit__client"),
    )
    search_help_text = "Id, deposit, provider reference, client, amount"

    @admin.display(description="Client")
    def client_shown(self, shown: Refund) -> Any:
        return display.stacked(shown.deposit.client.name, shown.deposit.client.email)

    @admin.display(description="Deposit")
    def deposit_shown(self, shown: Refund) -> Any:
        return display.short(shown.deposit.public_id)

    def panels(self, request: HttpRequest, shown: Refund) -> list[Panel]:
        return postings_of(
            request,
            by_source("payments", ("refund_hold", "refund_refused"), shown.public_id)
            | by_source(shown.deposit.connector, ("refund",), shown.public_id),
        )

    def asides(self, request: HttpRequest, shown: Refund) -> list[Panel]:
        return [
            facts(
                "Refund",
                ("Client", client_link(request, shown.deposit.client)),
                ("Deposit", references.link(request, shown.deposit.public_id)),
                ("Why", shown.reason),
                ("Hold", references.link(request, ids.encode("hold", shown.hold_id))),
                ("Provider reference", display.code(shown.provider_reference) if shown.provider_reference else ""),
                *made_facts(shown),
            )
        ]


@admin.register(Dispute)
class DisputeAdmin(MovementAdmin):
    prefix = "dsp"
    empty = "No payment was disputed."
    list_display = ("reference", "client_shown", "money", "fee_shown", "state_shown", "reason_code", "made")
    list_filter = (choices("state", "State", DISPUTE.states), since("created_at", "Opened since"))
    list_select_related = detail_select_related = ("deposit__client",)
    finders = (
        finding.public_id("dsp"),
        finding.public_id("dep", "deposit_id", "deposit id"),
        finding.exactly("provider_reference", "provider reference"),
        finding.amount(),
        *by_client("deposit__client"),
    )
    search_help_text = "Id, deposit, provider reference, client, amount"

    @admin.display(description="Client")
    def client_shown(self, shown: Dispute) -> Any:
        return display.stacked(shown.deposit.client.name, shown.deposit.client.email)

    @admin.display(description="Fee")
    def fee_shown(self, shown: Dispute) -> Any:
        return display.raw_amount(shown.fee, shown.currency)

    def panels(self, request: HttpRequest, shown: Dispute) -> list[Panel]:
        condition = Q(source_system=shown.deposit.connector, source_kind__in=chargebacks.KINDS) & (
            Q(source_id=shown.provider_reference) | Q(source_id__startswith=f"{shown.provider_reference}:")
        )
        return postings_of(request, condition)

    def asides(self, request: HttpRequest, shown: Dispute) -> list[Panel]:
        return [
            facts(
                "Dispute",
                ("Client", client_link(request, shown.deposit.client)),
                ("Deposit", references.link(request, shown.deposit.public_id)),
                ("Reason", shown.reason_code),
                ("Fee", self.fee_shown(shown)),
                ("Provider reference", display.code(shown.provider_reference)),
                ("Taken from us", display.when(shown.withdrawn_at) if shown.withdrawn_at else ""),
                ("Ended", display.when(shown.ended_at) if shown.ended_at else ""),
                *made_facts(shown),
            )
        ]
