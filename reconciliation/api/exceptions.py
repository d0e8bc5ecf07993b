"""`/exceptions`: the queue of cases that a person must look at."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input
from ledger.money import Money
from payments.roles import ROLES
from reconciliation.categories import CATEGORIES
from reconciliation.categories import category as category_of
from reconciliation.models import ExceptionCase
from reconciliation.services import exceptions


class ExceptionNoteRequest(Input):
    specimen = {"text": "Asked the bank by phone, reference 17"}

    text = fields.Text(max_length=exceptions.NOTE_MAX, min_length=3)


class ExceptionResolution(Input):
    specimen = {"outcome": "assigned", "note": "The sender's name and the IBAN agree"}

    outcome = fields.Text(max_length=40, help_text="One of the case's `outcomes`.")
    note = fields.Text(max_length=exceptions.NOTE_MAX, min_length=3)


class ExceptionReopening(Input):
    specimen = {"note": "The bank called it back"}

    note = fields.Text(max_length=exceptions.NOTE_MAX, min_length=3)


class ExceptionOutcomeAnswer(Answer):
    code = fields.Text()
    title = fields.Text()


class ExceptionNoteAnswer(Answer):
    id = fields.Text(source="public_id")
    kind = fields.Text()
    author = fields.Text()
    text = fields.Text()
    created_at = fields.Moment()


class ExceptionAnswer(Answer):
    # Facts may quote a bank's words about a payer.
    restricted = {"facts": "payments.view_bank_details"}

    id = fields.Text(source="public_id")
    category = fields.Text()
    title = fields.Text()
    next_step = fields.Text()
    outcomes = ExceptionOutcomeAnswer(many=True)
    object = fields.Text(source="object_ref", help_text="The public id of what it is about.")
    client = fields.PublicId("cl", source="client_id", allow_null=True)
    amount = fields.Figure(allow_null=True)
    currency = fields.Text(help_text="Empty where there is no amount.")
    facts = fields.Facts()
    state = fields.Choice(choices=ExceptionCase.State.values)
    team = fields.Text()
    assignee = fields.Text()
    due_at = fields.Moment()
    outcome = fields.Text()
    created_at = fields.Moment()
    resolved_at = fields.Moment(allow_null=True)
    resolved_by = fields.Text()
    notes = ExceptionNoteAnswer(many=True)


def present(case: ExceptionCase) -> dict[str, Any]:
    """A case with what its category says about it."""
    category = category_of(case.category)
    return {
        **{name: getattr(case, name) for name in _PLAIN},
        "next_step": category.next_step,
        "outcomes": [{"code": code, "title": title} for code, title in category.outcomes],
        "amount": None if case.amount is None else Money.of(case.amount, case.currency),
        "notes": list(case.notes.all()),
    }


_PLAIN = ("public_id", "category", "title", "object_ref", "client_id", "currency", "facts", "state", "team",
          "assignee", "due_at", "outcome", "created_at", "resolved_at", "resolved_by")  # fmt: skip


class Exceptions(Lists):
    """Cases, newest first."""

    permission = {"GET": "reconciliation.view_exceptioncase"}
    summary = {"GET": "List exceptions"}
    answer = ExceptionAnswer
    filters = (
        filters.choice("state", ExceptionCase.State.values),
        filters.choice("category", list(CATEGORIES)),
        filters.choice("team", list(ROLES)),
        filters.text("assignee", longest=80),
        filters.reference("client", "cl"),
        filters.text("object", "object_ref", longest=60),
        *filters.moment("due", "due_at"),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[ExceptionCase]:
        return _rows()

    def present(self, rows: Any) -> list[Any]:
        return [present(case) for case in rows]


class ExceptionItem(Reads):
    """One case with its notes."""

    permission = {"GET": "reconciliation.view_exceptioncase"}
    summary = {"GET": "Read an exception"}
    answer = ExceptionAnswer

    def find(self, reference: str) -> dict[str, Any]:
        return present(one(_rows(), pk=ids.decode_uuid("exc", reference)))


class ExceptionAct(Acts):
    """One step of a case."""

    permission = {"POST": exceptions.PERMISSION}
    answer = ExceptionAnswer
    verb: Any

    def act(self, given: dict[str, Any], reference: str) -> ExceptionCase:
        key = ids.decode_uuid("exc", reference)
        case: ExceptionCase = type(self).verb(case_id=key, **given, actor=self.actor, now=self.now)
        return case

    def presented(self, result: ExceptionCase) -> dict[str, Any]:
        return present(result)


class ExceptionTake(ExceptionAct):
    """Make a case yours."""

    summary = {"POST": "Take an exception"}
    verb = staticmethod(exceptions.take)


class ExceptionNote(ExceptionAct):
    """Add a note; it can never be changed."""

    summary = {"POST": "Add a note"}
    body = ExceptionNoteRequest
    verb = staticmethod(exceptions.note)


class ExceptionResolve(ExceptionAct):
    """End a case with one of its outcomes."""

    summary = {"POST": "Resolve an exception"}
    body = ExceptionResolution
    verb = staticmethod(exceptions.resolve)


class ExceptionReopen(ExceptionAct):
    """Open a resolved case again."""

    summary = {"POST": "Reopen an exception"}
    body = ExceptionReopening
    verb = staticmethod(exceptions.reopen)


def _rows() -> QuerySet[ExceptionCase]:
    return ExceptionCase.objects.prefetch_related("notes")
