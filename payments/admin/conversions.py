"""Quotes and conversions on staff pages: what was offered, from which rates, and what it became. Reading only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from ledger.admin import display, finding, people, references
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.money import CURRENCIES, Money
from payments.admin.movements import BY_CLIENT, client_link, postings_of
from payments.models import Conversion, FxQuote

CODES = sorted(CURRENCIES)


def amounts(shown: FxQuote) -> Panel:
    """Every amount of a quote, in both currencies, as it is or would be posted."""
    sell, buy = shown.sell_currency, shown.buy_currency
    return facts(
        "Amounts",
        ("Client gives", display.amount(shown.sold)),
        ("Client gets", display.amount(shown.bought)),
        ("Position takes", display.raw_amount(shown.position_sell, sell)),
        ("Position gives", display.raw_amount(shown.position_buy, buy)),
        ("Our spread", display.amount(Money.of(shown.spread, buy)), f"{shown.spread_bps.normalize():f} basis points"),
        ("Rounding", display.raw_amount(shown.residue_sell, sell) if shown.residue_sell else ""),
        ("Rounding", display.raw_amount(shown.residue_buy, buy) if shown.residue_buy else ""),
        ("Client's rate", f"1 {sell} = {shown.rate.normalize():f} {buy}"),
        ("Without spread", f"1 {sell} = {shown.mid_rate.normalize():f} {buy}"),
    )


def price(request: HttpRequest, shown: FxQuote) -> Panel:
    """The published rates that the price was made from."""
    rows = tuple(
        (
            references.link(request, step.rate.public_id, step.rate.pair),
            f"{step.rate.value.normalize():f}",
            "turned round" if step.inverted else "as it is",
            step.rate.source,
            display.when(step.rate.published_at),
        )
        for step in shown.steps.select_related("rate")
    )
    heads = columns(("Rate", "main"), ("Value", "money"), "Taken", "Source", ("Published for", "time"))
    return Table(f"The price, {shown.path.replace('/', ' → ')}", heads, rows)


@admin.register(FxQuote)
class FxQuoteAdmin(ReadOnlyAdmin):
    prefix = "fxq"
    called = ("quote", "quotes")
    list_display = ("reference", "client_shown", "gives", "gets", "rate_shown", "state_shown", "made")
    list_select_related = detail_select_related = ("client", "conversion")
    list_filter = (
        choices("sell_currency", "Sells", CODES),
        choices("buy_currency", "Buys", CODES),
        since("created_at", "Made since"),
    )
    finders = (finding.public_id("fxq"), *BY_CLIENT)
    search_help_text = "Id or client"
    intro = "A quote moves nothing and reserves nothing. It is used once, before it expires."

    @admin.display(description="Reference")
    def reference(self, shown: FxQuote) -> Any:
        return display.short(shown.public_id)

    @admin.display(description="Client")
    def client_shown(self, shown: FxQuote) -> Any:
        return display.stacked(shown.client.name, shown.client.email)

    @admin.display(description="Gives")
    def gives(self, shown: FxQuote) -> Any:
        return display.amount(shown.sold)

    @admin.display(description="Gets")
    def gets(self, shown: FxQuote) -> Any:
        return display.amount(shown.bought)

    @admin.display(description="Rate")
    def rate_shown(self, shown: FxQuote) -> str:
        return f"{shown.rate.normalize():f}"

    @admin.display(description="State")
    def state_shown(self, shown: FxQuote) -> Any:
        state = shown.state(timezone.now())
        return display.state("done" if state == "used" else state, state)

    @admin.display(description="Made")
    def made(self, shown: FxQuote) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: FxQuote) -> str:
        return f"Quote {shown.sell_currency} → {shown.buy_currency}"

    def tags(self, shown: FxQuote) -> list[Any]:
        return [self.state_shown(shown)]

    def lead(self, request: HttpRequest, shown: FxQuote) -> Any:
        return display.amount(shown.sold)

    def panels(self, request: HttpRequest, shown: FxQuote) -> list[Panel]:
        return [amounts(shown), price(request, shown)]

    def asides(self, request: HttpRequest, shown: FxQuote) -> list[Panel]:
        used = references.link(request, shown.conversion.public_id) if shown.used else ""
        return [
            facts(
                "Quote",
                ("Client", client_link(request, shown.client)),
                ("Fixed", shown.get_fixed_display()),
                ("Made", display.when(shown.created_at, seconds=True)),
                ("Expires", display.when(shown.expires_at, seconds=True)),
                ("Became", used),
                ("Made by", people.name(shown.made_by)),
                ("Public id", display.code(shown.public_id)),
            )
        ]


@admin.register(Conversion)
class ConversionAdmin(ReadOnlyAdmin):
    prefix = "cv"
    list_display = ("reference", "client_shown", "gives", "gets", "rate_shown", "spread_shown", "made")
    list_select_related = detail_select_related = ("client", "quote", "transaction")
    list_filter = (
        choices("quote__sell_currency", "Sells", CODES),
        choices("quote__buy_currency", "Buys", CODES),
        since("converted_at", "Made since"),
    )
    finders = (
        finding.public_id("cv"),
        finding.public_id("fxq", "quote_id", "quote"),
        finding.public_id("txn", "transaction_id", "transaction"),
        *BY_CLIENT,
    )
    search_help_text = "Id, quote, transaction or client"

    @admin.display(description="Reference")
    def reference(self, shown: Conversion) -> Any:
        return display.short(shown.public_id)

    @admin.display(description="Client")
    def client_shown(self, shown: Conversion) -> Any:
        return display.stacked(shown.client.name, shown.client.email)

    @admin.display(description="Gives")
    def gives(self, shown: Conversion) -> Any:
        return display.amount(shown.sold)

    @admin.display(description="Gets")
    def gets(self, shown: Conversion) -> Any:
        return display.amount(shown.bought)

    @admin.display(description="Rate")
    def rate_shown(self, shown: Conversion) -> str:
        return f"{shown.quote.rate.normalize():f}"

    @admin.display(description="Our spread")
    def spread_shown(self, shown: Conversion) -> Any:
        return display.amount(shown.spread)

    @admin.display(description="Made")
    def made(self, shown: Conversion) -> Any:
        return display.when(shown.converted_at)

    def heading(self, shown: Conversion) -> str:
        return f"Conversion {shown.quote.sell_currency} → {shown.quote.buy_currency}"

    def tags(self, shown: Conversion) -> list[Any]:
        return [display.state("done", "converted")]

    def lead(self, request: HttpRequest, shown: Conversion) -> Any:
        return display.amount(shown.sold)

    def panels(self, request: HttpRequest, shown: Conversion) -> list[Panel]:
        found: list[Panel] = [amounts(shown.quote), price(request, shown.quote)]
        return [*found, *postings_of(request, Q(pk=shown.transaction_id) | Q(reverses_id=shown.transaction_id))]

    def asides(self, request: HttpRequest, shown: Conversion) -> list[Panel]:
        return [
            facts(
                "Conversion",
                ("Client", client_link(request, shown.client)),
                ("Quote", references.link(request, shown.quote.public_id, display.short(shown.quote.public_id))),
                ("Transaction", references.link(request, shown.transaction.public_id, "See the booking")),
                ("Made", display.when(shown.converted_at, seconds=True)),
                ("Made by", people.name(shown.made_by)),
                ("Public id", display.code(shown.public_id)),
            )
        ]
