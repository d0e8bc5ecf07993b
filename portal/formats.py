"""Amounts and times as people read them: in their language and zone, exact, never rounded, never ambiguous.

The ISO code always stands with an amount, the minus is U+2212, and a time always knows its offset. Files and the API do
not use this module: they have their own exact forms.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext, to_locale

from ledger.money import Money
from ledger.money import currency as currency_of

MINUS = "\u2212"
NBSP = "\u00a0"
_ALMOST_HOUR = 3600 - 30
_ALMOST_DAY = 86400 - 1800
_TRIMMED_TO = 2  # crypto amounts lose meaningless zeros, but keep two decimals


def locale() -> Locale:
    try:
        return Locale.parse(to_locale(get_language() or "en"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def number(money: Money, *, signed: bool = False) -> str:
    """The number alone: "1,234.50", "−50.00"; with `signed` also "+50.00"."""
    digits = _digits(money)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(abs(money.amount), format=pattern, locale=locale(), decimal_quantization=False)
    if money.amount < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if signed and money.amount > 0 else text


def amount(money: Money, *, signed: bool = False) -> str:
    """The number and its ISO code, which never part at a line's end: "1,234.50 EUR"."""
    return f"{number(money, signed=signed)}{NBSP}{money.currency}"


def rate(value: Decimal, sell: str, buy: str) -> str:
    """A rate with all its digits: "1 USD = 0.91826391 EUR"."""
    digits = max(_TRIMMED_TO, -int(value.normalize().as_tuple().exponent))
    text = format_decimal(value, format="#,##0." + "0" * digits, locale=locale(), decimal_quantization=False)
    return f"1{NBSP}{sell} = {text}{NBSP}{buy}"


def percent(basis_points: Decimal) -> str:
    """Basis points as a percentage without its sign: 35 → "0.35"."""
    return str(format_decimal(basis_points.scaleb(-2).normalize(), locale=locale(), decimal_quantization=False))


def _digits(money: Money) -> int:
    kind = currency_of(money.currency)
    if kind.kind == "fiat":
        return kind.exponent
    exponent = money.amount.normalize().as_tuple().exponent if money.amount else 0
    return max(_TRIMMED_TO, -int(exponent))


def when(at: datetime) -> str:
    """Day and time in the current zone: "21 Nov 2026, 14:02"; the year only when it is not this one."""
    local = timezone.localtime(at)
    same_year = local.year == timezone.localtime(timezone.now()).year
    pattern = "d MMM, HH:mm" if same_year else "d MMM y, HH:mm"
    return format_datetime(local, pattern, locale=locale())


def clock(at: datetime) -> str:
    return format_time(timezone.localtime(at), "HH:mm", locale=locale())


def day(of: date, *, today: date) -> str:
    """A heading for a day: "Today", "Yesterday", "Friday, 20 November" and the year when it is not this one."""
    if of == today:
        return gettext("Today")
    if of == today - timedelta(days=1):
        return gettext("Yesterday")
    return format_date(of, "EEEE, d MMMM" if of.year == today.year else "EEEE, d MMMM y", locale=locale())


def full(at: datetime) -> str:
    """Everything about a moment, for a title: "21 Nov 2026, 14:02:05 UTC+01:00 (Europe/Berlin)"."""
    local = timezone.localtime(at)
    offset = local.strftime("%z")
    return (
        f"{format_datetime(local, 'd MMM y, HH:mm:ss', locale=locale())} "
        f"UTC{offset[:3]}:{offset[3:5]} ({timezone.get_current_timezone_name()})"
    )


def relative(at: datetime, *, now: datetime) -> str:
    """How far away, roughly: "in 3 days", "2 hours ago", "now"."""
    seconds = int((at - now).total_seconds())
    size = abs(seconds)
    if size < 60:
        return gettext("now")
    if size < _ALMOST_HOUR:
        count = _nearest(size, 60)
        span = ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}
    elif size < _ALMOST_DAY:
        count = _nearest(size, 3600)
        span = ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count}
    else:
        count = _nearest(size, 86400)
        span = ngettext("%(count)s day", "%(count)s days", count) % {"count": count}
    return (gettext("in %(span)s") if seconds > 0 else gettext("%(span)s ago")) % {"span": span}


def _nearest(size: int, unit: int) -> int:
    return (size + unit // 2) // unit


def share(part: Decimal, whole: Decimal, *, of: int) -> int:
    """A part of a drawing `of` units wide, whole units; something that is there never vanishes."""
    if part <= 0 or whole <= 0:
        return 0
    return max(1, int(part * of / whole))
