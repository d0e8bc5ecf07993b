"""Reading an amount as people type it: both decimal separators, thousands marks, spaces; and refusing to guess.

What was understood is shown on the check page before anything happens. Nothing here rounds.
"""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidAmount
from ledger.money import Money
from ledger.money import currency as currency_of

_MARKS = re.compile(r"[\s'’\u00a0\u202f_]")
_SHAPE = re.compile(r"[0-9]+(?:[.,][0-9]+)*", re.ASCII)
_LONGEST = 40
_LARGEST_DIGITS = 20  # before the point, as the ledger's columns hold them


def parse(text: str, code: str) -> Money:
    """The amount in `text` in the currency `code`, above zero.

    "1234.5", "1,234.50", "1.234,50" and "1 234,50" are one amount in EUR. Raises ValidationError, in words for the
    field, for anything that could mean two amounts, for more decimals than the currency has, and for zero."""
    kind = currency_of(code)
    digits = _MARKS.sub("", _western(text.strip())).removesuffix(code).removesuffix(code.lower())
    if len(digits) > _LONGEST or not _SHAPE.fullmatch(digits):
        raise ValidationError(_("Write an amount like 1,250.00."), code="invalid")
    whole, decimals = _split(digits, kind.exponent)
    if len(whole.lstrip("0")) > _LARGEST_DIGITS:
        raise ValidationError(_("This amount is too large."), code="large")
    try:
        money = Money.of(f"{int(whole)}.{decimals}" if decimals else str(int(whole)), code)
    except InvalidAmount:
        message = _("%(code)s has %(count)s decimals.") % {"code": code, "count": kind.exponent}
        raise ValidationError(message, code="invalid") from None
    if money.amount <= 0:
        raise ValidationError(_("The amount must be above zero."), code="zero")
    return money


def _split(digits: str, exponent: int) -> tuple[str, str]:
    """Whole part and decimals. The last mark is the decimal one when two kinds are used, or when it cannot be a
    thousands mark."""
    marks = [char for char in digits if char in ".,"]
    if not marks:
        return digits, ""
    groups = re.split(r"[.,]", digits)
    last = groups[-1]
    if len(set(marks)) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            raise ValidationError(_("Write an amount like 1,250.00."), code="invalid")
        _require_thousands(groups[:-1])
        return "".join(groups[:-1]), last
    if len(marks) > 1:
        _require_thousands(groups)
        return "".join(groups), ""
    if len(last) != 3 or groups[0] == "0":
        return groups[0], last
    if marks[0] == "," and exponent != 3:
        return "".join(groups), ""
    if marks[0] == "." and exponent >= 3:
        return groups[0], last
    raise ValidationError(
        _("This could be two different amounts. Write the decimals too, like 1,250.00."), code="ambiguous"
    )


def _require_thousands(groups: list[str]) -> None:
    if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
        raise ValidationError(_("Write an amount like 1,250.00."), code="invalid")


def _western(text: str) -> str:
    """Digits of every script as 0 to 9, and the Arabic separators as theirs."""
    plain = (str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    return "".join(plain).replace("٫", ".").replace("٬", ",")


class AmountField(forms.CharField):
    """A text field for an amount; the form turns it into Money once it knows the currency."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Amount"))
        kwargs.setdefault("max_length", _LONGEST)
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "amount-input"})
        )
        super().__init__(**kwargs)
