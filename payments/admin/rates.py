"""Exchange rates on staff pages: every rate as it was published, deciding one that was held, bringing one by hand."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.money import CURRENCIES
from payments.models import Rate, RateDecision
from payments.services import rate_decisions, rates
from payments.web import actor_of

CODES = sorted(CURRENCIES)
AROUND, LISTED = timedelta(days=7), 12
WORDS = {"usable": "in use", "held": "waits for a person"}
OUTCOMES = (
    (RateDecision.Decision.CONFIRMED, "It is right: use it"),
    (RateDecision.Decision.REJECTED, "It is wrong: never use it"),
)


class Decide(forms.Form):
    decision = forms.ChoiceField(label="What is true", choices=OUTCOMES, widget=forms.RadioSelect)
    note = acts.text("How it was checked", help_text="Which other source says what.")


class Bring(forms.Form):
    base = forms.ChoiceField(label="One unit of", choices=[(code, code) for code in CODES])
    counter = forms.ChoiceField(label="Costs in", choices=[(code, code) for code in CODES])
    rate = acts.line("Rate", inputmode="decimal", help_text="Units of the second for one of the first, like 1.0852.")
    note = acts.text("Where it is from", help_text="Kept with the rate.", longest=500)


def _decide(call: Call) -> str:
    rate = rate_decisions.decide(
        rate_id=call.shown.pk,
        decision=call.data["decision"],
        note=call.data["note"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"The rate is {rate.state}."


def _bring(call: Call) -> tuple[str, str]:
    at: datetime = call.now.replace(microsecond=0)
    rate = rates.bring(
        base=call.data["base"],
        counter=call.data["counter"],
        rate=call.data["rate"].strip(),
        published_at=at,
        note=call.data["note"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return "The rate waits for another person.", references.url(rate.public_id)


def _sentence(shown: Rate, data: dict[str, Any]) -> str:
    verb = "Use" if data["decision"] == RateDecision.Decision.CONFIRMED else "Never use"
    return f"{verb} {shown.pair} at {figure(shown)}"


def figure(shown: Rate) -> str:
    return f"{shown.value.normalize():f}"


@admin.register(Rate)
class RateAdmin(ReadOnlyAdmin):
    prefix = "rate"
    called = ("exchange rate", "exchange rates")
    list_display = ("pair_shown", "value_shown", "source", "state_shown", "published", "fetched")
    list_select_related = ("decision",)
    detail_select_related = ("decision", "message", "compared_with")
    list_filter = (
        choices("source", "Source", ("ecb", "file", rates.DESK)),
        choices("held_for", "Held because", Rate.Held.values, dict(Rate.Held.choices)),
        choices("counter", "Currency", CODES),
    )
    finders = (finding.public_id("rate"), finding.exactly("counter", "currency", upper=True))
    search_help_text = "Id, or the currency"
    intro = "Never changed. A rate that jumped, contradicts an earlier one or was brought by hand waits for a person."
    acts = (
        Act(
            name="decide",
            label="Confirm or reject",
            permission=rate_decisions.PERMISSION,
            form=Decide,
            perform=_decide,
            sentence=_sentence,
            offered=lambda shown: shown.state == "held",
            note="Decided once. Whoever brought the rate cannot decide it.",
        ),
    )
    makes = (
        Act(
            name="bring",
            label="Bring a rate",
            permission=rates.BRING,
            form=Bring,
            perform=_bring,
            sentence=lambda shown, data: f"Bring {data['base']}/{data['counter']} at {data['rate']}",
            note="It prices nothing until another person has confirmed it, and is good for 24 hours.",
        ),
    )

    @admin.display(description="Pair")
    def pair_shown(self, shown: Rate) -> Any:
        return display.stacked(shown.pair, display.short(shown.public_id))

    @admin.display(description="Rate")
    def value_shown(self, shown: Rate) -> str:
        return figure(shown)

    @admin.display(description="State")
    def state_shown(self, shown: Rate) -> Any:
        tone = {"usable": "active", "held": "waiting"}.get(shown.state, shown.state)
        return display.state(tone, WORDS.get(shown.state, shown.state))

    @admin.display(description="Published for")
    def published(self, shown: Rate) -> Any:
        return display.when(shown.published_at)

    @admin.display(description="Fetched")
    def fetched(self, shown: Rate) -> Any:
        return display.when(shown.fetched_at)

    def heading(self, shown: Rate) -> str:
        return f"{shown.pair} of {shown.published_at:%d %b %Y}"

    def tags(self, shown: Rate) -> list[Any]:
        return [self.state_shown(shown)]

    def lead(self, request: HttpRequest, shown: Rate) -> Any:
        return f"1 {shown.base} = {figure(shown)} {shown.counter}"

    def panels(self, request: HttpRequest, shown: Rate) -> list[Panel]:
        before, decision = shown.compared_with, getattr(shown, "decision", None)
        compared = facts(
            "Compared with the last good one",
            ("Then", f"1 {shown.base} = {figure(before)} {shown.counter}" if before else ""),
            ("Published for", display.when(before.published_at) if before else ""),
            ("Difference", f"{(shown.value / before.value - 1) * 100:+.2f} %" if before else ""),
            ("Held because", shown.get_held_for_display() if shown.held_for else "It is not held"),
        )
        if decision is None:
            return [compared, self.lately(request, shown)]
        return [
            compared,
            self.lately(request, shown),
            facts(
                "Decision",
                ("Decision", decision.decision),
                ("By", people.name(decision.person)),
                ("When", display.when(decision.decided_at)),
                ("How it was checked", decision.note),
            ),
        ]

    def lately(self, request: HttpRequest, shown: Rate) -> Panel:
        """The pair from this source, around the time of this rate."""
        found = Rate.objects.filter(source=shown.source, base=shown.base, counter=shown.counter)
        rows = found.filter(published_at__lte=shown.published_at + AROUND).select_related("decision")
        lines = tuple(
            (
                references.link(request, row.public_id, f"{row.published_at:%d %b %Y}"),
                figure(row),
                self.state_shown(row),
                "this one" if row.pk == shown.pk else "",
            )
            for row in rows.order_by("-published_at", "-id")[:LISTED]
        )
        return Table(
            "The pair lately", columns(("Published for", "main"), ("Rate", "money"), "State", "Shown here"), lines
        )

    def asides(self, request: HttpRequest, shown: Rate) -> list[Panel]:
        return [
            facts(
                "Where it is from",
                ("Source", shown.source),
                (
                    "Raw message",
                    references.link(request, shown.message.public_id, display.short(shown.message.public_id)),
                ),
                ("Published for", display.when(shown.published_at)),
                ("Fetched", display.when(shown.fetched_at, seconds=True)),
                ("Brought by", people.name(shown.maker) if shown.maker else ""),
                ("Note", shown.message.headers.get("note", "")),
                ("Public id", display.code(shown.public_id)),
            )
        ]
