"""What staff may do by hand with holds: set money aside, take it for the firm, give it back, give it more time.

The services are those of the API: who placed a hold never takes the money, and a hold of a movement is decided there.
A form sent twice acts once.
"""

import uuid
from datetime import date, datetime, time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from ledger import dry_runs
from ledger.admin import display, previews, references
from ledger.admin.acts import Act, Call
from ledger.admin.holds import KIND_NAMES, is_open
from ledger.admin.panels import Panel, facts
from ledger.api import holding
from ledger.errors import NotFound
from ledger.models import Hold
from payments.admin.form_once import once, refusals_at
from payments.admin.hold_forms import CaptureForm, ExtensionForm, PlaceForm, ReleaseForm
from payments.models import Client
from payments.web import actor_of


def by_hand(shown: Hold) -> bool:
    """Open, its time has not come, and no movement stands behind it."""
    return is_open(shown, timezone.now()) and shown.placed_by.source_system is None


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.max))


def _account(typed: str) -> str:
    """The account that was named: a client's id stands for the wallet."""
    return f"client/{typed}/wallet" if typed.startswith("cl_") and "/" not in typed else typed


def _place(call: Call) -> Hold:
    data = call.data
    given = {name: data[name] for name in ("amount", "currency", "kind", "reason")}
    given["account"] = _account(data["account"].strip())
    if data["last_day"]:
        given["expires_at"] = _end_of(data["last_day"])
    with refusals_at({"expires_at": "last_day"}):
        return holding.place(given=given, actor=actor_of(call.request), now=call.now)


def _given(call: Call, *names: str) -> dict[str, Any]:
    return {name: call.data[name] for name in ("reason", "amount", *names) if call.data[name]}


def _capture(call: Call) -> Hold:
    with refusals_at({}):
        given = _given(call, "to")
        return holding.capture(hold_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)


def _release(call: Call, name: str | None = None) -> Hold:
    with refusals_at({}):
        return holding.release(
            hold_id=call.shown.pk,
            given=_given(call),
            actor=actor_of(call.request),
            now=call.now,
            once=name,
        )


def _extend(call: Call) -> Hold:
    given = {"expires_at": _end_of(call.data["last_day"]), "reason": call.data["reason"]}
    return holding.extend(hold_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)


def _placed(call: Call) -> tuple[str, str]:
    reference = once(call, "hold.place", lambda: _place(call).public_id)
    return f"{call.data['amount']} {call.data['currency']} held.", references.url(reference)


def _captured(call: Call) -> str:
    once(call, "hold.capture", lambda: _capture(call).public_id)
    return f"Taken to {call.data['to']}."


def _released(call: Call) -> str:
    once(call, "hold.release", lambda: _release(call, f"staff:release:{call.data['once']}").public_id)
    return "The money is available again."


def _extended(call: Call) -> str:
    _extend(call)
    return f"The hold now runs out on {call.data['last_day']:%d %B %Y}."


def _will_hold(call: Call) -> list[Panel]:
    placed: list[Hold] = []

    def work() -> uuid.UUID:
        placed.append(_place(call))
        return uuid.UUID(str(placed[0].placed_by_id))

    written = previews.entries("What will be written", work)
    wallet, ends = placed[0].wallet, placed[0].expires_at
    return [
        facts(
            "Whose money",
            ("Client", references.link(call.request, wallet.owner, _name(wallet.owner))),
            ("From", display.account(wallet.code)),
            ("Runs out", display.when(ends) if ends else "never"),
        ),
        *written,
    ]


def _name(owner: str) -> str:
    """What people call the owner of an account; "" for one who is no client of ours."""
    try:
        return str(Client.objects.get(pk=Client.key(owner)).name)
    except (NotFound, Client.DoesNotExist):
        return ""


def _will_take(call: Call) -> list[Panel]:
    return previews.entries("What will be written", previews.movement_of(call.shown.pk, lambda: _capture(call)))


def _will_give_back(call: Call) -> list[Panel]:
    return previews.entries("What will be written", previews.movement_of(call.shown.pk, lambda: _release(call)))


def _will_last(call: Call) -> list[Panel]:
    then = dry_runs.rehearse(lambda: _extend(call).expires_at)
    return [facts("When it runs out", ("Now", display.when(call.shown.expires_at)), ("Then", display.when(then)))]


def _still_held(request: HttpRequest, shown: Hold) -> list[Panel]:
    currency = shown.wallet.currency_id
    return [
        facts(
            "Where it stands",
            ("Still held", display.raw_amount(shown.remaining, currency)),
            ("Of", display.raw_amount(shown.amount, currency)),
            ("For", KIND_NAMES[shown.kind]),
            ("Why", shown.reason),
            ("Runs out", display.when(shown.expires_at) if shown.expires_at else "never"),
        )
    ]


def _part(shown: Hold, data: dict[str, Any]) -> str:
    return f"{data['amount']} {shown.wallet.currency_id} of it" if data["amount"] else "all that is held"


PLACE = Act(
    name="place",
    label="Place a hold",
    permission="ledger.place_hold",
    form=PlaceForm,
    initial=lambda request, shown: {"account": request.GET.get("account", ""), "kind": "manual", "currency": "EUR"},
    perform=_placed,
    checks=_will_hold,
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
        checks=_will_give_back,
        sentence=lambda shown, data: f"Give back {_part(shown, data)}",
        offered=by_hand,
        explain=_still_held,
    ),
    Act(
        name="extend",
        label="Give more time",
        permission="ledger.place_hold",
        form=ExtensionForm,
        perform=_extended,
        checks=_will_last,
        sentence=lambda shown, data: f"Hold until the end of {data['last_day']:%d %B %Y}",
        offered=lambda shown: by_hand(shown) and shown.expires_at is not None,
        explain=_still_held,
    ),
    Act(
        name="capture",
        label="Capture",
        permission="ledger.release_hold",
        form=CaptureForm,
        initial=lambda request, shown: {"to": "house/adjustments"},
        perform=_captured,
        checks=_will_take,
        sentence=lambda shown, data: f"Take {_part(shown, data)} to {data['to']}",
        offered=by_hand,
        explain=_still_held,
        note="The firm takes the money, all of it or a part; the rest stays held. Not by who placed the hold.",
        danger=True,
    ),
)
