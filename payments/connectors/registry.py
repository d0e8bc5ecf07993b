"""Which connectors this installation has, built from settings. The only place that names them all.

To add one: a folder with the same file names as its neighbours, an entry here, its settings in
`config/settings/connectors.py`, its simulator in `simulate`, and the checklist in `docs/flows/connectors.md`.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings

from ledger.errors import InvalidRequest
from payments.connectors.bank.base import Bank
from payments.connectors.platforms.base import TradingPlatform
from payments.connectors.psp.base import PaymentServiceProvider
from payments.connectors.rates.base import RateSource


@cache
def psp(name: str) -> PaymentServiceProvider:
    """The payment service provider of that name. Raises InvalidRequest for an unknown one."""
    if name == "stripe":
        from payments.connectors.psp.stripe.adapter import StripeAdapter

        options = settings.STRIPE
        return StripeAdapter(
            api_base=options["api_base"],
            secret_key=options["secret_key"],
            webhook_secrets=options["webhook_secrets"],
            tolerance_seconds=options["webhook_tolerance"],
        )
    raise InvalidRequest(f"There is no payment provider {name[:20]!r}.", param="connector")


@cache
def platform(name: str) -> TradingPlatform:
    """The trading platform of that name, one per process: threads share its session, processes take turns.

    Settings of a server: url, login, password; optional `utc_offset_minutes` (its wall clock), `timeout` (seconds of
    silence), `group` (see `trading_group`). Raises InvalidRequest for an unknown platform."""
    options = _platform_options(name)
    from payments.connectors.platforms.mt5.adapter import Mt5Adapter
    from payments.connectors.platforms.session_owner import session_owner

    return Mt5Adapter(
        name=name,
        url=options["url"],
        login=options["login"],
        password=options["password"],
        utc_offset=timedelta(minutes=options.get("utc_offset_minutes", 0)),
        timeout=options.get("timeout", 10.0),
        owner_lock=session_owner(f"platform:{name}"),
    )


def trading_group(*, platform_name: str, currency: str) -> str:
    """The platform's group for new accounts in a currency. Raises InvalidRequest for an unknown platform."""
    pattern: str = _platform_options(platform_name).get("group", r"real\{currency}")
    return pattern.format(currency=currency)


def _platform_options(name: str) -> dict[str, Any]:
    options: dict[str, Any] | None = settings.MT5["servers"].get(name)
    if options is None:
        raise InvalidRequest(f"There is no trading platform {name[:20]!r}.", param="platform")
    return options


@cache
def bank(name: str) -> Bank:
    """The bank of that name. Raises InvalidRequest for an unknown one."""
    options = settings.BANK.get(name)
    if options is None:
        raise InvalidRequest(f"There is no bank {name[:20]!r}.", param="bank")
    from payments.connectors.bank.sepa.adapter import SepaBank

    return SepaBank(**options)


@cache
def rate_source(name: str) -> RateSource:
    """The source of exchange rates of that name. Raises InvalidRequest for an unknown one."""
    options = settings.RATES.get(name)
    if options is None:
        raise InvalidRequest(f"There is no source of rates {name[:20]!r}.", param="source")
    if name == "ecb":
        from payments.connectors.rates.ecb.adapter import EcbRates

        return EcbRates(**options)
    from payments.connectors.rates.file.adapter import FileRates

    return FileRates(name=name, **options)


def forget() -> None:
    """Build the connectors anew at the next use: for tests that move a simulator."""
    for cached in (psp, platform, bank, rate_source):
        cached.cache_clear()
