"""What bodies and answers are made of: strict input, and answers whose fields may need a permission.

An unknown field is refused by its name, so that a misspelt one never silently changes what a request means.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from ledger.errors import CurrencyMismatch, InvalidAmount
from ledger.money import Money


class Input(serializers.Serializer[Any]):
    """A body. `renamed` gives fields their public name where that is a word of Python: {"from_": "from"}.

    `specimen` is a body that is right, for the OpenAPI document; a test holds it to that."""

    specimen: ClassVar[Mapping[str, Any]] = {}
    renamed: ClassVar[Mapping[str, str]] = {}

    def get_fields(self) -> dict[str, Any]:
        return {self.renamed.get(name, name): field for name, field in super().get_fields().items()}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("This must be an object.")
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({str(name)[:80]: ["Unknown field."] for name in unknown[:20]})
        return super().to_internal_value(data)


class Nothing(Input):
    """A body without any field."""


class Answer(serializers.Serializer[Any]):
    """An answer. `restricted` names the permission that a field needs; without it the field is left out."""

    restricted: ClassVar[Mapping[str, str]] = {}
    renamed: ClassVar[Mapping[str, str]] = {}

    def get_fields(self) -> dict[str, Any]:
        fields = {self.renamed.get(name, name): field for name, field in super().get_fields().items()}
        actor = self.context.get("actor")
        if actor is None:  # the OpenAPI document shows every field
            return fields
        return {
            name: field
            for name, field in fields.items()
            if name not in self.restricted or actor.may(self.restricted[name])
        }


def money(given: Mapping[str, Any], *, amount: str = "amount") -> Money:
    """The amount and currency of a body. Raises InvalidAmount for decimals that the currency does not have."""
    return level(given[amount], given["currency"], param=amount)


def level(value: str, currency: str, *, param: str) -> Money:
    """An amount in a currency that is known. Raises InvalidAmount naming `param`."""
    try:
        return Money.of(value, currency)
    except InvalidAmount as error:
        error.param = param if error.param == "amount" else error.param
        raise


def money_in(given: Mapping[str, Any], currency: str) -> Money:
    """The amount of a body whose currency is known already. Raises InvalidAmount, CurrencyMismatch."""
    if given.get("currency", currency) != currency:
        raise CurrencyMismatch(f"This is in {currency}.", param="currency")
    return Money.of(given["amount"], currency)
