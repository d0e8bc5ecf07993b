"""What staff may do by hand with holds: set money aside, take it for the firm, give it back, give it more time.

The services are those of the API: who placed a hold never takes the money, and a hold of a movement is decided there.
A form sent twice acts once.
"""

from typing import Any

from django.utils import timezone

from ledger.admin import references
from ledger.admin.acts import Act, Call
from ledger.admin.holds import is_open
from ledger.models import Hold
from payments.admin import hold_calls, hold_previews
from payments.admin.form_once import once
from payments.admin.hold_forms import CaptureForm, ExtensionForm, PlaceForm, ReleaseForm


def by_hand(shown: Hold) -> bool:
    """Open, its time has not come, and no movement stands behind it."""
    return is_open(shown, timezone.now()) and shown.placed_by.source_system is None


def _placed(call: Call) -> tuple[str, str]:
    reference = once(call, "hold.place", lambda: hold_calls.place(call).public_id)
    return f"{call.data['amount']} {call.data['currency']} held.", references.url(reference)


def _captured(call: Call) -> str:
    once(call, "hold.capture", lambda: hold_calls.capture(call).public_id)
    return f"Taken to {call.data['to']}."


def _released(call: Call) -> str:
    once(call, "hold.release", lambda: hold_calls.release(call, f"staff:release:{call.data['once']}").public_id)
    return "The money is available again."


def _extended(call: Call) -> str:
    hold_calls.extend(call)
    return f"The hold now runs out on {call.data['last_day']:%d %B %Y}."


def _part(shown: Hold, data: dict[str, Any]) -> str:
    return f"{data['amount']} {shown.wallet.currency_id} of it" if data["amount"] else "all that is held"


PLACE = Act(
    name="place",
    label="Place a hold",
    permission="ledger.place_hold",
    form=PlaceForm,
    initial=lambda request, shown: {"account": request.GET.get("account", ""), "kind": "manual", "currency": "EUR"},
    perform=_placed,
    checks=hold_previews.placing,
    sentence=lambda shown, data: f"Hold {data['amount']} {data['currency']}",
    note="The money stays the client's, but cannot be spent until it is given back or taken.",
)
ACTS = (
    Act(
        name="release",
        label="Give back",
        permission="ledger.release_hold",
        form=ReleaseForm,
        perform=_released,
        checks=hold_previews.releasing,
        sentence=lambda shown, data: f"Give back {_part(shown, data)}",
        offered=by_hand,
        explain=hold_previews.still_held,
    ),
    Act(
        name="extend",
        label="Give more time",
        permission="ledger.place_hold",
        form=ExtensionForm,
        perform=_extended,
        checks=hold_previews.extending,
        sentence=lambda shown, data: f"Hold until the end of {data['last_day']:%d %B %Y}",
        offered=lambda shown: by_hand(shown) and shown.expires_at is not None,
        explain=hold_previews.still_held,
    ),
    Act(
        name="capture",
        label="Capture",
        permission="ledger.release_hold",
        form=CaptureForm,
        initial=lambda request, shown: {"to": "house/adjustments"},
        perform=_captured,
        checks=hold_previews.capturing,
        sentence=lambda shown, data: f"Take {_part(shown, data)} to {data['to']}",
        offered=by_hand,
        explain=hold_previews.still_held,
        note="The firm takes the money, all of it or a part; the rest stays held. Not by who placed the hold.",
        danger=True,
    ),
)
