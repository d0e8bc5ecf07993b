"""`/rates`: the exchange rates that sources published, and deciding those that were held back."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads
from ledger.api.shapes import Answer, Input
from ledger.money import EXACT
from payments.models import Rate, RateDecision
from payments.services import rate_decisions, rates


class RateFigure(fields.Figure):
    """A rate without the zeros that its column adds."""

    def to_representation(self, value: Decimal) -> str:
        return f"{value.normalize(EXACT):f}"


class RateAnswer(Answer):
    id = fields.Text(source="public_id")
    source = fields.Text()
    base = fields.Currency()
    counter = fields.Currency()
    rate = RateFigure(source="value", help_text="Units of the counter currency for one of the base.")
    state = fields.Choice(choices=["usable", "held", "confirmed", "rejected"])
    held_for = fields.Text(help_text="Why it waits for a person: jump, correction, by_hand; empty when it does not.")
    published_at = fields.Moment()
    fetched_at = fields.Moment()
    message = fields.PublicId("pev", source="message_id", help_text="The raw message that it was read from.")
    compared_with = fields.PublicId("rate", source="compared_with_id", allow_null=True)


class RateBrought(Input):
    specimen = {
        "base": "USD",
        "counter": "KWD",
        "rate": "0.30715",
        "published_at": "2026-11-20T09:00:00Z",
        "note": "Central Bank of Kuwait",
    }

    base = fields.Currency()
    counter = fields.Currency()
    rate = fields.Text(max_length=40, help_text="Units of the counter currency for one of the base, like `1.0852`.")
    published_at = fields.Moment()
    note = fields.Text(max_length=rates.NOTE_MAX, help_text="Where it is from.")


class Rates(Lists, Acts):
    """Exchange rates, newest first. They are never changed; a held one prices nothing until it is confirmed.

    A rate that is brought here waits for another person."""

    permission = {"GET": "payments.view_rate", "POST": rates.BRING}
    summary = {"GET": "List exchange rates", "POST": "Bring an exchange rate"}
    body, answer, status = RateBrought, RateAnswer, 201
    filters = (
        filters.text("source", longest=20),
        filters.Filter("base", fields.Currency(), "base", "Only with this base."),
        filters.Filter("counter", fields.Currency(), "counter", "Only with this counter currency."),
        filters.choice("held_for", Rate.Held.values),
        *filters.moment("published", "published_at"),
    )

    def rows(self) -> QuerySet[Rate]:
        return Rate.objects.select_related("decision")

    def act(self, given: dict[str, Any]) -> Rate:
        return rates.bring(**given, actor=self.actor, now=self.now)


class RateItem(Reads):
    """One exchange rate."""

    permission = {"GET": "payments.view_rate"}
    summary = {"GET": "Read an exchange rate"}
    answer = RateAnswer

    def find(self, reference: str) -> Rate:
        return rate_decisions.find(ids.decode_uuid("rate", reference))


class Decision(Input):
    specimen = {"decision": "confirmed", "note": "Compared with the central bank's own page."}

    decision = fields.Choice(choices=RateDecision.Decision.values)
    note = fields.Text(max_length=2000, help_text="How it was checked.")


class RateDecide(Acts):
    """Confirm or reject a rate that was held back. Whoever brought it cannot."""

    permission = {"POST": rate_decisions.PERMISSION}
    summary = {"POST": "Decide a held exchange rate"}
    body, answer = Decision, RateAnswer

    def act(self, given: dict[str, Any], reference: str) -> Rate:
        return rate_decisions.decide(
            rate_id=ids.decode_uuid("rate", reference),
            decision=given["decision"],
            note=given["note"],
            actor=self.actor,
            now=self.now,
        )


class PriceStepAnswer(Answer):
    """One step of a quote's price."""

    id = fields.Text(source="rate.public_id")
    source = fields.Text(source="rate.source")
    base = fields.Currency(source="rate.base")
    counter = fields.Currency(source="rate.counter")
    rate = RateFigure(source="rate.value")
    published_at = fields.Moment(source="rate.published_at")
    inverted = serializers.BooleanField(help_text="The source quotes it the other way round.")
