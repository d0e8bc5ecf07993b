"""`/reports/fx-revaluation`: the firm's FX position and what it is worth, as JSON or CSV."""

import csv
import io
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import fields, filters
from ledger.api.endpoints import Reads
from ledger.api.shapes import Answer
from ledger.exports import reading
from payments.api.rates import RateFigure
from payments.services import fx_revaluation


class UsedRateAnswer(Answer):
    """One rate that a value was made from."""

    id = fields.Text(source="reference")
    source = fields.Text()
    base = fields.Currency()
    counter = fields.Currency()
    rate = RateFigure(source="value")
    published_at = fields.Moment()


class PositionAnswer(Answer):
    """One currency."""

    currency = fields.Currency()
    assets = fields.Figure()
    client_liabilities = fields.Figure()
    other_liabilities = fields.Figure()
    net = fields.Figure(help_text="Assets less all liabilities.")
    position = fields.Figure(help_text="What conversions have left in `house/fx`; above zero the firm is long.")
    rate = RateFigure(allow_null=True, help_text="Units of the reporting currency for one.")
    value = fields.Figure(allow_null=True, help_text="The position in the reporting currency.")
    stale = serializers.BooleanField(help_text="A rate was too old to convert at, at that moment.")
    rates = UsedRateAnswer(many=True)


class RevaluationAnswer(Answer):
    at = fields.Moment()
    rates_at = fields.Moment()
    currency = fields.Currency(help_text="The reporting currency.")
    unrealised = fields.Figure(source="profit", allow_null=True, help_text="Profit above zero; null without a rate.")
    complete = serializers.BooleanField(help_text="Every position has a rate.")
    positions = PositionAnswer(many=True, source="rows")


class FxRevaluationReport(Reads):
    """The FX position per currency at a moment, valued at the rates of a moment in the reporting currency."""

    permission = {"GET": fx_revaluation.PERMISSION}
    summary = {"GET": "Revalue the FX position"}
    answer = RevaluationAnswer
    filters = (
        filters.Filter("at", fields.Moment(), "", "What the books held then; now when not given."),
        filters.Filter("rates_at", fields.Moment(), "", "The rates published until then; `at` when not given."),
        filters.Filter("currency", fields.Currency(), "", "The reporting currency, when not the firm's own."),
        filters.Filter("format", fields.Choice(choices=["json", "csv"]), "", "How to answer."),
    )

    def get(self, request: Request, **names: str) -> Any:
        asked = self.asked().values
        found = fx_revaluation.report(
            at=asked.get("at", self.now),
            rates_at=asked.get("rates_at"),
            reporting_currency=asked.get("currency", ""),
            actor=self.actor,
            now=self.now,
            using=reading.alias(),
        )
        if asked.get("format") != "csv":
            return Response(self.shown(found))
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(fx_revaluation.table(found))
        response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="fx-revaluation.csv"'
        return response
