"""What staff may do by hand to a pending transaction: post it or a part of it, void it, end it, give it more time.

The services are those of the API: what belongs to a movement is decided there. A form sent twice acts once.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from ledger import dry_runs
from ledger.admin import acts, display, previews, remainders
from ledger.admin.acts import Act, Call
from ledger.admin.panels import Panel, facts
from ledger.admin.pending_panels import panels_of, reservation_of
from ledger.api import settling
from ledger.api.by_hand import OURS
from ledger.drafts import Posted
from ledger.models import Pending, Transaction
from payments.admin import part_forms
from payments.admin.form_once import once, refusals_at
from payments.web import actor_of

PERMISSION = "ledger.post_transaction"
WHEN = "%Y-%m-%dT%H:%M"


class PostForm(part_forms.PartForm):
    remainders_of = staticmethod(remainders.of_reservation)


class VoidForm(forms.Form):
    reason = acts.text("Why", help_text="In words that an auditor understands.", longest=500, shortest=3)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class StatusForm(acts.ObjectForm):
    status = forms.ChoiceField(label="What the other side reports", widget=forms.RadioSelect)
    reason = acts.text("Why", help_text="Where it was seen: ticket, message, screen.", longest=500, shortest=3)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def fit(self, shown: Transaction) -> None:
        reservation = reservation_of(shown)
        names = reservation.expires_on if reservation else []
        self.fields["status"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


class MoreTimeForm(forms.Form):
    expires_at = forms.DateTimeField(
        label="Runs out",
        help_text="In your time zone. Later than now set: an end is only ever put off.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN),
    )
    reason = acts.text("Why", longest=500, shortest=3)


def open_by_hand(shown: Transaction) -> bool:
    """Still pending, its time has not come, and no movement stands behind it."""
    reservation = reservation_of(shown)
    return (
        reservation is not None
        and reservation.state == Pending.State.PENDING
        and (reservation.expires_at is None or reservation.expires_at > timezone.now())
        and (shown.source_system is None or shown.source_system.startswith(OURS))
    )


def _post(call: Call) -> Posted:
    with part_forms.refusals(call.data):
        return settling.settle(
            transaction_id=call.shown.pk, given=part_forms.given(call.data), actor=actor_of(call.request), now=call.now
        )


def _void(call: Call) -> Posted:
    given = {"reason": call.data["reason"]}
    return settling.void(transaction_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)


def _expire(call: Call) -> Posted:
    given = {"status": call.data["status"], "reason": call.data["reason"]}
    return settling.expire(transaction_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)


def _extend(call: Call) -> Transaction:
    given = {"expires_at": call.data["expires_at"], "reason": call.data["reason"]}
    with refusals_at({}):
        return settling.extend(transaction_id=call.shown.pk, given=given, actor=actor_of(call.request), now=call.now)


def _shows(work: Callable[[Call], Posted]) -> Callable[[Call], list[Panel]]:
    return lambda call: previews.entries("What will be written", lambda: work(call).id)


def _does(verb: str, work: Callable[[Call], Posted], words: str) -> Callable[[Call], str]:
    return lambda call: words.format(once(call, f"transaction.{verb}", lambda: work(call).public_id))


def _later(call: Call) -> list[Panel]:
    dry_runs.rehearse(lambda: _extend(call))
    return [
        facts(
            "When it runs out",
            ("Now", display.when(call.shown.reservation.expires_at)),
            ("Then", display.when(call.data["expires_at"])),
        )
    ]


def _extended(call: Call) -> str:
    _extend(call)
    return "It has more time now."


def _ends_now(request: HttpRequest, shown: Transaction) -> dict[str, Any]:
    reservation = reservation_of(shown)
    return {"expires_at": reservation.expires_at} if reservation else {}


def _until(shown: Transaction, data: dict[str, Any]) -> str:
    return f"Let it run until {timezone.localtime(data['expires_at']):%d %B %Y, %H:%M}"


def _explained(request: HttpRequest, shown: Transaction) -> list[Panel]:
    return panels_of(shown)


ACTS = (
    Act(
        name="post",
        label="Post",
        permission=PERMISSION,
        form=PostForm,
        perform=_does("post", _post, "Posted by {}."),
        checks=_shows(_post),
        sentence=lambda shown, data: f"Post {part_forms.words_for(data, 'all that is pending')}",
        offered=open_by_hand,
        explain=_explained,
        note="What was reserved becomes final, all of it or a part. The rest stays pending.",
    ),
    Act(
        name="extend",
        label="Give more time",
        permission=PERMISSION,
        form=MoreTimeForm,
        initial=_ends_now,
        perform=_extended,
        checks=_later,
        sentence=_until,
        offered=lambda shown: open_by_hand(shown) and shown.reservation.expires_at is not None,
        explain=_explained,
    ),
    Act(
        name="expire",
        label="End by outside status",
        permission=PERMISSION,
        form=StatusForm,
        perform=_does("expire", _expire, "Ended by {}; what was pending is given back."),
        checks=_shows(_expire),
        sentence=lambda shown, data: f"End it, because of “{data['status']}”",
        offered=lambda shown: open_by_hand(shown) and bool(shown.reservation.expires_on),
        explain=_explained,
        note="What is still pending is given back. Only a status that the transaction itself names can end it.",
        danger=True,
    ),
    Act(
        name="void",
        label="Void",
        permission=PERMISSION,
        form=VoidForm,
        perform=_does("void", _void, "Voided by {}; what was pending is given back."),
        checks=_shows(_void),
        sentence=lambda shown, data: "Void what is still pending",
        offered=open_by_hand,
        explain=_explained,
        note="What is still pending is given back. What was posted of it stays.",
        danger=True,
    ),
)
