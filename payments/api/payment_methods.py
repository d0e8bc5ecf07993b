"""`/clients/{id}/payment-methods`: the payees of a client. Bank details are masked for whoever may not see them."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists
from ledger.api.shapes import Answer, Input
from payments.api.reading import acting_for, client_of
from payments.models import PaymentMethod
from payments.services import payment_methods


class PaymentMethodRequest(Input):
    specimen = {"holder_name": "Ada Example", "iban": "DE89370400440532013000", "currency": "EUR"}

    rail = fields.Choice(choices=["sepa"], required=False)
    holder_name = fields.Text(max_length=140)
    iban = fields.Text(max_length=42)
    bic = fields.Text(max_length=11, required=False)
    currency = fields.Currency(required=False)


class PaymentMethodAnswer(Answer):
    restricted = {"iban": "payments.view_bank_details", "bic": "payments.view_bank_details"}

    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id")
    rail = fields.Choice(choices=PaymentMethod.Rail.values)
    currency = fields.Currency()
    holder_name = fields.Text()
    iban = fields.Text(help_text="Left out without the permission to see bank details.")
    bic = fields.Text(help_text="Left out without the permission to see bank details.")
    masked = fields.Text()
    name_matches = serializers.BooleanField(help_text="The holder is the client.")
    state = fields.Choice(choices=PaymentMethod.State.values)
    created_at = fields.Moment()


class PaymentMethods(Lists, Acts):
    """A client's payees."""

    permission = {"GET": "payments.view_paymentmethod", "POST": "payments.add_paymentmethod"}
    owners = True
    summary = {"GET": "List a client's payees", "POST": "Add a payee"}
    body, answer, status = PaymentMethodRequest, PaymentMethodAnswer, 201
    filters = (filters.choice("state", PaymentMethod.State.values), filters.currency())

    def rows(self, reference: str) -> QuerySet[PaymentMethod]:
        return PaymentMethod.objects.filter(client=client_of(self, reference))

    def act(self, given: dict[str, Any], reference: str) -> PaymentMethod:
        client = client_of(self, reference)
        given.pop("rail", None)  # there is one
        actor = acting_for(self, client)
        return payment_methods.add_sepa(client=client, **given, actor=actor, now=self.now)
