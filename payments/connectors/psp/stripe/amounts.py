"""Stripe's way of writing amounts: an integer in the currency's smallest unit, with Stripe's own idea of that
unit.

Pure functions over exact numbers; no float, no rounding. It must never guess: an amount that Stripe cannot
express exactly is refused before anything leaves.

Source: Stripe documentation, "Supported currencies", sections "Zero-decimal", "Three-decimal" and "Special
cases".
"""

from decimal import Decimal

from ledger.errors import InvalidAmount
from ledger.money import Money, currency

# ISK and UGX have no decimals but are written with two: they are left out of the zero-decimal list.
_ZERO_DECIMAL_LIST = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
ZERO_DECIMAL = frozenset(_ZERO_DECIMAL_LIST.split())
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def exponent(code: str) -> int:
    """How many decimals Stripe's integer carries for this currency.

    Raises InvalidAmount (param "currency") for an unknown currency and for crypto assets, which Stripe
    cards cannot carry."""
    if currency(code).kind != "fiat":
        raise InvalidAmount(f"Card payments cannot be made in {code}.", param="currency")
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def to_stripe(amount: Decimal, code: str) -> int:
    """The integer Stripe wants for `amount` major units of `code`.

    Raises InvalidAmount when the amount has more decimals than the currency or than Stripe: three-decimal
    currencies must end in a zero, because card networks round them to two."""
    money = Money.of(amount, code)
    shifted = money.amount.scaleb(exponent(code))
    whole = int(shifted)
    if shifted != whole or (code in THREE_DECIMAL and whole % 10):
        raise InvalidAmount(f"Cards cannot carry {money}: the last decimal must be zero.", param="amount")
    return whole


def from_stripe(units: int, code: str) -> Decimal:
    """Major units of `code` for Stripe's integer, with exactly the currency's decimals; signs are kept.

    Raises InvalidAmount for anything but an integer, and for digits the currency cannot have."""
    if not isinstance(units, int) or isinstance(units, bool):
        raise InvalidAmount("Stripe amounts are integers.", param="amount")
    return Money.of(Decimal(units).scaleb(-exponent(code)), code).amount
