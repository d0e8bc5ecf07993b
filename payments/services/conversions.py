"""Converting currencies: one quote, used once, becomes one balanced ledger transaction in two currencies.

The client's row is the lock: of many tries with one quote the first converts, the others are told that it was used. A
refusal leaves the quote as it was: without enough money it may be tried again until it expires.
"""

from datetime import datetime
from uuid import UUID

from ledger import events, ids
from ledger.database import unit_of_work
from ledger.errors import NotFound
from ledger.posting import Posted, Source
from payments import postings
from payments.actors import Actor
from payments.fx.refusals import QuoteExpired, QuoteUsed
from payments.models import Client, Conversion, FxQuote
from payments.services import fx_quotes, locking, trading_accounts
from payments.services.posting import post_recipe


def convert(*, quote_id: UUID, actor: Actor, now: datetime) -> Conversion:
    """Use a quote: exactly its amounts move, in this commit.

    Raises Forbidden, NotFound (no such quote, or another's), QuoteUsed (`conversion` names what it became),
    QuoteExpired, InsufficientAvailable, AccountFrozen, AccountClosed."""
    actor.require(fx_quotes.PERMISSION)
    client_id = FxQuote.objects.filter(pk=quote_id).values_list("client_id", flat=True).first()
    if client_id is None:
        raise NotFound(param="quote")
    actor.require_client(client_id)

    def work() -> Conversion:
        client = locking.locked(Client, client_id)
        quote = FxQuote.objects.select_related("conversion").get(pk=quote_id)
        if quote.used:
            raise QuoteUsed(param="quote", conversion=quote.conversion.public_id)
        if now >= quote.expires_at:
            raise QuoteExpired(param="quote", expired_at=quote.expires_at.isoformat())
        trading_accounts.require_active(client)
        key = ids.new_id()
        posted = _post(quote, client, ids.encode(Conversion.PREFIX, key))
        conversion = Conversion(
            id=key,
            quote=quote,
            client=client,
            transaction_id=posted.id,
            made_by=actor.id,
            maker=actor.person,
            converted_at=now,
        )
        conversion.save(force_insert=True)
        _record(conversion, posted, actor, now)
        return conversion

    return unit_of_work(work)


def _post(quote: FxQuote, client: Client, reference: str) -> Posted:
    steps = quote.steps.select_related("rate")
    return post_recipe(
        postings.converted(wallet=client.account_code("wallet"), amounts=fx_quotes.amounts_of(quote)),
        source=Source("payments", "conversion", reference),
        description=f"Conversion {reference}",
        metadata={
            "quote": quote.public_id,
            "rate": f"{quote.rate.normalize():f}",
            "mid_rate": f"{quote.mid_rate.normalize():f}",
            "spread_bps": f"{quote.spread_bps.normalize():f}",
            "path": quote.path,
            "rates": [step.rate.public_id for step in steps],
        },
    )


def _record(conversion: Conversion, posted: Posted, actor: Actor, now: datetime) -> None:
    quote = conversion.quote
    events.record(
        type="conversion.made",
        object_ref=conversion.public_id,
        client_ref=conversion.client.public_id,
        actor=actor,
        after={
            "state": conversion.state,
            "sell": str(quote.sold),
            "buy": str(quote.bought),
            "rate": f"{quote.rate.normalize():f}",
            "spread": str(conversion.spread),
        },
        data={"quote": quote.public_id, "transaction": posted.public_id},
        occurred_at=now,
    )


def find(public_id: str) -> Conversion:
    """The conversion with this public id. Raises NotFound."""
    conversion = Conversion.objects.select_related("client", "quote").filter(pk=Conversion.key(public_id)).first()
    if conversion is None:
        raise NotFound
    return conversion
