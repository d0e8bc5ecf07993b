"""Reversing a transaction on staff pages: all of it, an amount in proportion, or chosen entries.

The service is that of the API: nobody reverses what he posted himself. A form sent twice acts once.
"""

from typing import Any

from django.http import HttpRequest

from ledger import queries
from ledger.admin import display, previews, remainders
from ledger.admin.acts import Act, Call
from ledger.admin.panels import Panel, facts
from ledger.api import settling
from ledger.drafts import Posted
from ledger.models import Transaction
from payments.admin import part_forms
from payments.admin.form_once import once
from payments.web import actor_of

OFFERED_IN = ("posted", "partly_reversed")


class ReversalForm(part_forms.PartForm):
    remainders_of = staticmethod(remainders.of_posted)


def reversible(shown: Transaction) -> bool:
    """Posted, no reversal itself, moved by no hold, and something of it is left."""
    return (
        shown.phase in (Transaction.Phase.SINGLE, Transaction.Phase.POST)
        and shown.reverses_id is None
        and shown.moves_hold_id is None
        and queries.transaction_state(shown) in OFFERED_IN
    )


def _given(call: Call) -> dict[str, Any]:
    """What is meant. All that is left after a part was reversed is an amount, because only then is it a share."""
    given = part_forms.given(call.data)
    if not {"amount", "entries"} & set(given) and Transaction.objects.filter(reverses=call.shown.pk).exists():
        rest = next(iter(call.data["left"].values()), None)
        if rest is not None:
            given |= {"amount": rest.text, "currency": rest.currency}
    return given


def _reverse(call: Call, name: str | None = None) -> Posted:
    with part_forms.refusals(call.data):
        return settling.reverse(
            transaction_id=call.shown.pk,
            given=_given(call),
            actor=actor_of(call.request),
            now=call.now,
            once=name,
        )


def _reversed(call: Call) -> str:
    name = f"staff:reverse:{call.data['once']}"
    return f"Reversed by {once(call, 'transaction.reverse', lambda: _reverse(call, name).public_id)}."


def _mirrored(call: Call) -> list[Panel]:
    return previews.entries("What will be written", lambda: _reverse(call).id)


def _reversed_so_far(request: HttpRequest, shown: Transaction) -> list[Panel]:
    earlier = Transaction.objects.filter(reverses=shown.pk).count()
    state = queries.transaction_state(shown)
    left = remainders.of_posted(shown.pk)
    return [
        facts("Where it stands", ("State", display.state(state)), ("Reversals so far", str(earlier))),
        remainders.table("What can be reversed", left, written="Posted", taken="Reversed", left="Left"),
    ]


ACT = Act(
    name="reverse",
    label="Reverse",
    permission="ledger.reverse_transaction",
    form=ReversalForm,
    perform=_reversed,
    checks=_mirrored,
    sentence=lambda shown, data: f"Reverse {part_forms.words_for(data, 'all that is left of it')}",
    offered=reversible,
    explain=_reversed_so_far,
    note="A new transaction mirrors this one; nothing that was posted is changed. Not by who posted it.",
    danger=True,
)
