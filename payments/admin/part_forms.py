"""The form that says how much of a transaction is meant: all that is left, an amount in proportion, or entries.

It only reads what was typed; the ledger's services decide, and their refusals come back to its fields. Every entry has
its field, also one of which nothing is left: a form that was opened earlier must never come to mean something else.
"""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from django import forms
from django.utils.text import capfirst

from ledger.admin import acts, display
from ledger.admin.remainders import Remainder, credits_left
from ledger.models import Transaction
from payments.admin.form_once import refusals_at


class PartForm(acts.ObjectForm):
    """`cleaned_data["entries"]`: the chosen entries as the API takes them; `left`: what is left per currency."""

    group_title = "Choose entries instead"
    group_note = "How much of each, up to what is left. Debits and credits must balance; leave out what stays as it is."
    amount = acts.amount(required=False)
    currency = forms.ChoiceField(label="Currency", required=False)
    reason = acts.text("Why", help_text="In words that an auditor understands.", longest=500, shortest=3)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    remainders_of: ClassVar[Callable[[uuid.UUID], list[Remainder]]]

    def fit(self, shown: Transaction) -> None:
        self.rows = {f"entry_{row.account}_{row.side}": row for row in type(self).remainders_of(shown.pk)}
        currencies = list(dict.fromkeys(row.currency for row in self.rows.values()))
        if len(currencies) > 1:
            self.fields["currency"].choices = [("", "—"), *((code, code) for code in currencies)]  # type: ignore[attr-defined]
        else:
            del self.fields["currency"]
        self.left = credits_left(self.rows.values())
        self.fields["amount"].help_text = _amount_help(" and ".join(map(display.plain, self.left.values())))
        for name, row in self.rows.items():
            self.fields[name] = acts.amount(_label(row), help_text=_left_of(row), required=False)
        self.order_fields(["amount", "currency", *self.rows, "reason", "once"])

    def grouped(self) -> list[str]:
        return list(self.rows)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = {name: row for name, row in self.rows.items() if data.get(name)}
        if chosen and data.get("amount"):
            self.add_error("amount", "Give an amount or choose entries, not both.")
        data["entries"] = [
            {"account": row.account, "direction": row.side, "amount": data[name], "currency": row.currency}
            for name, row in chosen.items()
        ]
        data["chosen"], data["left"] = chosen, self.left
        currencies = {row.currency for row in self.rows.values()}
        data["meant"] = data.get("currency") or (currencies.pop() if len(currencies) == 1 else "")
        return data


def _amount_help(left: str) -> str:
    empty = f"Empty: all that is left, {left}." if left else "Nothing is left."
    return f"The part whose credits are this much, each entry in proportion. {empty}"


def _label(row: Remainder) -> str:
    return f"{capfirst(row.side)} {display.account_text(row.code)}"


def _left_of(row: Remainder) -> str:
    written = display.plain(row.money(row.written))
    return f"{display.plain(row.money(row.left))} left of {written}" if row.left else f"Nothing left of {written}"


def given(data: dict[str, Any]) -> dict[str, Any]:
    """The part as the API's services take it; not named at all where nothing was typed, which means all of it."""
    words = {"reason": data["reason"]}
    if data["entries"]:
        return {**words, "entries": data["entries"]}
    if not data["amount"]:
        return words
    return {**words, "amount": data["amount"], **({"currency": data["meant"]} if data["meant"] else {})}


def refusals(data: dict[str, Any]) -> AbstractContextManager[None]:
    """Refusals of the service at the fields of this form: by an entry's place in its list, or by its account."""
    fields: dict[str, str] = {}
    for index, (name, row) in enumerate(data["chosen"].items()):
        fields |= {f"entries[{index}].{part}": name for part in ("account", "amount", "currency")}
        fields[f"{row.code} {row.currency}"] = name
    return refusals_at(fields)


def words_for(data: dict[str, Any], everything: str) -> str:
    """ "30.00 EUR of it", "2 chosen entries of it", or what `everything` is called."""
    if data["entries"]:
        return f"{len(data['entries'])} chosen entries of it"
    return f"{data['amount']} {data['meant']}".strip() + " of it" if data["amount"] else everything
