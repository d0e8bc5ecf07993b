"""`/clients`: who the firm's clients are, and what compliance found out about them."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads
from ledger.api.shapes import Answer, Input
from payments.api.reading import client_of
from payments.models import Client
from payments.services import clients


class ClientRequest(Input):
    renamed = {"client_class": "class"}
    specimen = {
        "name": "Ada Example",
        "email": "ada@example.com",
        "country": "DE",
        "external_id": "crm-17",
        "class": "retail",
    }

    name = fields.Text(max_length=200)
    email = fields.Text(max_length=254)
    country = fields.Text(max_length=2, help_text="ISO 3166, two capital letters.")
    external_id = fields.Text(max_length=120, required=False, help_text="Your own id; it is never given twice.")
    timezone = fields.Text(max_length=64, required=False, help_text="An IANA name; UTC if left out.")
    client_class = fields.Choice(choices=Client.Class.values, required=False, source="client_class")


class KycRequest(Input):
    specimen = {"kyc_level": "approved"}

    kyc_level = fields.Choice(choices=Client.KycLevel.values)


class ClientAnswer(Answer):
    renamed = {"client_class": "class"}

    id = fields.Text(source="public_id")
    external_id = fields.Text(allow_null=True)
    name = fields.Text()
    email = fields.Text()
    country = fields.Text()
    kyc_level = fields.Choice(choices=Client.KycLevel.values)
    client_class = fields.Choice(choices=Client.Class.values, source="client_class")
    state = fields.Choice(choices=Client.State.values)
    timezone = fields.Text()
    created_at = fields.Moment()
    updated_at = fields.Moment()


class Clients(Lists, Acts):
    """Clients of the firm."""

    permission = {"GET": "payments.view_client", "POST": "payments.add_client"}
    owners = True
    summary = {"GET": "List clients", "POST": "Create a client"}
    body, answer, status = ClientRequest, ClientAnswer, 201
    filters = (
        filters.text("external_id"),
        filters.text("email", "email__iexact", longest=254),
        filters.choice("kyc_level", Client.KycLevel.values),
        filters.choice("state", Client.State.values),
        filters.text("country", longest=2),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[Client]:
        return self.own(Client.objects.all(), "pk")

    def act(self, given: dict[str, Any]) -> Client:
        return clients.create(**given, actor=self.actor, now=self.now)


class ClientItem(Reads):
    """One client."""

    permission = {"GET": "payments.view_client"}
    owners = True
    summary = {"GET": "Read a client"}
    answer = ClientAnswer

    def find(self, reference: str) -> Client:
        return client_of(self, reference)


class ClientKyc(Acts):
    """Write down what compliance found."""

    permission = {"POST": "payments.decide_kyc"}
    summary = {"POST": "Decide a client's KYC level"}
    body, answer = KycRequest, ClientAnswer

    def act(self, given: dict[str, Any], reference: str) -> Client:
        key = ids.decode_uuid("cl", reference)
        return clients.decide_kyc(client_id=key, level=given["kyc_level"], actor=self.actor, now=self.now)
