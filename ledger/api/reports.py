"""`/reports`: the trial balance, roll-ups of any part of the book, and the day for the general ledger."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import gl_exports, rollups
from ledger.api import fields, filters
from ledger.api.endpoints import Endpoint
from ledger.api.shapes import Answer
from ledger.chart import CATEGORIES, KINDS
from ledger.errors import InvalidRequest
from ledger.exports import csv_cells, gl_csv, reading
from ledger.money import Money
from ledger.rollups import RollUp
from ledger.scopes import scope

CSV = "text/csv; charset=utf-8"
AT = (
    filters.Filter("at", fields.Moment(), "", "What had taken effect by then, that time included; now if left out."),
    filters.Filter("recorded_at", fields.Moment(), "", "As it was known by then; now if left out."),
)
SCOPE = (
    filters.Filter("category", fields.Choice(choices=sorted(CATEGORIES)), "", "Only accounts of this category."),
    filters.Filter("kind", fields.Choice(choices=sorted(KINDS)), "", "Only accounts of this kind."),
    filters.Filter("prefix", fields.Text(max_length=120), "", "Only this branch of the codes, like `psp/stripe`."),
    filters.Filter("currency", fields.Currency(), "", "Only this currency."),
)
FORMAT = filters.Filter("format", fields.Choice(choices=["json", "csv"]), "", "`json` or `csv`.")


class RollUpAnswer(Answer):
    name = fields.Text()
    currency = fields.Currency()
    accounts = serializers.IntegerField(help_text="How many accounts are in the sum.")
    debit = fields.Figure()
    credit = fields.Figure()
    balance = fields.Figure(help_text="The sum in the group's normal direction.")
    pending_in = fields.Figure()
    pending_out = fields.Figure()


class SumsAnswer(Answer):
    at = fields.Moment(help_text="The moment that the figures are of.")
    by = fields.Choice(choices=list(rollups.LEVELS))
    rows = RollUpAnswer(many=True)
    totals = RollUpAnswer(many=True, help_text="Per currency; debits equal credits in a whole book.")


class RollUps(Endpoint):
    """Sums per category, kind, branch of the codes or account, per currency, now or as of a time."""

    permission = {"GET": "ledger.view_report"}
    summary = {"GET": "Roll accounts up"}
    answer = SumsAnswer
    filters = (
        filters.Filter("by", fields.Choice(choices=list(rollups.LEVELS)), "", "What a row is; a category if left out."),
        FORMAT,
        *AT,
        *SCOPE,
    )
    usual = "category"
    file = "roll-up"

    def get(self, request: Request) -> Response | HttpResponse:
        asked = self.asked().values
        by = asked.get("by", self.usual)
        within = scope(**{name: asked.get(name, "") for name in ("category", "kind", "prefix", "currency")})
        times = {"effective_at": asked.get("at"), "recorded_at": asked.get("recorded_at")}
        rows = rollups.roll_up(by=by, within=within, **times, using=reading.alias())
        sums = rollups.totals(rows)
        if asked.get("format") == "csv":
            return attachment(_csv(rows, sums), f"{self.file}.csv")
        shown = {"at": asked.get("at") or self.now, "by": by, "rows": map(_shown, rows), "totals": map(_shown, sums)}
        return Response(self.shown({**shown, "rows": list(shown["rows"]), "totals": list(shown["totals"])}))


class TrialBalance(RollUps):
    """The trial balance per currency at any moment: every account, or groups of them; debits equal credits."""

    summary = {"GET": "Read the trial balance"}
    usual = "account"
    file = "trial-balance"


class GlAnswer(Answer):
    name = fields.Text()
    sha256 = fields.Text()
    rows = serializers.IntegerField(help_text="Lines after the header.")
    again = fields.Flag(help_text="It had been exported before, with the same bytes.")
    content = fields.Text(help_text="The CSV.")


class GeneralLedger(Endpoint):
    """One day for the general ledger, per its account or entry by entry. The same day gives the same bytes.

    A day is a UTC day, by the time of recording; a period's day goes by effective time, in the entity's zone. Only days
    that are over; every account that moved must have a place in the mapping. Each reading is an event."""

    permission = {"GET": "ledger.view_glexport"}
    summary = {"GET": "Export a day to the general ledger"}
    answer = GlAnswer
    filters = (
        filters.Filter("date", serializers.DateField(), "", "The day, in UTC, by the time of recording."),
        filters.Filter("form", fields.Choice(choices=sorted(gl_csv.FORMS)), "", "`summary` or `detailed`."),
        FORMAT,
    )

    def get(self, request: Request) -> Response | HttpResponse:
        asked = self.asked().values
        if "date" not in asked:
            raise InvalidRequest("Say which day.", param="date")
        made = gl_exports.export(day=asked["date"], form=asked.get("form", "summary"), actor=self.actor, now=self.now)
        if asked.get("format") == "csv":
            return attachment(made.content, made.name)
        return Response(self.shown({**vars(made), "content": made.content.decode()}))


def attachment(content: bytes, name: str) -> HttpResponse:
    """A CSV file to keep."""
    return HttpResponse(content, content_type=CSV, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _shown(row: RollUp) -> dict[str, Any]:
    amounts = ("debit", "credit", "balance", "pending_in", "pending_out")
    figures = {name: Money.of(getattr(row, name), row.currency) for name in amounts}
    return {"name": row.name, "currency": row.currency, "accounts": row.accounts, **figures}


def _csv(rows: Sequence[RollUp], sums: Sequence[RollUp]) -> bytes:
    return rollup_csv(rows, sums).encode()


def rollup_csv(rows: Sequence[RollUp], sums: Sequence[RollUp]) -> str:
    """Rows and totals as CSV; the last line counts the rows."""
    head = ("record", "name", "currency", "accounts", "debit", "credit", "balance", "pending_in", "pending_out")
    lines = [csv_cells.line(head)]
    for record, found in (("line", rows), ("total", sums)):
        for row in map(_shown, found):
            figures = [row[name].amount for name in head[4:]]
            lines.append(csv_cells.line([record, row["name"], row["currency"], row["accounts"], *figures]))
    lines.append(csv_cells.line(["end", "", "", len(rows), None, None, None, None, None]))
    return "".join(lines)
