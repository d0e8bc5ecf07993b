"""The accounts and the calendar that both ledgers of the property tests have, and the few words that both speak."""

from datetime import UTC, datetime, timedelta

from tests.property.reference_ledger import Account

# In the order in which they are opened: code, currency, kind, sign, floor.
CHART = [
    ("bank/sepa/client-money", "EUR", "bank_client_money", -1, None),
    ("client/ada/wallet", "EUR", "wallet", 1, 0),
    ("client/ben/wallet", "EUR", "wallet", 1, 0),
    ("client/ada/held", "EUR", "held", 1, 0),
    ("client/ada/trading/mt5/1", "EUR", "trading", 1, None),
    ("client/ada/debt", "EUR", "debt", -1, 0),
    ("psp/stripe/clearing", "EUR", "psp_clearing", -1, None),
    ("psp/stripe/payout", "EUR", "psp_payout", 1, None),
    ("psp/stripe/payout", "USD", "psp_payout", 1, None),
    ("client/ada/wallet", "USD", "wallet", 1, 0),
    ("house/fx", "EUR", "fx", 1, None),
    ("house/fx", "USD", "fx", 1, None),
    ("house/fx-spread", "EUR", "income", 1, None),
    ("house/fx-spread", "USD", "income", 1, None),
    ("house/rounding", "EUR", "rounding", 1, None),
    ("house/rounding", "USD", "rounding", 1, None),
]
NAMES = [f"{code} {currency}" for code, currency, *_ in CHART]
_ANYWHERE = [f"{code} {currency}" for code, currency, kind, *_ in CHART if kind not in {"income", "rounding"}]
EUROS = [name for name in _ANYWHERE if name.endswith("EUR")]
DOLLARS = [name for name in _ANYWHERE if name.endswith("USD")]
BANK, ADA, BEN, TRADING = (
    "bank/sepa/client-money EUR",
    "client/ada/wallet EUR",
    "client/ben/wallet EUR",
    "client/ada/trading/mt5/1 EUR",
)
DOLLAR, ADA_OWNS = "client/ada/wallet USD", "client/ada/wallet"
HELD, PAYOUT = "client/ada/held EUR", "psp/stripe/payout EUR"
STATUS = "mt5.rejected"
ENDS = {number: datetime(2990 + number, 1, 1, tzinfo=UTC) for number in (1, 2, 3)}
# Half days: two days of February 2024 (a leap year), then days of March.
BEGINNING = datetime(2024, 2, 28, tzinfo=UTC)


def moment(at):
    """The time for which a number of half days stands; None (now) is None."""
    return None if at is None else BEGINNING + at * timedelta(hours=12)


def day(number):
    """The label of a day."""
    return f"{BEGINNING + number * timedelta(days=1):%Y-%m-%d}"


def reference_accounts(chart):
    """The accounts of the chart as the reference ledger has them."""
    return [
        Account(name=f"{code} {currency}", currency=currency, kind=kind, sign=sign, floor=floor)
        for code, currency, kind, sign, floor in chart
    ]
