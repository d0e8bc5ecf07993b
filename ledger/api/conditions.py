"""Conditions in a body: what must be so for a transaction to be posted."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger import conditions
from ledger.api import fields
from ledger.api.account_names import Names
from ledger.api.shapes import Input, money_in
from ledger.conditions import Condition
from ledger.errors import DomainError, InvalidRequest

CONDITIONS_MAX = 20


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": 2**53, "example": 42})
class Version(serializers.Field):
    """A whole number from a balance's `version`."""

    default_error_messages = {"invalid": "Send the version as a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data <= 2**53:
            self.fail("invalid")
        return data

    def to_representation(self, value: int) -> int:
        return value


class ConditionRequest(Input):
    specimen = {"account": f"client/{fields.example('cl')}/wallet", "currency": "USD", "available_gte": "500.00"}

    account = fields.Text(max_length=120, help_text="The account's id `acc_…` or its code. Not of the house.")
    currency = fields.Currency()
    available_gte = fields.Amount(required=False, help_text="At least this much is available just before.")
    if_version = Version(required=False, help_text="The account's `version` as you saw it with its balance.")


def condition(given: Mapping[str, Any], names: Names, *, param: str) -> Condition:
    """The condition that a body asks for. Raises NotFound, InvalidRequest, InvalidAmount, CurrencyMismatch, which name
    it."""
    account = names.ref(given["account"], given["currency"], param=f"{param}.account")
    if ("available_gte" in given) == ("if_version" in given):
        raise InvalidRequest("A condition has either `available_gte` or `if_version`.", param=param)
    try:
        if "if_version" in given:
            return conditions.if_version(account, given["if_version"])
        amount = money_in({"amount": given["available_gte"]}, account.currency).amount
        return conditions.available_gte(account, amount)
    except DomainError as error:
        error.param = param
        raise
