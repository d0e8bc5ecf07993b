"""`/gl-mappings` and `/gl-exports`: where accounts go in the general ledger, and which days were handed over."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from ledger import gl_mappings, ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input
from ledger.models import GlExport, GlMapping


class GlMappingRequest(Input):
    specimen = {
        "pattern": "psp/stripe/*", "currency": "EUR", "gl_code": "1310", "gl_name": "Receivables from Stripe",
        "valid_from": "2027-01-01", "reason": "The new chart of 2027",
    }  # fmt: skip

    pattern = fields.Text(
        max_length=120, help_text="A kind like `wallet`, an account code, or a branch like `psp/stripe/*`."
    )
    currency = fields.Currency(required=False, help_text="Any currency if left out.")
    gl_code = fields.Text(max_length=40, help_text="The account of the general ledger.")
    gl_name = fields.Text(max_length=120)
    valid_from = serializers.DateField(help_text="The first day, in UTC, that goes there; not yet exported.")
    reason = fields.Text(max_length=1000, help_text="Why; kept in the event log.")


class GlMappingAnswer(Answer):
    id = fields.Text(source="public_id")
    pattern = fields.Text()
    currency = fields.Text(help_text="Empty for any.")
    gl_code = fields.Text()
    gl_name = fields.Text()
    valid_from = serializers.DateField()
    reason = fields.Text()
    made_by = fields.Text()
    created_at = fields.Moment()


class GlMappings(Lists, Acts):
    """The general-ledger mapping, latest lines first. The closest line counts: a code, then a branch, then a kind.

    A line is never changed: another one for the same pattern takes over from its day."""

    permission = {"GET": "ledger.view_glmapping", "POST": gl_mappings.PERMISSION}
    summary = {"GET": "List the general-ledger mapping", "POST": "Add a line to the general-ledger mapping"}
    body, answer, status = GlMappingRequest, GlMappingAnswer, 201
    filters = (
        filters.text("pattern"),
        filters.currency(),
        filters.text("gl_code", longest=40),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[GlMapping]:
        return GlMapping.objects.all()

    def act(self, given: dict[str, Any]) -> GlMapping:
        return gl_mappings.add(**given, actor=self.actor, now=self.now)


class GlMappingItem(Reads):
    """One line of the general-ledger mapping."""

    permission = {"GET": "ledger.view_glmapping"}
    summary = {"GET": "Read a line of the general-ledger mapping"}
    answer = GlMappingAnswer

    def find(self, reference: str) -> GlMapping:
        found: GlMapping = one(GlMapping.objects.all(), pk=ids.decode_int("glm", reference))
        return found


class GlExportAnswer(Answer):
    id = fields.Text(source="public_id")
    date = serializers.DateField(source="day")
    form = fields.Choice(choices=GlExport.Form.values)
    sha256 = fields.Text(help_text="Of the file; asked for again, the day gives the same bytes.")
    rows = serializers.IntegerField()
    made_by = fields.Text(help_text="Who exported it first.")
    created_at = fields.Moment()


class GlExports(Lists):
    """Days that were handed to the general ledger, the latest export first. `/reports/gl` gives their files."""

    permission = {"GET": "ledger.view_report"}
    summary = {"GET": "List general-ledger exports"}
    answer = GlExportAnswer
    filters = (
        filters.choice("form", GlExport.Form.values),
        filters.text("sha256", longest=64),
        filters.Filter("date[gte]", serializers.DateField(), "day__gte", "Only this day and later."),
        filters.Filter("date[lte]", serializers.DateField(), "day__lte", "Only this day and earlier."),
    )

    def rows(self) -> QuerySet[GlExport]:
        return GlExport.objects.all()
