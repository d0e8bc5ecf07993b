"""What staff type to place a hold, to take it, to give it back, or to give it more time. Nothing is decided here."""

import uuid

from django import forms

from ledger.admin import acts
from ledger.admin.holds import KIND_NAMES
from ledger.api import holding
from ledger.money import CURRENCIES

ALL = "Leave empty for all of it."


class PlaceForm(forms.Form):
    account = acts.line(
        "Whose money",
        help_text="A client's id cl_… for the wallet, or the code of a wallet or pocket.",
        longest=120,
        autocomplete="off",
    )
    amount = acts.amount(help_text="For example 1234.50.")
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(CURRENCIES)])
    kind = forms.ChoiceField(
        label="For", choices=[(kind, KIND_NAMES[kind]) for kind in holding.KINDS], widget=forms.RadioSelect
    )
    reason = acts.text("Why", help_text="For staff; the client does not read it.", longest=500, shortest=3)
    last_day = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="It is given back by itself at the end of this day in your time zone. Empty: it has no end.",
    )  # fmt: skip
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class CaptureForm(forms.Form):
    amount = acts.amount(help_text=f"In the wallet's currency. {ALL}", required=False)
    to = acts.line("To", help_text="An account of the house, for example house/adjustments or house/fees.", longest=120)
    reason = acts.text("Why", help_text="In words that an auditor understands.", longest=500, shortest=3)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ReleaseForm(forms.Form):
    amount = acts.amount(help_text=f"In the wallet's currency. {ALL}", required=False)
    reason = acts.text("Why", longest=500, shortest=3)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ExtensionForm(forms.Form):
    last_day = forms.DateField(
        label="Last day", help_text="It is given back by itself at the end of this day in your time zone.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip
    reason = acts.text("Why", longest=500, shortest=3)
