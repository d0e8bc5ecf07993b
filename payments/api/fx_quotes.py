"""`/fx-quotes`: a price for one conversion, with every amount that it would post, good for a short time."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input
from ledger.money import Money
from payments import postings
from payments.api.rates import PriceStepAnswer, RateFigure
from payments.api.reading import acting_for, client_named
from payments.models import FxQuote
from payments.services import fx_quotes


class FxQuoteRequest(Input):
    specimen = {
        "client": fields.example("cl"),
        "sell_currency": "USD",
        "buy_currency": "EUR",
        "fixed": "sell",
        "amount": "1000.00",
    }

    client = fields.PublicId("cl")
    sell_currency = fields.Currency()
    buy_currency = fields.Currency()
    fixed = fields.Choice(choices=FxQuote.Fixed.values, help_text="Which side the amount is given for.")
    amount = fields.Amount(help_text="In the sold currency for `sell`, in the bought one for `buy`.")


class PostingAnswer(Answer):
    """One entry that the conversion would write."""

    account = fields.Text()
    direction = fields.Choice(choices=["debit", "credit"], source="side")
    amount = fields.Amount(source="money", read_only=True)
    currency = fields.Currency(source="money.currency")


class FxQuoteAnswer(Answer):
    restricted = {"postings": "ledger.view_entry", "made_by": "payments.view_fxquote"}

    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id")
    state = fields.Choice(choices=["open", "used", "expired"], source="shown_state")
    fixed = fields.Choice(choices=FxQuote.Fixed.values)
    sell_amount = fields.Column(currency="sell_currency", help_text="What leaves the client's wallet.")
    sell_currency = fields.Currency()
    buy_amount = fields.Column(currency="buy_currency", help_text="What arrives in it.")
    buy_currency = fields.Currency()
    rate = RateFigure(help_text="The client's: bought units for one sold.")
    mid_rate = RateFigure(help_text="Without the spread.")
    spread_bps = RateFigure()
    spread = fields.Column(currency="buy_currency", help_text="The firm's, in the bought currency.")
    residue_sell = fields.Column(currency="sell_currency")
    residue_buy = fields.Column(currency="buy_currency", help_text="What rounding leaves over.")
    path = fields.Text(help_text="The currencies that the price goes through.")
    rates = PriceStepAnswer(many=True, source="shown_steps")
    postings = PostingAnswer(many=True, source="shown_postings")
    conversion = fields.PublicId("cv", source="conversion_id", allow_null=True)
    made_by = fields.Text()
    created_at = fields.Moment()
    expires_at = fields.Moment()


class _Presented:
    """Rows together with what the answer shows beside their columns."""

    def present(self, rows: Any) -> list[FxQuote]:
        return [shown(row, self.now) for row in rows]  # type: ignore[attr-defined]


def shown(quote: FxQuote, now: Any) -> FxQuote:
    quote.shown_state = quote.state(now)  # type: ignore[attr-defined]
    quote.shown_steps = list(quote.steps.all())  # type: ignore[attr-defined]
    quote.conversion_id = quote.conversion.pk if quote.used else None  # type: ignore[attr-defined]
    wallet = quote.client.account_code("wallet")
    recipe = postings.converted(wallet=wallet, amounts=fx_quotes.amounts_of(quote))
    quote.shown_postings = recipe.lines  # type: ignore[attr-defined]
    return quote


def _rows() -> QuerySet[FxQuote]:
    return FxQuote.objects.select_related("client", "conversion").prefetch_related("steps__rate")


class FxQuotes(_Presented, Lists, Acts):
    """Quotes. Each can be used once, by POST /conversions, until it expires. A quote reserves nothing."""

    permission = {"GET": "payments.view_fxquote", "POST": fx_quotes.PERMISSION}
    owners = True
    summary = {"GET": "List quotes", "POST": "Ask for a quote"}
    body, answer, status = FxQuoteRequest, FxQuoteAnswer, 201
    filters = (
        filters.reference("client", "cl"),
        filters.Filter("sell_currency", fields.Currency(), "sell_currency", "Only selling this currency."),
        filters.Filter("buy_currency", fields.Currency(), "buy_currency", "Only buying this currency."),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[FxQuote]:
        return self.own(_rows())

    def act(self, given: dict[str, Any]) -> FxQuote:
        client = client_named(given["client"])
        pair = (given["sell_currency"], given["buy_currency"])
        fixed, other = pair if given["fixed"] == FxQuote.Fixed.SELL else pair[::-1]
        return fx_quotes.offer(
            client=client,
            fixed=Money.of(given["amount"], fixed),
            side=given["fixed"],
            other_currency=other,
            actor=acting_for(self, client),
            now=self.now,
        )

    def presented(self, result: FxQuote) -> FxQuote:
        return shown(result, self.now)


class FxQuoteItem(_Presented, Reads):
    """One quote."""

    permission = {"GET": "payments.view_fxquote"}
    owners = True
    summary = {"GET": "Read a quote"}
    answer = FxQuoteAnswer

    def find(self, reference: str) -> FxQuote:
        return shown(one(self.own(_rows()), pk=ids.decode_uuid("fxq", reference)), self.now)
