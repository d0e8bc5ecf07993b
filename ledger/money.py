"""Amounts of money: an exact decimal and its currency, nothing else.

A `Money` never holds more decimals than its currency has, never comes from a float, and never meets another currency
in arithmetic. Nothing here rounds silently: `allocate` and `quantized` say what they do with the residue.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from ledger.errors import CurrencyMismatch, InvalidAmount

# numeric(38, 18) in the database: 20 digits before the point, 18 after. Decimal's own context keeps 28 digits, and even
# a change of sign rounds to them: whatever computes with amounts of money does it in this context.
EXACT = Context(prec=60)
_LARGEST = Decimal(10) ** 20
_PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?", re.ASCII)


@dataclass(frozen=True)
class Currency:
    """An ISO 4217 currency, or a crypto asset; `exponent` is the number of decimals that can exist."""

    code: str
    exponent: int
    name: str
    kind: str = "fiat"

    @property
    def unit(self) -> Decimal:
        """The smallest amount that can exist."""
        return Decimal(1).scaleb(-self.exponent)


# ISO 4217:2015 table A.1 for fiat; the networks' own smallest units for crypto assets.
CURRENCIES: dict[str, Currency] = {
    currency.code: currency
    for currency in (
        Currency("AED", 2, "UAE dirham"),
        Currency("AUD", 2, "Australian dollar"),
        Currency("BHD", 3, "Bahraini dinar"),
        Currency("BRL", 2, "Brazilian real"),
        Currency("CAD", 2, "Canadian dollar"),
        Currency("CHF", 2, "Swiss franc"),
        Currency("CZK", 2, "Czech koruna"),
        Currency("EUR", 2, "Euro"),
        Currency("GBP", 2, "Pound sterling"),
        Currency("HUF", 2, "Hungarian forint"),
        Currency("JOD", 3, "Jordanian dinar"),
        Currency("JPY", 0, "Japanese yen"),
        Currency("KRW", 0, "South Korean won"),
        Currency("KWD", 3, "Kuwaiti dinar"),
        Currency("MXN", 2, "Mexican peso"),
        Currency("NOK", 2, "Norwegian krone"),
        Currency("NZD", 2, "New Zealand dollar"),
        Currency("PLN", 2, "Polish zloty"),
        Currency("SEK", 2, "Swedish krona"),
        Currency("SGD", 2, "Singapore dollar"),
        Currency("USD", 2, "US dollar"),
        Currency("ZAR", 2, "South African rand"),
        Currency("BTC", 8, "Bitcoin", "crypto"),
        Currency("ETH", 18, "Ether", "crypto"),
        Currency("USDT", 6, "Tether", "crypto"),
    )
}


def currency(code: object) -> Currency:
    """Look a currency up by its exact code. Raises InvalidAmount (param "currency") for an unknown one."""
    found = CURRENCIES.get(code) if isinstance(code, str) else None
    if found is None:
        raise InvalidAmount(f"Unknown currency {str(code)[:12]!r}.", param="currency")
    return found


@dataclass(frozen=True, order=False)
class Money:
    """An exact amount in one currency. Build it with `Money.of` or `Money.from_minor`."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, amount: Decimal | int | str, code: str) -> "Money":
        """Exact amount from a decimal, an integer or plain ASCII text like "12.50".

        Nothing has no sign: "-0" is 0. Raises InvalidAmount for a float, NaN, an exponent form, too many decimals, or
        21 digits and more."""
        unit = currency(code)
        exact = _exact(amount)
        if -exact.normalize(EXACT).as_tuple().exponent > unit.exponent:  # type: ignore[operator]
            raise InvalidAmount(f"{code} has {unit.exponent} decimals.", param="amount")
        return cls(EXACT.plus(exact.quantize(unit.unit, context=EXACT)), code)

    @classmethod
    def from_minor(cls, minor: int, code: str) -> "Money":
        """From an integer count of the smallest unit (cents for EUR, yen for JPY, wei for ETH)."""
        if not isinstance(minor, int) or isinstance(minor, bool):
            raise InvalidAmount("Minor units are an integer.", param="amount")
        return cls.of(Decimal(minor).scaleb(-currency(code).exponent, context=EXACT), code)

    @classmethod
    def zero(cls, code: str) -> "Money":
        return cls.of(0, code)

    @classmethod
    def quantized(cls, amount: Decimal, code: str, *, rounding: str = ROUND_HALF_EVEN) -> "tuple[Money, Decimal]":
        """Round to the currency's decimals; return the money and the residue that was cut (amount − money)."""
        rounded = amount.quantize(currency(code).unit, rounding=rounding, context=EXACT)
        return cls.of(rounded, code), EXACT.subtract(amount, rounded)

    @property
    def minor(self) -> int:
        """Integer count of the smallest unit."""
        return int(self.amount.scaleb(currency(self.currency).exponent, context=EXACT))

    @property
    def text(self) -> str:
        """The amount alone, with exactly the currency's decimals and an ASCII minus: "-1234.50"."""
        return f"{self.amount:f}"

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"

    def __bool__(self) -> bool:
        return self.amount != 0

    def _other(self, other: "Money") -> Decimal:
        if not isinstance(other, Money):
            raise TypeError(f"Money meets {type(other).__name__}")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} meets {other.currency}.", param="currency")
        return other.amount

    def __add__(self, other: "Money") -> "Money":
        return Money.of(EXACT.add(self.amount, self._other(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money.of(EXACT.subtract(self.amount, self._other(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(self.amount.copy_negate() if self.amount else self.amount, self.currency)

    def __abs__(self) -> "Money":
        return Money(self.amount.copy_abs(), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._other(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._other(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._other(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._other(other)

    def allocate(self, weights: Sequence[int]) -> "list[Money]":
        """Split by integer weights without losing a unit: the residue goes to the first parts, one unit each."""
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise InvalidAmount("Weights must be positive.", param="weights")
        sign = -1 if self.minor < 0 else 1
        parts = [abs(self.minor) * weight // total for weight in weights]
        for index in range(abs(self.minor) - sum(parts)):
            parts[index] += 1
        return [Money.from_minor(sign * part, self.currency) for part in parts]


def positive(money: Money, *, param: str = "amount") -> Money:
    """Return the money unchanged when it is above zero; raises InvalidAmount otherwise."""
    if money.amount <= 0:
        raise InvalidAmount("The amount must be above zero.", param=param)
    return money


def _exact(amount: object) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int | str):
        raise InvalidAmount("Send the amount as a decimal string.", param="amount")
    if isinstance(amount, str):
        # fullmatch on ASCII only: "٣", "1e3", " 1", "0x1" and "NaN" are not amounts.
        if not _PLAIN.fullmatch(amount) or not unicodedata.is_normalized("NFC", amount):
            raise InvalidAmount("Send the amount as a decimal string like 12.50.", param="amount")
        amount = Decimal(amount)
    exact = Decimal(amount)
    if not exact.is_finite() or exact.copy_abs() >= _LARGEST:
        raise InvalidAmount("The amount is out of range.", param="amount")
    return exact
