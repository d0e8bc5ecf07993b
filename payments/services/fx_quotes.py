"""Quotes: a price for one client and one conversion, good for half a minute, with every amount that would be posted.

A quote moves nothing and reserves nothing: whether the client has the money is decided when it is used. It is written
once, with the rates it was made from.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from django.conf import settings

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, NotFound
from ledger.money import Money, positive
from payments.actors import Actor
from payments.fx.amounts import Amounts, buying, selling
from payments.fx.rates import CrossRate
from payments.fx.spreads import Spreads
from payments.models import Client, FxQuote, FxQuoteRate, Rate
from payments.services import rate_book, trading_accounts

PERMISSION = "payments.request_conversion"
# The kept price is for people and programs to read; amounts are computed from the rates themselves.
_KEPT = Context(prec=18, rounding=ROUND_HALF_EVEN)


def offer(
    *, client: Client, fixed: Money, side: str = FxQuote.Fixed.SELL, other_currency: str, actor: Actor, now: datetime
) -> FxQuote:
    """Quote the sale of exactly `fixed` (side "sell") for the other currency, or the purchase of exactly `fixed`
    ("buy") with it.

    Raises Forbidden, NotFound (another's client), InvalidAmount (also for less than a smallest unit), SameCurrency,
    UnsupportedPair, RateStale, AccountFrozen, AccountClosed."""
    actor.require(PERMISSION)
    actor.require_client(client.pk)
    if side not in FxQuote.Fixed.values:
        raise InvalidRequest("Give the amount to sell or the amount to buy.", param="side")
    positive(fixed)
    trading_accounts.require_active(client)
    pair = (fixed.currency, other_currency) if side == FxQuote.Fixed.SELL else (other_currency, fixed.currency)
    price = rate_book.price(sell=pair[0], buy=pair[1], now=now)
    spread = Spreads.parse(settings.FX["spreads"]).bps(sell=pair[0], buy=pair[1], client_class=client.client_class)
    compute = selling if side == FxQuote.Fixed.SELL else buying
    amounts = compute(fixed, other_currency, price=price.value, spread_bps=spread)

    def work() -> FxQuote:
        quote = _written(client, side, price, amounts, spread, actor, now)
        FxQuoteRate.objects.bulk_create(
            FxQuoteRate(quote=quote, step=step, rate_id=Rate.key(leg.rate.reference), inverted=leg.inverted)
            for step, leg in enumerate(price.legs, start=1)
        )
        events.record(
            type="fx_quote.offered",
            object_ref=quote.public_id,
            client_ref=client.public_id,
            actor=actor,
            after={"sell": str(quote.sold), "buy": str(quote.bought), "rate": f"{quote.rate:f}"},
            data={"expires_at": quote.expires_at.isoformat(), "rates": [leg.rate.reference for leg in price.legs]},
            occurred_at=now,
        )
        return quote

    return unit_of_work(work)


def _written(
    client: Client, side: str, price: CrossRate, amounts: Amounts, spread: Decimal, actor: Actor, now: datetime
) -> FxQuote:
    # A quote never outlives the rates that it was made from.
    ends = [now + timedelta(seconds=settings.FX["quote_seconds"]), *(rate_book.stale_at(x.rate) for x in price.legs)]
    quote = FxQuote(
        client=client,
        fixed=side,
        sell_currency=price.sell,
        sell_amount=amounts.sell.amount,
        position_sell=amounts.position_sell.amount,
        residue_sell=amounts.residue_sell.amount,
        buy_currency=price.buy,
        buy_amount=amounts.buy.amount,
        position_buy=amounts.position_buy.amount,
        spread=amounts.spread.amount,
        residue_buy=amounts.residue_buy.amount,
        rate=amounts.rate,
        mid_rate=_KEPT.divide(Decimal(price.value.numerator), Decimal(price.value.denominator)),
        spread_bps=spread,
        path="/".join(price.path),
        made_by=actor.id,
        maker=actor.person,
        created_at=now,
        expires_at=min(ends),
    )
    quote.save(force_insert=True)
    return quote


def amounts_of(quote: FxQuote) -> Amounts:
    """The amounts of a quote, as they were computed."""
    sell, buy = quote.sell_currency, quote.buy_currency
    return Amounts(
        rate=quote.rate,
        sell=quote.sold,
        position_sell=Money.of(quote.position_sell, sell),
        residue_sell=Money.of(quote.residue_sell, sell),
        position_buy=Money.of(quote.position_buy, buy),
        spread=Money.of(quote.spread, buy),
        residue_buy=Money.of(quote.residue_buy, buy),
        buy=quote.bought,
    )


def find(public_id: str, *, client: Client | None = None) -> FxQuote:
    """The quote with this public id; with `client`, only his. Raises NotFound."""
    rows = FxQuote.objects.select_related("client", "conversion").filter(pk=FxQuote.key(public_id))
    quote = (rows.filter(client=client) if client else rows).first()
    if quote is None:
        raise NotFound(param="quote")
    return quote
