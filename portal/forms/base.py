"""What the portal's forms share: amounts with their currency, and refusals of the domain shown beside their field.

A refusal keeps everything that was typed. Forms check shape only; whether money may move is the services' decision.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ledger.errors import DomainError, InsufficientAvailable
from ledger.money import Money
from portal import explanations
from portal.forms import amounts


class PortalForm(forms.Form):
    """`FIELDS_OF` names the field that shows a refusal of a parameter called otherwise."""

    FIELDS_OF: dict[str, str] = {}
    use_required_attribute = True

    def refuse(self, error: DomainError) -> None:
        """Show a refusal at the field it is about, or above the form."""
        named = error.param or ("amount" if isinstance(error, InsufficientAvailable) else "")
        name = self.FIELDS_OF.get(named, named)
        self.add_error(name if name in self.fields else None, explanations.of_refusal(error))

    @property
    def values(self) -> dict[str, str]:
        """What was typed, for the hidden fields of a check page and for telling two submissions apart."""
        return {name: self[name].data or "" for name in self.fields}


class MoneyForm(PortalForm):
    """A form with `amount` and a currency; `money` after it is valid."""

    money: Money

    def currency_code(self) -> str:
        """The currency of the amount, "" while it is not known."""
        return str(self.cleaned_data.get("currency") or "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        text, code = cleaned.get("amount"), self.currency_code()
        if text and code:
            try:
                self.money = amounts.parse(text, code)
            except ValidationError as error:
                self.add_error("amount", error)
        return cleaned
