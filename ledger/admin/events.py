"""The event log on staff pages: who did what to which object, from where, in the order it was recorded."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.event_panels import words_of
from ledger.admin.filters import since
from ledger.admin.panels import Panel, Text, facts
from ledger.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    prefix = "evt"
    list_display = ("what", "object_shown", "client_shown", "actor_shown", "recorded")
    list_filter = (since("recorded_at"),)
    finders = (
        finding.public_id("evt"),
        finding.exactly("object_ref", "object id"),
        finding.exactly("client_ref", "client id"),
        finding.exactly("type", "type"),
    )
    search_help_text = "Object id, client id, type of event"

    @admin.display(description="Event")
    def what(self, shown: Event) -> str:
        return words_of(shown.type)

    @admin.display(description="Object")
    def object_shown(self, shown: Event) -> Any:
        return display.short(shown.object_ref)

    @admin.display(description="Client")
    def client_shown(self, shown: Event) -> Any:
        return display.short(shown.client_ref)

    def prepare(self, rows: list[Any]) -> None:
        names = people.names(row.actor for row in rows)
        for row in rows:
            row.actor_name = names.get(row.actor, row.actor)

    @admin.display(description="Who")
    def actor_shown(self, shown: Any) -> str:
        return str(shown.actor_name)

    @admin.display(description="Recorded")
    def recorded(self, shown: Event) -> Any:
        return display.when(shown.recorded_at, seconds=True)

    def lead(self, request: HttpRequest, shown: Event) -> Any:
        return words_of(shown.type)

    def panels(self, request: HttpRequest, shown: Event) -> list[Panel]:
        texts = (("Before", shown.before), ("After", shown.after), ("Facts", shown.data))
        return [Text(title, json.dumps(value, indent=2, ensure_ascii=False)) for title, value in texts if value]

    def asides(self, request: HttpRequest, shown: Event) -> list[Panel]:
        return [
            facts(
                "Event",
                ("Object", references.link(request, shown.object_ref)),
                ("Client", references.link(request, shown.client_ref) if shown.client_ref else ""),
                ("Actor", display.stacked(people.name(shown.actor), display.code(shown.actor))),
                ("On behalf of", shown.on_behalf_of),
                ("From address", shown.ip),
                ("Device", shown.device),
                ("Request", display.code(shown.request_id) if shown.request_id else ""),
                ("Happened", display.when(shown.occurred_at, seconds=True)),
                ("Recorded", display.when(shown.recorded_at, seconds=True)),
            )
        ]

    def trail(self, request: HttpRequest, shown: Event) -> list[Panel]:
        """An event is recorded once and nothing happens to it afterwards."""
        return []
