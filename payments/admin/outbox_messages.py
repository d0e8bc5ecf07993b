"""The outbox on staff pages: what is promised to be done outside, and starting parked work again."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger import ids
from ledger.admin import display, finding
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, Text, facts
from payments.models import OutboxMessage
from payments.services import stuck_work
from payments.web import actor_of


def _start_again(call: Call) -> str:
    stuck_work.start_again(message_id=call.shown.pk, actor=actor_of(call.request), now=call.now)
    return f"{call.shown.topic} is tried again."


@admin.register(OutboxMessage)
class OutboxAdmin(ReadOnlyAdmin):
    prefix = stuck_work.PREFIX
    called = ("promised work", "outbox")
    list_display = ("work", "state_shown", "attempts", "error", "available", "made")
    list_filter = (
        choices("state", "State", OutboxMessage.State.values, dict(OutboxMessage.State.choices)),
        since("created_at", "Made since"),
    )
    finders = (finding.public_id(stuck_work.PREFIX), finding.exactly("topic", "topic"), finding.exactly("key", "key"))
    search_help_text = "Topic or key, for example withdrawal.instruct"
    acts = (
        Act(
            name="start-again",
            label="Start again",
            permission=stuck_work.PERMISSION,
            perform=_start_again,
            sentence=lambda shown, data: f"Start {shown.topic} again",
            offered=lambda shown: shown.state == "parked",
            note="It gets another five tries. Nothing that was done before is done twice.",
        ),
    )

    def public_id(self, shown: OutboxMessage) -> str:
        return ids.encode(self.prefix, shown.pk)

    @admin.display(description="Work")
    def work(self, shown: OutboxMessage) -> Any:
        return display.stacked(shown.topic, display.code(shown.key))

    @admin.display(description="State")
    def state_shown(self, shown: OutboxMessage) -> Any:
        return display.state(shown.state)

    @admin.display(description="Last error")
    def error(self, shown: OutboxMessage) -> str:
        return shown.last_error[:80] or display.DASH

    @admin.display(description="Next try")
    def available(self, shown: OutboxMessage) -> Any:
        return display.when(shown.available_at, seconds=True) if shown.state == "ready" else display.DASH

    @admin.display(description="Made")
    def made(self, shown: OutboxMessage) -> Any:
        return display.when(shown.created_at, seconds=True)

    def heading(self, shown: OutboxMessage) -> str:
        return f"Promised work {shown.topic}"

    def panels(self, request: HttpRequest, shown: OutboxMessage) -> list[Panel]:
        found: list[Panel] = [Text("What was promised", json.dumps(shown.payload, indent=2, ensure_ascii=False))]
        if shown.last_error:
            found.append(Text("Last error", shown.last_error))
        return found

    def asides(self, request: HttpRequest, shown: OutboxMessage) -> list[Panel]:
        return [
            facts(
                "Promised work",
                ("Topic", shown.topic),
                ("Key", display.code(shown.key)),
                ("Tries", str(shown.attempts)),
                ("Next try", self.available(shown)),
                ("Being worked on until", display.when(shown.lease_until, seconds=True) if shown.lease_until else ""),
                ("Request", display.code(shown.request_id) if shown.request_id else ""),
                ("Made", self.made(shown)),
                ("Finished", display.when(shown.finished_at, seconds=True) if shown.finished_at else ""),
            )
        ]
