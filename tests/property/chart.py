"""The accounts that both ledgers of the property tests have, and the few words that both speak."""

from datetime import UTC, datetime

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
]
NAMES = [f"{code} {currency}" for code, currency, *_ in CHART]
EUROS = [name for name in NAMES if name.endswith("EUR")]
DOLLARS = [name for name in NAMES if name.endswith("USD")]
BANK, ADA, BEN, TRADING = (
    "bank/sepa/client-money EUR",
    "client/ada/wallet EUR",
    "client/ben/wallet EUR",
    "client/ada/trading/mt5/1 EUR",
)
HELD, PAYOUT = "client/ada/held EUR", "psp/stripe/payout EUR"
STATUS = "mt5.rejected"
ENDS = {number: datetime(2990 + number, 1, 1, tzinfo=UTC) for number in (1, 2, 3)}


def reference_accounts(chart):
    """The accounts of the chart as the reference ledger has them."""
    return [
        Account(name=f"{code} {currency}", currency=currency, kind=kind, sign=sign, floor=floor)
        for code, currency, kind, sign, floor in chart
    ]
