"""`/rates`: the exchange rates that sources published, and deciding those that were held back."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads
from ledger.api.shapes import Answer, Input
from payments.models import Rate, RateDecision
from payments.services import rate_decisions


class RateAnswer(Answer):
    id = fields.Text(source="public_id")
    source = fields.Text()
    base = fields.Currency()
    counter = fields.Currency()
    rate = fields.Figure(source="value", help_text="Units of the counter currency for one of the base.")
    state = fields.Choice(choices=["usable", "held", "confirmed", "rejected"])
    held_for = fields.Text(help_text="Why it waits for a person: jump, correction, by_hand; empty when it does not.")
    published_at = fields.Moment()
    fetched_at = fields.Moment()
    message = fields.PublicId("pev", source="message_id", help_text="The raw message that it was read from.")
    compared_with = fields.PublicId("rate", source="compared_with_id", allow_null=True)


class Rates(Lists):
    """Exchange rates, newest first. They are never changed; a held one prices nothing until it is confirmed."""

    permission = {"GET": "payments.view_rate"}
    summary = {"GET": "List exchange rates"}
    answer = RateAnswer
    filters = (
        filters.text("source", longest=20),
        filters.Filter("base", fields.Currency(), "base", "Only with this base."),
        filters.Filter("counter", fields.Currency(), "counter", "Only with this counter currency."),
        filters.choice("held_for", Rate.Held.values),
        *filters.moment("published", "published_at"),
    )

    def rows(self) -> QuerySet[Rate]:
        return Rate.objects.select_related("decision")


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


class StepAnswer(Answer):
    """One step of a quote's price."""

    id = fields.Text(source="rate.public_id")
    source = fields.Text(source="rate.source")
    base = fields.Currency(source="rate.base")
    counter = fields.Currency(source="rate.counter")
    rate = fields.Figure(source="rate.value")
    published_at = fields.Moment(source="rate.published_at")
    inverted = serializers.BooleanField(help_text="The source quotes it the other way round.")
