"""How staff pages write amounts, times, states and ids: exact, in the reader's zone, never by colour alone.

Every function returns safe markup or plain text; values from outside are escaped here and nowhere twice. Nothing here
reads the database.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_decimal
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale

from ledger.money import EXACT, Money
from ledger.money import currency as currency_of

MINUS = "\u2212"
DASH = "\u2013"

GOOD = frozenset((
    "captured", "settled", "paid", "confirmed", "applied", "posted", "active", "open", "dispute_won", "won", "done",
    "processed", "matched", "resolved", "approved", "enhanced", "signed_off", "accepted",
))  # fmt: skip
ATTENTION = frozenset((
    "unknown", "failed", "needs_information", "disputed", "frozen", "conflict", "parked", "exception", "unmatched",
    "funds_withdrawn", "waiting", "partly_reversed", "dispute_lost", "lost",
))  # fmt: skip
STOPPED = frozenset((
    "rejected", "cancelled", "expired", "refused", "returned", "refunded", "closed", "removed", "voided", "released",
    "reversed", "undone", "ignored", "none", "revoked", "disabled", "replaced",
))  # fmt: skip


def locale() -> Locale:
    try:
        return Locale.parse(to_locale(get_language() or "en"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def number(money: Money, *, signed: bool = False) -> str:
    """The number alone, all decimals of its currency: "1,234.50", "−50.00"; with `signed` also "+50.00"."""
    digits = currency_of(money.currency).exponent
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(abs(money.amount), format=pattern, locale=locale(), decimal_quantization=False)
    if money.amount < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if signed and money.amount > 0 else text


def plain(money: Money, *, signed: bool = False) -> str:
    """The number and its ISO code, which never part at a line's end."""
    return f"{number(money, signed=signed)}\u00a0{money.currency}"


def amount(money: Money | None, *, signed: bool = False) -> SafeString:
    """An amount for a page; a dash for none."""
    if money is None:
        return format_html('<span class="ww-none">{}</span>', DASH)
    return format_html(
        '<span class="ww-money">{} <span class="ww-currency">{}</span></span>',
        number(money, signed=signed),
        money.currency,
    )


def raw_amount(value: Decimal | None, currency: str, *, signed: bool = False) -> SafeString:
    """`amount` for a column beside its currency. A figure that the currency cannot have is shown as it is."""
    if value is None:
        return amount(None)
    digits = currency_of(currency).exponent
    exact = value.quantize(Decimal(1).scaleb(-digits), context=EXACT)
    if exact == value:
        return amount(Money(exact, currency), signed=signed)
    return format_html('<span class="ww-money">{} {}</span>', f"{value.normalize():f}", currency)


def when(at: datetime | date | None, *, seconds: bool = False) -> SafeString:
    """Day and time in the current zone, everything else in its title."""
    if at is None:
        return format_html('<span class="ww-none">{}</span>', DASH)
    if not isinstance(at, datetime):
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{at:%d %b %Y}".lstrip("0"))
    local = timezone.localtime(at)
    pattern = "d MMM y, HH:mm:ss" if seconds else "d MMM y, HH:mm"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        f"{format_datetime(local, 'd MMM y, HH:mm:ss', locale=locale())} {zone(local)}",
        format_datetime(local, pattern, locale=locale()),
    )


def zone(local: datetime) -> str:
    """ "UTC+01:00 (Europe/Berlin)": what every printed time can be asked for."""
    offset = local.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]} ({timezone.get_current_timezone_name()})"


def span(length: timedelta) -> str:
    """A length of time in its one or two largest units: "40 s", "12 min", "6 h", "2 d 3 h"."""
    total = max(0, int(length.total_seconds()))
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min"
    if total < 86400:
        hours, minutes = divmod(total // 60, 60)
        return f"{hours} h {minutes} min" if minutes and hours < 6 else f"{hours} h"
    days, hours = divmod(total // 3600, 24)
    return f"{days} d {hours} h" if hours and days < 7 else f"{days} d"


def ago(at: datetime, *, now: datetime) -> str:
    return f"{span(now - at)} ago" if at <= now else f"in {span(at - now)}"


def words(code: str) -> str:
    """A code as words: "needs_information" → "needs information"."""
    return code.replace("_", " ")


def tone(code: str) -> str:
    """good, attention, stopped or open: what a state means for the person who looks at a list."""
    if code in GOOD:
        return "good"
    if code in ATTENTION:
        return "attention"
    return "stopped" if code in STOPPED else "open"


def tag(text: str, tone: str = "open") -> SafeString:
    """A word with a shape and a colour of its own."""
    return format_html('<span class="ww-tag ww-tag--{}">{}</span>', tone, text)


def state(code: str, text: str = "") -> SafeString:
    return tag(text or words(code), tone(code))


def code(text: str) -> SafeString:
    """An id or an account code, set apart from the reading direction around it."""
    if not text:
        return format_html('<span class="ww-none">{}</span>', DASH)
    return format_html('<bdi class="ww-code">{}</bdi>', text)


def command(text: str) -> SafeString:
    """A command to be copied, which breaks between its words and not within them."""
    words = format_html_join(" ", '<span class="ww-command__word">{}</span>', ((word,) for word in text.split()))
    return format_html('<code class="ww-command">{}</code>', words)


def short(public_id: str) -> SafeString:
    """A public id for lists: prefix and last six characters, the whole of it in the title."""
    head, _, body = public_id.partition("_")
    if len(body) <= 8:
        return code(public_id)
    return format_html('<bdi class="ww-code" title="{}">{}_…{}</bdi>', public_id, head, body[-6:])


def account(code: str) -> SafeString:
    """An account code in which a client's id is shortened; the whole of it in the title."""
    shortened = account_text(code)
    if shortened == code:
        return format_html('<bdi class="ww-code">{}</bdi>', code)
    return format_html('<bdi class="ww-code" title="{}">{}</bdi>', code, shortened)


def account_text(code: str) -> str:
    """`account` as plain text: "client/cl_…a1b2c3/wallet"."""
    owner, owned, path, *_ = *code.split("/", 2), "", ""
    if owner != "client" or len(owned) <= 12:
        return code
    head, _, body = owned.partition("_")
    return f"client/{head}_…{body[-6:]}/{path}"


def clipped(text: str) -> SafeString:
    """Words of any length in a list's column: cut where the column ends, all of them in the title."""
    return format_html('<span class="ww-clip ww-clip--words" title="{}">{}</span>', text, text)


def stacked(*lines: object) -> SafeString:
    """A main line and smaller ones under it."""
    kept = [line for line in lines if line not in ("", None)]
    under = format_html_join("", '<span class="ww-under">{}</span>', ((line,) for line in kept[1:]))
    return format_html('<span class="ww-stack"><span>{}</span>{}</span>', kept[0] if kept else DASH, under)


def joined(*parts: object) -> SafeString:
    return format_html_join(" ", "{}", ((part,) for part in parts if part not in ("", None)))
