"""Freezing ledger accounts: the ledger's own page of an account, with the acts of those who may."""

from typing import Any

from django import forms
from django.contrib import admin

from ledger.admin import acts
from ledger.admin.accounts import AccountAdmin
from ledger.admin.acts import Act, Call
from ledger.models import Account
from payments.services import account_status
from payments.web import actor_of


class Why(forms.Form):
    reason = acts.text("Why", help_text="Kept in the event log.", longest=1000)


def _set(status: str, words: str) -> Any:
    def perform(call: Call) -> str:
        account_status.set_status(
            account_id=call.shown.pk,
            status=status,
            reason=call.data["reason"],
            actor=actor_of(call.request),
            now=call.now,
        )
        return f"{call.shown.code} in {call.shown.currency_id} is {words}."

    return perform


@admin.register(Account)
class FreezableAccountAdmin(AccountAdmin):
    acts = (
        *AccountAdmin.acts,
        Act(
            name="freeze",
            label="Freeze",
            permission=account_status.PERMISSION,
            form=Why,
            perform=_set("frozen", "frozen"),
            sentence=lambda shown, data: f"Freeze {shown.code}",
            offered=lambda shown: shown.status == Account.Status.OPEN,
            note="A frozen account refuses to be reduced, except by what has already happened elsewhere.",
            danger=True,
        ),
        Act(
            name="unfreeze",
            label="Unfreeze",
            permission=account_status.PERMISSION,
            form=Why,
            perform=_set("open", "open again"),
            sentence=lambda shown, data: f"Unfreeze {shown.code}",
            offered=lambda shown: shown.status == Account.Status.FROZEN,
        ),
    )
