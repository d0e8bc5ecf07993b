"""`/clients/{id}/balances`: what a client has, where it is, and why not all of it can be withdrawn."""

from typing import Any

from rest_framework import serializers

from ledger.api import fields
from ledger.api.endpoints import Reads
from ledger.api.shapes import Answer
from payments.api.reading import client_of
from portal.queries import balances
from portal.queries.figures import ClientBalances


class FormulaLineAnswer(Answer):
    code = fields.Text()
    amount = fields.Figure(source="money")


class HeldAnswer(Answer):
    id = fields.Text(source="reference")
    kind = fields.Text()
    amount = fields.Figure(source="money")
    currency = fields.Currency(source="money.currency")
    since = fields.Moment()
    until = fields.Moment(allow_null=True)
    movement = fields.Text(help_text="What it is for; empty when the firm placed it by itself.")


class OnItsWayAnswer(Answer):
    reference = fields.Text()
    amount = fields.Figure(source="money")
    target = fields.Text()


class PocketAnswer(Answer):
    name = fields.Text()
    balance = fields.Figure()
    available = fields.Figure(help_text="Less what is on its way out of it.")


class CurrencyAnswer(Answer):
    currency = fields.Currency()
    available = fields.Figure()
    held = fields.Figure()
    on_its_way = fields.Figure()
    in_pockets = fields.Figure(help_text="The sum of `pockets`.")
    total = fields.Figure(help_text="available + held + on its way + in pockets")
    arriving = fields.Figure()
    owed = fields.Figure()
    available_to_withdraw = fields.Figure()
    formula = FormulaLineAnswer(many=True, help_text="The lines whose sum is `available_to_withdraw`.")
    on_the_way = OnItsWayAnswer(many=True)
    pockets = PocketAnswer(many=True)


class TradingAnswer(Answer):
    id = fields.Text(source="reference")
    platform = fields.Text()
    login = fields.Text()
    currency = fields.Currency()
    balance = fields.Figure(help_text="Our mirror of the platform's balance.")
    bonus = fields.Figure()
    platform_balance = fields.Figure(allow_null=True)
    equity = fields.Figure(source="platform_equity", allow_null=True)
    as_of = fields.Moment(allow_null=True, help_text="When the platform said so.")
    active = serializers.BooleanField()
    on_its_way_in = fields.Figure()
    on_its_way_out = fields.Figure()


class BalancesAnswer(Answer):
    client = fields.Text()
    as_of = fields.Moment()
    currencies = CurrencyAnswer(many=True)
    trading = TradingAnswer(many=True)
    holds = HeldAnswer(many=True)


class ClientBalancesItem(Reads):
    """A client's money, per currency, with trading accounts apart. All figures are of one moment and add up."""

    permission = {"GET": "ledger.view_balance"}
    owners = True
    summary = {"GET": "Read a client's balances"}
    answer = BalancesAnswer

    def find(self, reference: str) -> dict[str, Any]:
        client = client_of(self, reference)
        found: ClientBalances = balances.of_client(client, now=self.now)
        return {
            "client": client.public_id,
            "as_of": found.as_of,
            "currencies": found.currencies,
            "trading": found.trading,
            "holds": [hold for currency in found.currencies for hold in currency.holds],
        }
