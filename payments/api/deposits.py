"""`/deposits`: money coming in. The provider is asked for the page to pay on after the intention is committed."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads, Starts, one
from ledger.api.shapes import Answer, Input, money
from payments.api.reading import acting_for, client_named
from payments.models import Deposit, Refund
from payments.services import deposits
from payments.states import DEPOSIT


class DepositRequest(Input):
    specimen = {
        "client": fields.example("cl"),
        "amount": "500.00",
        "currency": "USD",
        "rail": "card",
        "return_url": "https://www.example.com/paid",
    }

    client = fields.PublicId("cl")
    amount = fields.Amount()
    currency = fields.Currency()
    rail = fields.Choice(choices=Deposit.Rail.values, required=False, help_text="`card` if left out.")
    return_url = fields.Text(max_length=500, help_text="Where the client comes back to after paying.")


class RefundRequest(Input):
    specimen = {"amount": "120.00", "currency": "USD", "reason": "Paid twice"}

    amount = fields.Amount()
    currency = fields.Currency()
    reason = fields.Text(max_length=1000)


class DepositAnswer(Answer):
    restricted = {"fee": "payments.view_deposit", "provider_reference": "payments.view_deposit"}

    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id")
    amount = fields.Column()
    currency = fields.Currency()
    rail = fields.Choice(choices=Deposit.Rail.values)
    state = fields.Choice(choices=DEPOSIT.states)
    checkout_url = fields.Text(help_text="Where to pay; empty while the provider has not answered.")
    return_url = fields.Text()
    captured = fields.Column()
    refunded = fields.Column()
    disputed = fields.Column()
    fee = fields.Column(allow_null=True, help_text="What the provider charged the firm.")
    provider_reference = fields.Text()
    failure_code = fields.Text()
    created_at = fields.Moment()
    expires_at = fields.Moment(allow_null=True)
    captured_at = fields.Moment(allow_null=True)
    settled_at = fields.Moment(allow_null=True)


class RefundAnswer(Answer):
    id = fields.Text(source="public_id")
    deposit = fields.PublicId("dep", source="deposit_id")
    amount = fields.Column()
    currency = fields.Currency()
    state = fields.Choice(choices=Refund.State.values)
    reason = fields.Text()
    hold = fields.PublicId("hold", source="hold_id")
    provider_reference = fields.Text()
    created_at = fields.Moment()


class Deposits(Lists, Starts):
    """Deposits. Creating one answers 201 with the address to pay at, or 202 while the provider has not answered."""

    permission = {"GET": "payments.view_deposit", "POST": "payments.request_deposit"}
    owners = True
    summary = {"GET": "List deposits", "POST": "Start a deposit"}
    body, answer, status, other_statuses = DepositRequest, DepositAnswer, 201, (202,)
    filters = (
        filters.reference("client", "cl"),
        filters.choice("state", DEPOSIT.states),
        filters.choice("rail", Deposit.Rail.values),
        filters.currency(),
        filters.text("provider_reference"),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[Deposit]:
        return self.own(Deposit.objects.all())

    def begin(self, given: dict[str, Any]) -> str:
        client = client_named(given["client"])
        return deposits.start(
            client=client,
            money=money(given),
            rail=given.get("rail", "card"),
            return_url=given["return_url"],
            actor=acting_for(self, client),
            now=self.now,
        ).public_id

    def finish(self, reference: str, given: dict[str, Any], *, resumed: bool) -> Deposit:
        return deposits.ensure_checkout(deposit_id=Deposit.key(reference), now=self.now)

    def status_of(self, result: Deposit) -> int:
        return 202 if result.state == "initiated" and not result.checkout_url else 201


class DepositItem(Reads):
    """One deposit."""

    permission = {"GET": "payments.view_deposit"}
    owners = True
    summary = {"GET": "Read a deposit"}
    answer = DepositAnswer

    def find(self, reference: str) -> Deposit:
        deposit: Deposit = one(self.own(Deposit.objects.all()), pk=ids.decode_uuid("dep", reference))
        return deposit


class DepositRefund(Acts):
    """Send captured money back to where it came from. It is held until the provider confirms."""

    permission = {"POST": "payments.refund_deposit"}
    summary = {"POST": "Refund a deposit, wholly or in part"}
    keyed = True
    body, answer, status = RefundRequest, RefundAnswer, 201

    def act(self, given: dict[str, Any], reference: str) -> Refund:
        return deposits.refund(
            deposit_id=ids.decode_uuid("dep", reference),
            money=money(given),
            reason=given["reason"],
            actor=self.actor,
            now=self.now,
        )
