"""What staff may do on the ledger's own pages: reverse a transaction, give a hold back or more time.

The services are those of the API: nobody reverses what he posted himself, and what belongs to a movement is decided
there. A form sent twice acts once.
"""

import uuid
from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from ledger import queries
from ledger.admin import acts, display
from ledger.admin.acts import Act, Call
from ledger.admin.holds import HoldAdmin
from ledger.admin.panels import Panel, facts
from ledger.admin.transactions import TransactionAdmin
from ledger.api import holding, settling
from ledger.models import Hold, Transaction
from ledger.money import CURRENCIES
from payments.web import actor_of

ALL = "Leave empty for all of it."


class ReversalForm(forms.Form):
    amount = acts.line("Amount", help_text=f"The part whose credits are this much. {ALL}", required=False)
    currency = forms.ChoiceField(
        label="Currency",
        help_text="Only where the transaction has several.",
        required=False,
        choices=[("", "—"), *((code, code) for code in sorted(CURRENCIES))],
    )
    reason = acts.text("Why", help_text="In words that an auditor understands.", longest=500)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ReleaseForm(forms.Form):
    amount = acts.line("Amount", help_text=f"In the wallet's currency. {ALL}", required=False, inputmode="decimal")
    reason = acts.text("Why", longest=500)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ExtensionForm(forms.Form):
    last_day = forms.DateField(
        label="Last day", help_text="It is given back by itself at the end of this day (UTC).",
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip
    reason = acts.text("Why", longest=500)


def _given(data: dict[str, Any]) -> dict[str, Any]:
    """The words of a form as the API's services take them."""
    amount = data.get("amount", "").strip().replace(",", "")
    return {
        "reason": data["reason"],
        **({"amount": amount} if amount else {}),
        **({"currency": data["currency"]} if amount and data.get("currency") else {}),
    }


def _reverse(call: Call) -> str:
    done = settling.reverse(
        transaction_id=call.shown.pk,
        given=_given(call.data),
        actor=actor_of(call.request),
        now=call.now,
        once=f"staff:reverse:{call.data['once']}",
    )
    return f"Reversed by {done.public_id}."


def _release(call: Call) -> str:
    holding.release(
        hold_id=call.shown.pk,
        given=_given(call.data),
        actor=actor_of(call.request),
        now=call.now,
        once=f"staff:release:{call.data['once']}",
    )
    return "The money is available again."


def _extend(call: Call) -> str:
    ends = timezone.make_aware(datetime.combine(call.data["last_day"], time.max))
    given = {"expires_at": ends, "reason": call.data["reason"]}
    holding.extend(hold_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)
    return f"The hold now runs out on {call.data['last_day']:%d %B %Y}."


def _of_it(data: dict[str, Any]) -> str:
    amount = data.get("amount", "").strip()
    return f"{amount} {data.get('currency', '')}".strip() + " of it" if amount else "all of it"


def _reversed_so_far(request: HttpRequest, shown: Transaction) -> list[Panel]:
    earlier = Transaction.objects.filter(reverses=shown.pk).count()
    state = queries.transaction_state(shown)
    return [facts("Where it stands", ("State", display.state(state)), ("Reversals so far", str(earlier)))]


def _still_held(request: HttpRequest, shown: Hold) -> list[Panel]:
    return [facts("Where it stands", ("Still held", display.raw_amount(shown.remaining, shown.wallet.currency_id)))]


def _by_hand(shown: Hold) -> bool:
    """Open, and no movement stands behind it."""
    return shown.state in Hold.OPEN_STATES and shown.placed_by.source_system is None


@admin.register(Transaction)
class ReversibleTransactionAdmin(TransactionAdmin):
    acts = (
        Act(
            name="reverse",
            label="Reverse",
            permission="ledger.reverse_transaction",
            form=ReversalForm,
            perform=_reverse,
            sentence=lambda shown, data: f"Reverse {_of_it(data)}",
            offered=lambda shown: (
                shown.reverses_id is None
                and shown.moves_hold_id is None
                and queries.transaction_state(shown) in ("posted", "partly_reversed")
            ),
            explain=_reversed_so_far,
            note="A new transaction mirrors this one; nothing that was posted is changed. Not by who posted it.",
            danger=True,
        ),
    )


@admin.register(Hold)
class ActiveHoldAdmin(HoldAdmin):
    acts = (
        Act(
            name="release",
            label="Give back",
            permission="ledger.release_hold",
            form=ReleaseForm,
            perform=_release,
            sentence=lambda shown, data: f"Give back {_of_it(data)}",
            offered=_by_hand,
            explain=_still_held,
        ),
        Act(
            name="extend",
            label="Give more time",
            permission="ledger.place_hold",
            form=ExtensionForm,
            perform=_extend,
            sentence=lambda shown, data: f"Hold until the end of {data['last_day']:%d %B %Y}",
            offered=lambda shown: _by_hand(shown) and shown.expires_at is not None,
        ),
    )
