"""`/withdrawals`: money going out: asking for it and following it. Decisions are in `withdrawal_decisions`."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input, money
from ledger.errors import NotFound
from payments.api.reading import acting_for, client_named
from payments.models import PaymentMethod, Withdrawal
from payments.services import withdrawals
from payments.states import WITHDRAWAL


class WithdrawalRequest(Input):
    specimen = {
        "client": fields.example("cl"),
        "amount": "500.00",
        "currency": "EUR",
        "payment_method": fields.example("pm"),
    }

    client = fields.PublicId("cl")
    amount = fields.Amount(help_text="What leaves the wallet; the fee is kept from it.")
    currency = fields.Currency()
    payment_method = fields.PublicId("pm")


class WithdrawalAnswer(Answer):
    restricted = {
        "content_hash": "payments.view_approval",
        "policy": "payments.view_approval",
        "approvals_needed": "payments.view_withdrawal",
        "made_by": "payments.view_withdrawal",
    }

    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id")
    amount = fields.Column()
    currency = fields.Currency()
    fee = fields.Column()
    net = fields.Figure(help_text="What is sent.")
    payment_method = fields.PublicId("pm", source="payment_method_id")
    payee = fields.Text(source="payment_method.masked")
    state = fields.Choice(choices=WITHDRAWAL.states)
    hold = fields.PublicId("hold", source="hold_id", allow_null=True)
    reason_code = fields.Text()
    client_message = fields.Text()
    approvals_needed = serializers.IntegerField()
    content_hash = fields.Text(help_text="What a decision decides on; send it back with the decision.")
    policy = fields.Facts(help_text="What the rules said, and about which facts.")
    made_by = fields.Text()
    provider_reference = fields.Text()
    created_at = fields.Moment()
    updated_at = fields.Moment()
    expected_by = fields.Moment(allow_null=True)
    paid_at = fields.Moment(allow_null=True)
    settled_at = fields.Moment(allow_null=True)
    ended_at = fields.Moment(allow_null=True)


class Withdrawals(Lists, Acts):
    """Withdrawals. The whole amount is held from the request on."""

    permission = {"GET": "payments.view_withdrawal", "POST": "payments.request_withdrawal"}
    owners = True
    summary = {"GET": "List withdrawals", "POST": "Request a withdrawal"}
    keyed = True
    body, answer, status = WithdrawalRequest, WithdrawalAnswer, 201
    filters = (
        filters.reference("client", "cl"),
        filters.choice("state", WITHDRAWAL.states),
        filters.currency(),
        filters.reference("payment_method", "pm"),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[Withdrawal]:
        return self.own(Withdrawal.objects.select_related("payment_method"))

    def act(self, given: dict[str, Any]) -> Withdrawal:
        client = client_named(given["client"])
        method = PaymentMethod.objects.filter(pk=given["payment_method"]).first()
        if method is None:
            raise NotFound("There is no such payee.", param="payment_method")
        return withdrawals.request(
            client=client, money=money(given), payment_method=method, actor=acting_for(self, client), now=self.now
        )


class WithdrawalItem(Reads):
    """One withdrawal."""

    permission = {"GET": "payments.view_withdrawal"}
    owners = True
    summary = {"GET": "Read a withdrawal"}
    answer = WithdrawalAnswer

    def find(self, reference: str) -> Withdrawal:
        rows = self.own(Withdrawal.objects.select_related("payment_method"))
        withdrawal: Withdrawal = one(rows, pk=ids.decode_uuid("wd", reference))
        return withdrawal
