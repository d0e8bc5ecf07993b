"""The recorded events of an object, newest first, with names for people: the trail that nobody can edit.

Shown to those who may read the event log; for everybody else the panel does not exist.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from ledger.admin import display, people
from ledger.admin.panels import Panel, Table, columns
from ledger.models import Event

PERMISSION = "ledger.view_event"
SHOWN = 50
_VALUE_MAX = 120


def events_of(request: HttpRequest, *references: str) -> list[Panel]:
    """One panel with the latest events of these objects."""
    if not request.user.has_perm(PERMISSION):
        return []
    found = list(Event.objects.filter(object_ref__in=references).order_by("-id")[: SHOWN + 1])
    return [table(found[:SHOWN], note="Older events are in the event log." if len(found) > SHOWN else "")]


def table(events: Iterable[Event], *, title: str = "Events", note: str = "") -> Table:
    events = list(events)
    who = people.names(event.actor for event in events)
    rows = tuple(
        (
            display.stacked(words_of(event.type), changes(event)),
            display.stacked(who.get(event.actor, ""), f"for {event.on_behalf_of}" if event.on_behalf_of else ""),
            display.when(event.occurred_at, seconds=True),
        )
        for event in events
    )
    return Table(title, columns(("What", "main"), "Who", ("When", "time")), rows, "Nothing recorded yet.", note)


def words_of(event_type: str) -> str:
    """ "withdrawal.sent_back" → "Withdrawal sent back"."""
    return event_type.replace(".", " ").replace("_", " ").capitalize()


def changes(event: Event) -> SafeString | str:
    """What the event changed, and the facts it carries, in one line."""
    parts = [_change(name, (event.before or {}).get(name), value) for name, value in _pairs(event.after)]
    parts += [f"{display.words(name)}: {brief(value)}" for name, value in _pairs(event.data)]
    return " · ".join(part for part in parts if part)


def brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_MAX else f"{text[:_VALUE_MAX]}…"


def _pairs(facts: Any) -> Iterable[tuple[str, Any]]:
    return facts.items() if isinstance(facts, Mapping) else ()


def _change(name: str, before: Any, after: Any) -> str:
    if name in ("amount", "currency"):
        return ""
    if before is not None and before != after:
        return f"{display.words(name)}: {_word(before)} → {_word(after)}"
    return f"{display.words(name)}: {_word(after)}" if after not in ("", None) else ""


def _word(value: Any) -> str:
    return display.words(value) if isinstance(value, str) and value.isidentifier() else brief(value)
