"""The forms around a client's account: payees, trading accounts, settings."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.models import User
from portal.forms.base import PortalForm

_REGIONS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


class PayeeForm(PortalForm):
    holder_name = forms.CharField(
        label=_("Account holder"),
        max_length=140,
        help_text=_("Your own name, as your bank writes it. We pay only to accounts in your name."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    iban = forms.CharField(
        label=_("IBAN"),
        max_length=42,
        help_text=_("You find it on your bank statement. Spaces do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    bic = forms.CharField(
        label=_("BIC (optional)"),
        max_length=11,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def clean_iban(self) -> str:
        return "".join(self.cleaned_data["iban"].split()).upper()

    def clean_bic(self) -> str:
        return "".join(self.cleaned_data["bic"].split()).upper()


class TradingAccountForm(PortalForm):
    currency = forms.ChoiceField(label=_("Currency"), help_text=_("An account is kept in one currency for good."))

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"),
            help_text=_("An account is kept in one currency for good."),
            choices=[(code, code) for code in currencies],
        )


class SettingsForm(PortalForm):
    timezone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Days and times in your activity are those of this zone.")
    )
    theme = forms.ChoiceField(label=_("Colours"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"].choices = [(name, name.replace("_", " ")) for name in zones()]  # type: ignore[attr-defined]
        self.fields["theme"].choices = THEMES  # type: ignore[attr-defined]


THEMES = [
    (User.Theme.SYSTEM, _("Like my device")),
    (User.Theme.LIGHT, _("Light")),
    (User.Theme.DARK, _("Dark")),
]


def zones() -> list[str]:
    """The zones people live in, and UTC; not the historical aliases."""
    return ["UTC", *sorted(name for name in available_timezones() if name.startswith(_REGIONS))]
