"""The form that moves money into or out of a pocket. It checks shape only; the services decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.amounts import AmountField
from portal.forms.base import MoneyForm

INTO, OUT = "into", "out"


class PocketForm(MoneyForm):
    FIELDS_OF = {"from": "pocket", "to": "pocket"}

    way = forms.ChoiceField(
        label=_("Which way?"),
        choices=[(INTO, _("From your wallet into a pocket")), (OUT, _("From a pocket to your wallet"))],
        widget=forms.RadioSelect,
        initial=INTO,
    )
    pocket = forms.CharField(
        label=_("Which pocket?"),
        help_text=_("Small letters, digits and dashes, like savings. A new name makes a new pocket."),
        max_length=40,
    )
    currency = forms.ChoiceField(label=_("Currency"))
    amount = AmountField()

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"] = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in currencies])

    def clean_pocket(self) -> str:
        """Capitals are the same pocket."""
        return str(self.cleaned_data["pocket"]).strip().lower()

    @property
    def ends(self) -> tuple[str, str]:
        """Names of the giving and the taking pocket; "" is the wallet."""
        name = self.cleaned_data["pocket"]
        return ("", name) if self.cleaned_data["way"] == INTO else (name, "")
