"""`/holds`: money of a client set aside, with the reason."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters, holding
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input
from ledger.api.transaction_shapes import ExtendRequest
from ledger.models import Hold


class HoldRequest(Input):
    specimen = {
        "account": f"client/{fields.example('cl')}/wallet",
        "amount": "500.00",
        "currency": "USD",
        "kind": "aml_review",
        "reason": "Source of funds asked for",
    }

    account = fields.Text(max_length=120, help_text="A wallet or pocket, by id or code.")
    amount = fields.Amount()
    currency = fields.Currency()
    kind = fields.Choice(choices=holding.KINDS)
    reason = fields.Text(min_length=3, max_length=500, help_text="Why, in words for staff.")
    expires_at = fields.Moment(required=False, help_text="When it is given back by itself.")


class CaptureRequest(Input):
    specimen = {"to": "house/adjustments", "amount": "100.00", "reason": "Court order 17/2026"}

    to = fields.Text(max_length=120, help_text="An account of the house, by id or code.")
    amount = fields.Amount(required=False, help_text="A part; the whole rest if left out.")
    currency = fields.Currency(required=False)
    reason = fields.Text(min_length=3, max_length=500, help_text="Why, in words.")


class ReleaseRequest(Input):
    amount = fields.Amount(required=False, help_text="A part; the whole rest if left out.")
    currency = fields.Currency(required=False)
    reason = fields.Text(required=False, max_length=500)


class HoldAnswer(Answer):
    # Who holds money and why is for staff: a client under review must not be told of it here.
    restricted = {"reason": "ledger.view_hold", "placed_by": "ledger.view_hold"}

    id = fields.Text(source="public_id")
    account = fields.Text(source="wallet.code")
    client = fields.Text(source="wallet.owner")
    currency = fields.Currency(source="wallet.currency_id")
    kind = fields.Choice(choices=Hold.Kind.values)
    reason = fields.Text()
    placed_by = fields.Text(source="actor", help_text="Who asked for it.")
    state = fields.Choice(choices=Hold.State.values)
    amount = fields.Column(currency="wallet.currency_id")
    captured = fields.Column(currency="wallet.currency_id")
    released = fields.Column(currency="wallet.currency_id")
    remaining = fields.Column(currency="wallet.currency_id")
    transaction = fields.PublicId("txn", source="placed_by_id")
    placed_at = fields.Moment()
    expires_at = fields.Moment(allow_null=True)
    ended_at = fields.Moment(allow_null=True)


class Holds(Lists, Acts):
    """Money set aside. A hold of a withdrawal, refund or dispute is decided there."""

    permission = {"GET": "ledger.view_hold", "POST": "ledger.place_hold"}
    owners = True
    summary = {"GET": "List holds", "POST": "Place a hold"}
    keyed = True
    body, answer, status = HoldRequest, HoldAnswer, 201
    filters = (
        filters.choice("state", Hold.State.values),
        filters.choice("kind", Hold.Kind.values),
        filters.public("client", "cl", "wallet__owner"),
        filters.currency("wallet__currency"),
        filters.text("placed_by", "actor", longest=80),
        *filters.moment("placed", "placed_at"),
        *filters.moment("expires", "expires_at"),
    )

    def rows(self) -> QuerySet[Hold]:
        return _visible(self)

    def act(self, given: dict[str, Any]) -> Hold:
        return holding.place(given=given, actor=self.actor, now=self.now)


class HoldItem(Reads):
    """One hold."""

    permission = {"GET": "ledger.view_hold"}
    owners = True
    summary = {"GET": "Read a hold"}
    answer = HoldAnswer

    def find(self, reference: str) -> Hold:
        return one(_visible(self), pk=ids.decode_uuid("hold", reference))


class HoldCapture(Acts):
    """Take held money for the firm, as a person who did not place the hold."""

    permission = {"POST": "ledger.release_hold"}
    summary = {"POST": "Capture a hold, wholly or in part"}
    keyed = True
    body, answer = CaptureRequest, HoldAnswer

    def act(self, given: dict[str, Any], reference: str) -> Hold:
        key = ids.decode_uuid("hold", reference)
        return holding.capture(hold_id=key, given=given, actor=self.actor, now=self.now)


class HoldRelease(Acts):
    """Give held money back to its wallet, all of it or a part."""

    permission = {"POST": "ledger.release_hold"}
    summary = {"POST": "Release a hold, wholly or in part"}
    keyed = True
    body, answer = ReleaseRequest, HoldAnswer

    def act(self, given: dict[str, Any], reference: str) -> Hold:
        key = ids.decode_uuid("hold", reference)
        return holding.release(hold_id=key, given=given, actor=self.actor, now=self.now)


class HoldExtend(Acts):
    """Put off the end of a hold."""

    permission = {"POST": "ledger.place_hold"}
    summary = {"POST": "Give a hold more time"}
    keyed = True
    body, answer = ExtendRequest, HoldAnswer

    def act(self, given: dict[str, Any], reference: str) -> Hold:
        key = ids.decode_uuid("hold", reference)
        return holding.extend(hold_id=key, given=given, actor=self.actor, now=self.now)


def _visible(endpoint: Holds | HoldItem) -> QuerySet[Hold]:
    rows = Hold.objects.select_related("wallet")
    return rows.filter(wallet__owner=endpoint.actor.client_id) if endpoint.only_own else rows
