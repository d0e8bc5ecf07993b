"""What staff typed about a hold, asked of the API's service: the one call both for the preview and for the act itself.

Who may, and what may be held, taken or given back, is decided there. Nothing here makes an act count once.
"""

from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from ledger.admin.acts import Call
from ledger.api import holding
from ledger.models import Hold
from payments.admin.form_once import refusals_at
from payments.web import actor_of


def place(call: Call) -> Hold:
    data = call.data
    given = {name: data[name] for name in ("amount", "currency", "kind", "reason")}
    given["account"] = _account(data["account"].strip())
    if data["last_day"]:
        given["expires_at"] = _end_of(data["last_day"])
    with refusals_at({"expires_at": "last_day"}):
        return holding.place(given=given, actor=actor_of(call.request), now=call.now)


def capture(call: Call) -> Hold:
    with refusals_at({}):
        given = _given(call, "to")
        return holding.capture(hold_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)


def release(call: Call, name: str | None = None) -> Hold:
    """Give it back; under the same `name` only once."""
    with refusals_at({}):
        return holding.release(
            hold_id=call.shown.pk,
            given=_given(call),
            actor=actor_of(call.request),
            now=call.now,
            once=name,
        )


def extend(call: Call) -> Hold:
    given = {"expires_at": _end_of(call.data["last_day"]), "reason": call.data["reason"]}
    return holding.extend(hold_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)


def _given(call: Call, *names: str) -> dict[str, Any]:
    return {name: call.data[name] for name in ("reason", "amount", *names) if call.data[name]}


def _account(typed: str) -> str:
    """The account that was named: a client's id stands for the wallet."""
    return f"client/{typed}/wallet" if typed.startswith("cl_") and "/" not in typed else typed


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.max))
