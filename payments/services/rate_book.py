"""Which rates may be used now, and the price between two currencies that follows from them.

A rate that is held, stale, or of a source that the firm no longer has prices nothing. Reads only.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from payments.connectors import registry
from payments.fx.freshness import Freshness
from payments.fx.rates import CrossRate, PublishedRate, book, cross
from payments.fx.refusals import RateStale, UnsupportedPair
from payments.models import Rate
from payments.models.rate import USABLE
from payments.services.rates import DESK

# How far back a rate is looked for at all; far beyond what is fresh anywhere.
LOOKS_BACK = timedelta(days=45)
DESK_FRESHNESS = Freshness(hours=24)


def price(*, sell: str, buy: str, now: datetime) -> CrossRate:
    """The price between two currencies from fresh rates alone.

    Raises SameCurrency, UnsupportedPair when no source has it, RateStale when one had it too long ago."""
    rates = latest(at=now)
    try:
        return cross(book(rate for rate in rates if now < stale_at(rate)), sell=sell, buy=buy)
    except UnsupportedPair:
        old = cross(book(rates), sell=sell, buy=buy)
        published = min(leg.rate.published_at for leg in old.legs)
        raise RateStale(
            f"The last rate between {sell} and {buy} is of {published.date().isoformat()}. "
            "Try again when a fresh one has arrived.",
            param="buy_currency",
            published_at=published.isoformat(),
        ) from None


def latest(*, at: datetime, source: str = "", using: str = "default") -> list[PublishedRate]:
    """The last usable rate of each pair and source that had been published by then, of the sources the firm has;
    `using` is the connection that is read from."""
    rows = Rate.objects.using(using).filter(
        USABLE,
        published_at__lte=at,
        published_at__gt=at - LOOKS_BACK,
        source__in=[source] if source else [*settings.RATES, DESK],
    )
    found = rows.order_by("base", "counter", "source", "-published_at", "-id").distinct("base", "counter", "source")
    return as_published(found)


def as_published(rows: Iterable[Rate]) -> list[PublishedRate]:
    return [
        PublishedRate(
            reference=row.public_id,
            base=row.base,
            counter=row.counter,
            value=row.value,
            source=row.source,
            published_at=row.published_at,
        )
        for row in rows
    ]


def stale_at(rate: PublishedRate) -> datetime:
    """The moment from which a rate may not be converted at."""
    freshness = DESK_FRESHNESS if rate.source == DESK else registry.rate_source(rate.source).freshness
    return freshness.stale_at(rate.published_at)


def currencies(*, now: datetime) -> list[str]:
    """Every currency that some fresh rate names, in order."""
    fresh = [rate for rate in latest(at=now) if now < stale_at(rate)]
    return sorted({code for rate in fresh for code in (rate.base, rate.counter)})
