"""What the simulated Stripe knows of currencies: decimals, smallest and largest charge, its own fees.

Written down a second time on purpose: this is the other side, and it must not share our tables. Whole numbers
only.

Sources: Stripe documentation, "Supported currencies" (decimals, minimum and maximum amounts). The fee of
2.9 % is this simulator's own price list.
"""

from payments.connectors.psp.stripe.simulated.errors import ApiError

DECIMALS = {
    "aed": 2, "aud": 2, "bhd": 3, "brl": 2, "cad": 2, "chf": 2, "czk": 2, "eur": 2, "gbp": 2, "huf": 2,
    "jod": 3, "jpy": 0, "krw": 0, "kwd": 3, "mxn": 2, "nok": 2, "nzd": 2, "pln": 2, "sek": 2, "sgd": 2,
    "usd": 2, "zar": 2,
}  # fmt: skip
_MINIMUM = {
    "aed": 200, "bhd": 200, "czk": 1500, "gbp": 30, "huf": 17500, "jod": 400, "jpy": 50, "krw": 100,
    "kwd": 200, "mxn": 1000, "nok": 300, "pln": 200, "sek": 300, "zar": 1000,
}  # fmt: skip
MAXIMUM = 99_999_999  # eight digits
FEE_PER_MILLE = 29


def check(amount: int, currency: str) -> None:
    """Refuse a charge Stripe would refuse. Raises ApiError with Stripe's code."""
    if currency not in DECIMALS:
        raise ApiError(f"Invalid currency: {currency[:10]}.", param="currency")
    if amount > MAXIMUM:
        raise ApiError("Amount must be no more than 999,999.99", code="amount_too_large", param="amount")
    if amount < _MINIMUM.get(currency, 50):
        raise ApiError("Amount must convert to at least 50 cents.", code="amount_too_small", param="amount")
    if DECIMALS[currency] == 3 and amount % 10:
        raise ApiError("Invalid amount: the last digit must be 0.", code="invalid_charge_amount", param="amount")


def fee(amount: int) -> int:
    """2.9 %, rounded half up to the smallest unit: 29.00 on 1000.00."""
    return (amount * FEE_PER_MILLE + 500) // 1000


def dispute_fee(currency: str) -> int:
    """15 major units; 1500 where a unit is worth about a cent."""
    return 1500 if DECIMALS[currency] == 0 else int(15 * 10 ** DECIMALS[currency])


def plain(amount: int, currency: str) -> str:
    """A decimal string for programs: "1000.00"."""
    places = DECIMALS[currency]
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def shown(amount: int, currency: str) -> str:
    """For people: "1,000.00 USD"."""
    whole, point, part = plain(amount, currency).partition(".")
    return f"{int(whole):,}{point}{part} {currency.upper()}"
