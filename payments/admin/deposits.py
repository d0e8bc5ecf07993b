"""Deposits on staff pages: what the provider says of each, and sending one back to the card it came from."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from ledger.admin import acts, display, finding, references
from ledger.admin.acts import Act, Call
from ledger.admin.filters import choices, since, yes_no
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.errors import LimitExceeded
from ledger.money import CURRENCIES, Money, positive
from payments.admin.movements import BY_CLIENT, MovementAdmin, client_link, made_facts, postings_of
from payments.models import Deposit
from payments.services import deposits, refunds
from payments.states import DEPOSIT
from payments.web import actor_of

KINDS = ("capture", "fee", "refund", "debt_recovery", "fee_charged")


class RefundForm(forms.Form):
    amount = acts.line("Amount", help_text="In the deposit's currency, for example 25.00.", inputmode="decimal")
    reason = acts.text("Why", help_text="For colleagues and auditors.", longest=1000)


def _money(shown: Deposit, data: dict[str, Any]) -> Money:
    return Money.of(data["amount"].strip().replace(",", ""), shown.currency)


def _refund(call: Call) -> str:
    money = _money(call.shown, call.data)
    deposits.refund(
        deposit_id=call.shown.pk,
        money=money,
        reason=call.data["reason"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"{display.plain(money)} is held and will be sent back to the card."


def _within_limit(call: Call) -> list[Panel]:
    """Say on the check page already what the service would refuse."""
    rest = refunds.refundable(call.shown)
    if positive(_money(call.shown, call.data)) > rest:
        raise LimitExceeded(f"At most {rest} of this deposit can be refunded.", param="amount")
    return []


def _limits(request: HttpRequest, shown: Deposit) -> list[Panel]:
    return [
        facts(
            "What can go back",
            ("Captured", display.amount(shown.captured_money)),
            ("Refunded", display.raw_amount(shown.refunded, shown.currency)),
            ("Disputed", display.raw_amount(shown.disputed - shown.reinstated, shown.currency)),
            ("Can be refunded", display.amount(refunds.refundable(shown))),
        )
    ]


@admin.register(Deposit)
class DepositAdmin(MovementAdmin):
    prefix = "dep"
    list_display = ("reference", "client_shown", "money", "rail_shown", "state_shown", "provider", "made")
    list_filter = (
        choices("state", "State", DEPOSIT.states),
        choices("currency", "Currency", sorted(CURRENCIES)),
        choices("rail", "Rail", Deposit.Rail.values, dict(Deposit.Rail.choices)),
        yes_no("settled", "Settled by the provider", {"settled_at__isnull": False}, "yes", "not yet"),
        since("created_at", "Made since"),
    )
    finders = (
        finding.public_id("dep"),
        finding.exactly("provider_reference", "provider reference"),
        finding.exactly("charge_reference", "charge"),
        finding.amount(),
        *BY_CLIENT,
    )
    search_help_text = "Id, provider reference, client, amount"
    acts = (
        Act(
            name="refund",
            label="Refund to the card",
            permission=refunds.PERMISSION,
            form=RefundForm,
            perform=_refund,
            sentence=lambda shown, data: f"Refund {display.plain(_money(shown, data))} to the card",
            offered=lambda shown: (
                shown.state in ("captured", "settled", "dispute_won", "refunded") and bool(refunds.refundable(shown))
            ),
            explain=_limits,
            initial=lambda request, shown: {"amount": refunds.refundable(shown).text},
            checks=_within_limit,
            note="The amount is taken from the client's available money and held until the provider confirms.",
            danger=True,
        ),
    )

    @admin.display(description="Rail")
    def rail_shown(self, shown: Deposit) -> str:
        return f"{shown.get_rail_display()}, {shown.connector}"

    @admin.display(description="Provider reference")
    def provider(self, shown: Deposit) -> Any:
        return display.code(shown.provider_reference)

    def panels(self, request: HttpRequest, shown: Deposit) -> list[Panel]:
        found: list[Panel] = [self._sums(shown)]
        found += [table for table in (self._refunds(request, shown), self._disputes(request, shown)) if table.rows]
        condition = Q(source_system=shown.connector, source_kind__in=KINDS, source_id__startswith=f"{shown.public_id}:")
        return [*found, *postings_of(request, condition)]

    def asides(self, request: HttpRequest, shown: Deposit) -> list[Panel]:
        return [
            facts(
                "Deposit",
                ("Client", client_link(request, shown.client)),
                ("Rail", self.rail_shown(shown)),
                ("Provider reference", display.code(shown.provider_reference) if shown.provider_reference else ""),
                ("Charge", display.code(shown.charge_reference) if shown.charge_reference else ""),
                ("Failure code", display.code(shown.failure_code) if shown.failure_code else ""),
                ("Captured", display.when(shown.captured_at) if shown.captured_at else ""),
                ("Settled", display.when(shown.settled_at) if shown.settled_at else ""),
                ("Link valid until", display.when(shown.expires_at) if shown.expires_at else ""),
                *made_facts(shown),
            )
        ]

    def _sums(self, shown: Deposit) -> Panel:
        def money(value: Any) -> Any:
            return display.raw_amount(value, shown.currency)

        return facts(
            "What the provider says",
            ("Asked", display.amount(shown.money)),
            ("Captured", money(shown.captured)),
            ("Provider's fee", money(shown.fee) if shown.fee is not None else "not known yet"),
            ("Refunded", money(shown.refunded) if shown.refunded else ""),
            ("Disputed", money(shown.disputed) if shown.disputed else ""),
            ("Given back after disputes", money(shown.reinstated) if shown.reinstated else ""),
        )

    def _refunds(self, request: HttpRequest, shown: Deposit) -> Table:
        rows = tuple(
            (
                references.link(request, row.public_id, display.short(row.public_id)),
                display.amount(row.money),
                display.state(row.state),
                row.reason,
                display.when(row.created_at),
            )
            for row in shown.refunds.order_by("-pk")
        )
        return Table(
            "Refunds", columns(("Refund", "main"), ("Amount", "money"), "State", "Why", ("Made", "time")), rows
        )

    def _disputes(self, request: HttpRequest, shown: Deposit) -> Table:
        rows = tuple(
            (
                references.link(request, row.public_id, display.short(row.public_id)),
                display.amount(row.money),
                display.state(row.state),
                row.reason_code or display.DASH,
                display.when(row.created_at),
            )
            for row in shown.disputes.order_by("-pk")
        )
        heads = columns(("Dispute", "main"), ("Amount", "money"), "State", "Reason", ("Opened", "time"))
        return Table("Disputes", heads, rows)
