"""`/events`: the log of everything that changed, in an order that a reader can follow without ever missing a row.

Numbers are given to events before their transactions commit, so "the last number I saw" loses rows. The order here is
the database transaction's number first, and only events of transactions below the oldest one still running are shown:
nothing can appear before what a reader has seen. See PostgreSQL, "System Information Functions", pg_snapshot_xmin.
"""

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import fields, filters, pages
from ledger.api.endpoints import Lists
from ledger.api.shapes import Answer
from ledger.models import Event

SAFE = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class EventAnswer(Answer):
    id = fields.Text(source="public_id")
    type = fields.Text()
    object = fields.Text(source="object_ref", help_text="The public id of what changed.")
    client = fields.Text(source="client_ref", help_text="The public id of the client it concerns, or empty.")
    actor = fields.Text()
    person = fields.Text()
    on_behalf_of = fields.Text()
    ip = fields.Text(allow_null=True)
    device = fields.Text()
    request_id = fields.Text()
    before = fields.Facts(allow_null=True)
    after = fields.Facts(allow_null=True)
    data = fields.Facts(allow_null=True)
    occurred_at = fields.Moment()
    recorded_at = fields.Moment()


class Events(Lists):
    """The event log. With `order=asc` it is a feed: there is always a `next`; keep it and come back for what is new."""

    permission = {"GET": "ledger.view_event"}
    summary = {"GET": "List events"}
    answer = EventAnswer
    filters = (
        filters.Filter("order", fields.Choice(choices=["asc", "desc"]), "", "`desc`, newest first, unless `asc`."),
        filters.text("type", longest=60),
        filters.text("object", "object_ref", longest=60),
        filters.public("client", "cl", "client_ref"),
        filters.text("actor", longest=80),
        *filters.moment("recorded", "recorded_at"),
    )

    def rows(self) -> QuerySet[Event]:
        return Event.objects.filter(xid__lt=RawSQL(SAFE, []))  # noqa: S611 (a literal)

    def get(self, request: Request, **names: str) -> Response:
        rising = self.asked().values.get("order") == "asc"
        self.order = pages.Order(("xid", "pk"), descending=not rising, endless=rising)  # type: ignore[misc]
        return super().get(request, **names)
