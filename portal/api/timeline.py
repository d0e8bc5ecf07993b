"""`/clients/{id}/timeline`: everything that happened to a client's money, in the words that the client reads."""

from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import fields, filters, pages
from ledger.api.endpoints import Endpoint
from ledger.api.shapes import Answer
from payments.api.reading import client_of
from portal.queries import timeline
from portal.queries.filters import Filters


def _words(name: str, description: str, *, longest: int = 40) -> filters.Filter:
    """The timeline itself says which values it knows."""
    return filters.Filter(name, fields.Text(max_length=longest), "", description)


class StepAnswer(Answer):
    words = fields.Text()
    state = fields.Choice(choices=["done", "next", "now", "stopped"])


class ReferenceAnswer(Answer):
    label = fields.Text()
    value = fields.Text()


class LineAnswer(Answer):
    id = fields.Text(source="reference")
    kind = fields.Text()
    state = fields.Text()
    at = fields.Moment()
    amount = fields.Figure(source="money")
    currency = fields.Currency(source="money.currency")
    direction = fields.Choice(choices=["between", "in", "none", "out"])
    fee = fields.Figure(allow_null=True)
    status = fields.Text()
    title = fields.Text()
    explanation = fields.Text()
    note = fields.Text(help_text="Why it went otherwise than asked; mostly empty.")
    act = fields.Text(help_text="What the client must do; empty for nothing.")
    expected_by = fields.Moment(allow_null=True)
    steps = StepAnswer(many=True)
    references = ReferenceAnswer(many=True)
    related = fields.serializers.ListField(child=fields.serializers.CharField())


class ClientTimeline(Endpoint):
    """A client's timeline, newest first."""

    permission = {"GET": "payments.view_client"}
    owners = True
    summary = {"GET": "List what happened to a client's money"}
    answer = LineAnswer
    paged = True
    filters = (
        _words("kind", "Only this kind of line."),
        _words("state", "Only lines in this state."),
        filters.currency(""),
        _words("q", "Only lines with this amount or reference.", longest=80),
        _words("from", "From this day on, like 2026-11-20."),
        _words("to", "Up to this day, that day included."),
    )

    def get(self, request: Request, reference: str) -> Response:
        asked = self.asked()
        client = client_of(self, reference)
        page = timeline.page(
            client,
            now=self.now,
            filters=Filters.read({name: str(value) for name, value in asked.values.items()}),
            cursor=pages.unseal(request.path, asked.cursor) if asked.cursor else None,
            limit=asked.limit,
        )
        onward = {name: getattr(page, name) for name in ("next", "previous")}
        sealed = {name: pages.seal(request.path, cursor) if cursor else None for name, cursor in onward.items()}
        return Response({"data": self.shown(list(page.lines), many=True), **sealed})
