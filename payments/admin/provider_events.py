"""Provider events on staff pages: what came in, untouched. Bodies are shown as text, never interpreted."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import display, finding
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, Text, facts
from payments.models import ProviderEvent

BODY_SHOWN = 20_000
SECRET_HEADERS = ("authorization", "cookie", "signature", "secret", "token")


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin):
    prefix = "pev"
    list_display = ("event", "connector", "event_type", "state_shown", "times_received", "received")
    list_filter = (
        choices("state", "State", ProviderEvent.State.values),
        choices("connector", "Connector", ("stripe", "sepa", "mt5")),
        since("received_at", "Received since"),
    )
    finders = (
        finding.public_id("pev"),
        finding.exactly("event_id", "provider's event id"),
        finding.exactly("event_type", "type"),
    )
    search_help_text = "Provider's event id or type"
    list_defer = ("body", "headers")

    @admin.display(description="Event")
    def event(self, shown: ProviderEvent) -> Any:
        return display.stacked(display.code(shown.event_id or "no id"), display.short(shown.public_id))

    @admin.display(description="State")
    def state_shown(self, shown: ProviderEvent) -> Any:
        return display.state(shown.state, shown.get_state_display())

    @admin.display(description="Received")
    def received(self, shown: ProviderEvent) -> Any:
        return display.when(shown.received_at, seconds=True)

    def tags(self, shown: ProviderEvent) -> list[Any]:
        return [self.state_shown(shown)]

    def lead(self, request: HttpRequest, shown: ProviderEvent) -> Any:
        return shown.event_type or "Unknown type"

    def panels(self, request: HttpRequest, shown: ProviderEvent) -> list[Panel]:
        body = bytes(shown.body)
        text = body[:BODY_SHOWN].decode("utf-8", errors="replace")
        note = f"{len(body)} bytes, SHA-256 {shown.body_sha256}."
        if len(body) > BODY_SHOWN:
            note += f" The first {BODY_SHOWN} bytes are shown."
        headers = {name: _safe(name, str(value)) for name, value in shown.headers.items()}
        return [
            Text("Body, as it came", _readable(text), note),
            Text("Headers", "\n".join(f"{name}: {value}" for name, value in sorted(headers.items()))),
        ]

    def asides(self, request: HttpRequest, shown: ProviderEvent) -> list[Panel]:
        return [
            facts(
                "Provider event",
                ("Connector", shown.connector),
                ("Provider's id", display.code(shown.event_id) if shown.event_id else ""),
                ("Type", shown.event_type),
                ("Why so handled", shown.reason),
                ("Received", display.when(shown.received_at, seconds=True)),
                ("Times received", str(shown.times_received)),
                ("Handled", display.when(shown.processed_at, seconds=True) if shown.processed_at else ""),
                ("Public id", display.code(shown.public_id)),
            )
        ]


def _safe(name: str, value: str) -> str:
    return "(hidden)" if any(word in name.lower() for word in SECRET_HEADERS) else value


def _readable(text: str) -> str:
    """JSON with line breaks, anything else as it is; never interpreted as markup."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
