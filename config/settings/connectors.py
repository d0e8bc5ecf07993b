"""Settings of the outside systems, read from the environment.

Each function returns one plain dict for `payments.connectors.registry`. With a `demo_port` (development,
tests) the values default to the simulators on this machine; without one (production) a missing value is
refused at start, and a connector whose address is not set stays out of service instead of speaking to nobody.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.env import Environment

# A simulator listens on the web port plus its offset, so that two checkouts with two PORTs never meet.
SIMULATOR_OFFSETS = {"stripe": 101, "mt5": 102, "sepa": 103, "ecb": 104}


def simulator_ports(env: Environment, web_port: int) -> dict[str, int]:
    return {
        name: env.number(f"{name.upper()}_SIMULATOR_PORT", web_port + offset, least=1, most=65535)
        for name, offset in SIMULATOR_OFFSETS.items()
    }


def confirm_above(env: Environment) -> dict[str, Decimal]:
    """The largest card payment per currency (major units) that is credited on a signed message alone, without asking
    the provider for its own record: `DEPOSIT_CONFIRM_ABOVE=USD=1000,JPY=150000`."""
    limits: dict[str, Decimal] = {}
    for word in env.words("DEPOSIT_CONFIRM_ABOVE"):
        currency, _, amount = word.partition("=")
        try:
            limits[currency] = Decimal(amount)
        except InvalidOperation:
            raise ImproperlyConfigured("DEPOSIT_CONFIRM_ABOVE must read like USD=1000,EUR=900.") from None
        if not (len(currency) >= 3 and limits[currency].is_finite() and limits[currency] >= 0):
            raise ImproperlyConfigured("DEPOSIT_CONFIRM_ABOVE must read like USD=1000,EUR=900.")
    return limits


def stripe(env: Environment, demo_port: int | None) -> dict[str, Any]:
    """Card payments. The previous webhook secret stays valid while the provider rolls over to a new one."""
    demo = demo_port is not None
    base = f"http://127.0.0.1:{demo_port}" if demo else "https://api.stripe.com"
    secrets = [
        env.text("STRIPE_WEBHOOK_SECRET", "whsec_demo" if demo else ""),
        env.text("STRIPE_WEBHOOK_SECRET_PREVIOUS", "whsec_demo_previous" if demo else ""),
    ]
    return {
        "api_base": env.text("STRIPE_API_BASE", base),
        "secret_key": env.text("STRIPE_SECRET_KEY", "sk_test_demo" if demo else ""),
        "webhook_secrets": [secret for secret in secrets if secret],
        "webhook_tolerance": env.number("STRIPE_WEBHOOK_TOLERANCE", 300, least=1, most=3600),
        # Where a client may be sent to pay; the page policy lets forms lead there and nowhere else.
        "checkout_origin": env.text("STRIPE_CHECKOUT_ORIGIN", base if demo else "https://checkout.stripe.com"),
    }


def mt5(env: Environment, demo_port: int | None) -> dict[str, Any]:
    """Trading servers by the platform name that account codes use."""
    if demo_port is None and not env.has("MT5_URL"):
        return {"servers": {}}
    demo = demo_port is not None
    return {
        "servers": {
            "mt5": {
                "url": env.text("MT5_URL", f"http://127.0.0.1:{demo_port}" if demo else None),
                "login": env.text("MT5_LOGIN", "1000" if demo else None),
                "password": env.text("MT5_PASSWORD", "Demo-manager-1" if demo else None),
                # The server's wall clock against UTC, in minutes; brokers' servers usually run two hours ahead.
                "utc_offset_minutes": env.number("MT5_UTC_OFFSET_MINUTES", 120 if demo else 0, least=-720, most=840),
            }
        }
    }


def bank(env: Environment, demo_port: int | None) -> dict[str, Any]:
    """Banks by rail. The demo account is the specimen IBAN of the German banking industry's documentation."""
    if demo_port is None and not env.has("SEPA_URL"):
        return {}
    demo = demo_port is not None
    return {
        "sepa": {
            "url": env.text("SEPA_URL", f"http://127.0.0.1:{demo_port}" if demo else None),
            "iban": env.text("SEPA_IBAN", "DE07999900000000000001" if demo else None),
            "own_iban": env.text("SEPA_OWN_IBAN", "DE77999900000000000002" if demo else None),
            "bic": env.text("SEPA_BIC", "SIMBDEFFXXX" if demo else None),
            "name": env.text("SEPA_NAME", "Wherewithal Demo Brokerage" if demo else None),
        }
    }


def rates(env: Environment, demo_port: int | None) -> dict[str, Any]:
    """Sources of exchange rates. The ECB's publication is public; another source is a file that the firm writes."""
    demo = demo_port is not None
    found: dict[str, Any] = {
        "ecb": {
            "url": env.text("ECB_URL", f"http://127.0.0.1:{demo_port}" if demo else "https://www.ecb.europa.eu"),
            # After how many missed publications a rate is too old to convert at.
            "max_age_business_days": env.number("ECB_MAX_AGE_BUSINESS_DAYS", 1, least=1, most=10),
        }
    }
    if env.has("RATE_FILE"):
        found["file"] = {
            "path": env.text("RATE_FILE"),
            "max_age_hours": env.number("RATE_FILE_MAX_AGE_HOURS", 24, least=1, most=720),
        }
    return found


def fx(env: Environment) -> dict[str, Any]:
    """How currencies are converted. Spreads are basis points, see `payments.fx.spreads`."""
    return {
        "quote_seconds": env.number("FX_QUOTE_SECONDS", 30, least=5, most=600),
        "spreads": env.text("FX_SPREADS", "50 EUR/USD=35 *@professional=25 EUR/USD@professional=15"),
        # A rate that differs by more than this from the one before waits for a person.
        "jump_percent": env.number("FX_JUMP_PERCENT", 10, least=1, most=100),
        "reporting_currency": env.text("FX_REPORTING_CURRENCY", "EUR"),
    }
