"""`/periods`: business days and months, closing them, and the statements that then never change a byte.

The CSV of a statement is the very text whose SHA-256 was kept at closing; the answer carries it in `Repr-Digest`.
"""

import base64
import csv
import hashlib
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import periods
from ledger.api import fields, filters
from ledger.api.accounts import IN_CURRENCY, named
from ledger.api.endpoints import Acts, Endpoint, Lists, Reads
from ledger.api.shapes import Answer, Input
from ledger.errors import InvalidRequest
from ledger.exports import reading
from ledger.models import Period
from ledger.money import Money

FORMAT = filters.Filter(
    "format", fields.Choice(choices=["csv", "json"]), "", "`json`, or `csv`: the text that the digest is of."
)
PERIOD = filters.Filter(
    "period", fields.Text(max_length=40), "", "The closed period: its id, or `2026-11-20`, `2026-11`."
)


class PeriodRequest(Input):
    specimen = {"label": "2026-11-20"}

    label = fields.Text(max_length=10, help_text="A day like `2026-11-20` or a month like `2026-11`.")


class PeriodAnswer(Answer):
    id = fields.Text(source="public_id")
    kind = fields.Choice(choices=Period.Kind.values)
    label = fields.Text()
    starts_at = fields.Moment()
    ends_at = fields.Moment(help_text="The first moment after it.")
    state = fields.Choice(choices=Period.State.values)
    closed_at = fields.Moment(allow_null=True)
    closed_by = fields.Text(help_text="Who closed it; empty while it is open.")
    entries = serializers.IntegerField(allow_null=True)
    trial_digest = fields.Text(allow_null=True, help_text="SHA-256 of the trial balance at its end, as CSV.")
    digest = fields.Text(allow_null=True, help_text="SHA-256 over the trial balance and every statement.")


class PeriodSumAnswer(Answer):
    currency = fields.Currency()
    entries = serializers.IntegerField()
    moved = fields.Figure(help_text="Sum of the credits.")
    difference = fields.Figure(help_text="Credits less debits; zero in sound books.")


class PeriodOutlookAnswer(Answer):
    period = fields.Text()
    sums = PeriodSumAnswer(many=True, help_text="Per currency.")


class PeriodDetailAnswer(PeriodAnswer):
    corrections = serializers.ListField(
        child=fields.Text(), help_text="Transactions that belong here and landed later, because it was closed."
    )


class LegalEntityAnswer(Answer):
    name = fields.Text()
    zone = fields.Text(help_text="The time zone of its business days.")
    closed_before = fields.Moment(
        allow_null=True, help_text="Nothing can take effect before; null while nothing is closed."
    )
    next_day = serializers.DateField(
        allow_null=True, help_text="The day that can be closed next; null until it is over."
    )


class RowsAnswer(Answer):
    period = fields.Text()
    digest = fields.Text(allow_null=True, help_text="SHA-256 of the CSV, kept at closing; null when nothing happened.")
    rows = serializers.ListField(child=serializers.DictField(child=serializers.CharField()), help_text="As in the CSV.")


class Periods(Lists, Acts):
    """Business days and months of the legal entity, latest first; those that were named, open or closed.

    They go by effective time in the entity's zone; days of the general-ledger export are UTC, by recorded time."""

    permission = {"GET": "ledger.view_period", "POST": periods.PERMISSION}
    summary = {"GET": "List periods", "POST": "Name a day or a month, so that it can be closed"}
    body, answer, status = PeriodRequest, PeriodAnswer, 201
    filters = (
        filters.choice("kind", Period.Kind.values),
        filters.choice("state", Period.State.values),
        filters.text("label", longest=10),
    )

    def rows(self) -> QuerySet[Period]:
        return Period.objects.all()

    def act(self, given: dict[str, Any]) -> Period:
        return periods.name(label=given["label"])


class PeriodItem(Reads):
    """One period, by its id or its label, with what landed later."""

    permission = {"GET": "ledger.view_period"}
    summary = {"GET": "Read a period"}
    answer = PeriodDetailAnswer

    def find(self, reference: str) -> Mapping[str, Any]:
        period = periods.find(reference)
        landed = [transaction.public_id for transaction in periods.corrections(period)]
        return {**vars(period), "public_id": period.public_id, "corrections": landed}


class PeriodOutlook(Reads):
    """What took effect in a period, also before it is closed: every entry of it is read."""

    permission = {"GET": "ledger.view_period"}
    summary = {"GET": "Add up a period"}
    answer = PeriodOutlookAnswer

    def find(self, reference: str) -> Mapping[str, Any]:
        period = periods.find(reference)
        return {"period": period.label, "sums": [_sum(*row) for row in periods.outlook(period)]}


class LegalEntityItem(Reads):
    """Whose books these are, and how far they are closed."""

    permission = {"GET": "ledger.view_period"}
    summary = {"GET": "Read the legal entity"}
    answer = LegalEntityAnswer

    def find(self) -> Mapping[str, Any]:
        return {**vars(periods.entity()), "next_day": periods.next_day(now=self.now)}


class PeriodClose(Acts):
    """Freeze a period for ever: nothing can take effect in it any more, and its statements never change."""

    permission = {"POST": periods.PERMISSION}
    summary = {"POST": "Close a period"}
    answer = PeriodAnswer

    def act(self, given: dict[str, Any], reference: str) -> Period:
        return periods.close(period_id=periods.find(reference).pk, actor=self.actor, now=self.now)


class PeriodTrialBalance(Endpoint):
    """The trial balance at the end of a closed period, the same bytes for ever."""

    permission = {"GET": "ledger.view_period"}
    summary = {"GET": "Read the trial balance of a closed period"}
    answer = RowsAnswer
    filters = (FORMAT,)

    def get(self, request: Request, reference: str) -> HttpResponse:
        asked = self.asked().values
        period = periods.find(reference, using=reading.alias())
        return _shown(self, periods.trial_balance(period), period, period.trial_digest, asked.get("format"))


class AccountStatement(Endpoint):
    """The statement of an account over a closed period, the same bytes for ever."""

    permission = {"GET": "ledger.view_entry"}
    summary = {"GET": "Read the statement of an account over a closed period"}
    answer = RowsAnswer
    filters = (IN_CURRENCY, PERIOD, FORMAT)

    def get(self, request: Request, reference: str) -> HttpResponse:
        asked = self.asked().values
        if "period" not in asked:
            raise InvalidRequest("Name the closed period.", param="period")
        period = periods.find(asked["period"], using=reading.alias())
        found = periods.statement(account=named(self, reference), period=period)
        return _shown(self, found.body, found.period, found.digest, asked.get("format"))


def _sum(currency: str, entries: int, moved: Decimal, difference: Decimal) -> dict[str, Any]:
    figures = {"moved": Money.of(moved, currency), "difference": Money.of(difference, currency)}
    return {"currency": currency, "entries": entries, **figures}


def _shown(endpoint: Endpoint, body: bytes, period: Period, digest: str | None, form: str | None) -> HttpResponse:
    if form != "csv":
        return Response(endpoint.shown(rows_of(body, period, digest)))
    return as_csv(body, f"{period.label}.csv")


def rows_of(body: bytes, period: Period, digest: str | None) -> dict[str, Any]:
    """What `RowsAnswer` shows of a trial balance or statement: its lines with their columns' names."""
    return {"period": period.label, "digest": digest, "rows": list(csv.DictReader(io.StringIO(body.decode())))}


def as_csv(body: bytes, name: str) -> HttpResponse:
    """The very text that the digest is of, to keep, with its SHA-256 in the header."""
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Repr-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
