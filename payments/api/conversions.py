"""`/conversions`: using a quote, once."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input
from ledger.errors import NotFound
from payments.api.rates import RateFigure
from payments.api.reading import acting_for
from payments.models import Conversion, FxQuote
from payments.services import conversions, fx_quotes


class ConversionRequest(Input):
    specimen = {"quote": fields.example("fxq")}

    quote = fields.PublicId("fxq")


class ConversionAnswer(Answer):
    restricted = {"made_by": "payments.view_conversion"}

    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id")
    quote = fields.PublicId("fxq", source="quote_id")
    transaction = fields.PublicId("txn", source="transaction_id")
    sell_amount = fields.Figure(source="sold")
    sell_currency = fields.Currency(source="quote.sell_currency")
    buy_amount = fields.Figure(source="bought")
    buy_currency = fields.Currency(source="quote.buy_currency")
    rate = RateFigure(source="quote.rate")
    spread = fields.Figure(help_text="The firm's, in the bought currency.")
    made_by = fields.Text()
    created_at = fields.Moment(source="converted_at")


class Conversions(Lists, Acts):
    """Conversions. Each is one quote that was used, and one ledger transaction."""

    permission = {"GET": "payments.view_conversion", "POST": fx_quotes.PERMISSION}
    owners = True
    summary = {"GET": "List conversions", "POST": "Convert by a quote"}
    keyed = True
    body, answer, status = ConversionRequest, ConversionAnswer, 201
    filters = (
        filters.reference("client", "cl"),
        filters.reference("quote", "fxq"),
        *filters.moment("created", "converted_at"),
    )

    def rows(self) -> QuerySet[Conversion]:
        return self.own(Conversion.objects.select_related("quote"))

    def act(self, given: dict[str, Any]) -> Conversion:
        quote = FxQuote.objects.select_related("client").filter(pk=given["quote"]).first()
        if quote is None:
            raise NotFound(param="quote")
        return conversions.convert(quote_id=quote.pk, actor=acting_for(self, quote.client), now=self.now)


class ConversionItem(Reads):
    """One conversion."""

    permission = {"GET": "payments.view_conversion"}
    owners = True
    summary = {"GET": "Read a conversion"}
    answer = ConversionAnswer

    def find(self, reference: str) -> Conversion:
        found: Conversion = one(
            self.own(Conversion.objects.select_related("quote")), pk=ids.decode_uuid("cv", reference)
        )
        return found
