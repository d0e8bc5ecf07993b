"""The panels of a case: the next step, the facts it was raised with, what it could be, and the notes of people."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.http import HttpRequest

from ledger.admin import display, people, references
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.errors import NotFound
from payments.models import Client
from reconciliation.categories import category
from reconciliation.models import ExceptionCase
from reconciliation.services import assigning

_NOT_FACTS = ("candidates", assigning.FACT)


def main(request: HttpRequest, case: ExceptionCase) -> list[Panel]:
    """Everything about a case but its events."""
    kind = category(case.category)
    outcomes = ", ".join(words for _, words in kind.outcomes)
    found: list[Panel] = [facts("Next step", ("Do first", kind.next_step), ("It can end as", outcomes))]
    if candidates := case.facts.get("candidates"):
        found.append(_candidates(request, candidates))
    known = {
        name: value for name, value in case.facts.items() if name not in _NOT_FACTS and value not in ("", [], None)
    }
    if known:
        found.append(facts("Facts", *((_label(name), _value(request, value)) for name, value in known.items())))
    draft = assigning.draft_of(case)
    if draft is not None:
        words = display.joined(references.link(request, draft.public_id), display.state(draft.state))
        found.append(facts("Assignment", ("Draft", words)))
    return [*found, _notes(case)]


def likely_client(case: ExceptionCase) -> str:
    """The one client among the candidates, "" when there is none or more than one."""
    found = {row["ref"] for row in case.facts.get("candidates", []) if str(row.get("ref", "")).startswith("cl_")}
    return found.pop() if len(found) == 1 else ""


def _candidates(request: HttpRequest, candidates: list[dict[str, Any]]) -> Table:
    names = _names(row["ref"] for row in candidates if str(row.get("ref", "")).startswith("cl_"))
    rows = tuple(
        (
            references.link(request, str(row.get("ref", "")), names.get(row.get("ref", ""), "")),
            f"{display.words(str(row.get('rule', '')))}, tier {row.get('tier', '')}",
            ", ".join(row.get("agrees", [])) or display.DASH,
            ", ".join(row.get("differs", [])) or "nothing",
            f"{row.get('score', '')} of 100",
        )
        for row in candidates
    )
    heads = columns(("It could be", "main"), "Found by", "Agrees", "Differs", "Strength")
    return Table("Candidates", heads, rows)


def _names(references: Iterable[str]) -> dict[str, str]:
    """The names of clients; an id that is none of a client has no name."""
    keys = {}
    for reference in references:
        with suppress(NotFound):
            keys[Client.key(reference)] = reference
    return {keys[client.pk]: client.name for client in Client.objects.filter(pk__in=keys)}


def _notes(case: ExceptionCase) -> Table:
    notes = list(case.notes.order_by("-pk")[:100])
    names = people.names(note.author for note in notes)
    rows = tuple(
        (
            note.text,
            display.stacked(names.get(note.author, note.author), "" if note.kind == "note" else note.kind),
            display.when(note.created_at),
        )
        for note in notes
    )
    return Table("Notes", columns(("Note", "main"), "Who", ("When", "time")), rows, "No notes yet.")


def _label(name: str) -> str:
    return display.words(name).capitalize()


def _value(request: HttpRequest, value: Any) -> Any:
    """One fact: our own ids lead to their pages, everything else is text."""
    if isinstance(value, str):
        return references.link(request, value) if references.page_of(value) and len(value) < 40 else value
    return json.dumps(value, ensure_ascii=False)
