"""What templates need to show money, moments, states and forms. Shows only; decides nothing."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from ledger.money import Money
from portal import formats, theme
from portal.queries.figures import CurrencyBalances
from portal.queries.lines import Line
from portal.templatetags.icons import icon
from portal.wording.holds import REFUND, WHY
from portal.wording.sentence import Deadline, marked, time_element

register = template.Library()

_BAR_WIDTH = 1000
_BAR_GAP = 6


@register.filter
def money(value: Money) -> SafeString:
    """ "1,234.50 EUR", kept together and read from left to right in every language."""
    return format_html(
        '<span class="amount"><bdi>{}</bdi>&nbsp;<span class="code">{}</span></span>',
        formats.number(value),
        value.currency,
    )


@register.filter
def signed(value: Money) -> SafeString:
    """The same with a plus or a minus in front."""
    return format_html(
        '<span class="amount"><bdi>{}</bdi>&nbsp;<span class="code">{}</span></span>',
        formats.number(value, signed=True),
        value.currency,
    )


@register.filter
def moved(line: Line) -> SafeString:
    """A line's amount as it changed the client's own money: + in, − out, plain when it stayed his or nothing moved."""
    words = {"in": pgettext("money", "in"), "out": pgettext("money", "out")}
    if line.direction not in words:
        return money(line.money)
    value = line.money if line.direction == "in" else -line.money
    return format_html('{}<span class="visually-hidden"> ({})</span>', signed(value), words[line.direction])


@register.filter
def number(value: Money) -> str:
    """The number without its code, for a page that says the currency once beside it."""
    return formats.number(value)


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Day and time in the reader's zone, with the offset in the title."""
    return time_element(value) if value else ""


@register.filter
def clock(value: datetime) -> SafeString:
    return time_element(value, formats.clock(value))


@register.filter
def deadline(value: datetime) -> str:
    """Day, time and how far away."""
    return marked(Deadline(value, timezone.now()))


@register.filter
def day_name(value: date) -> str:
    return formats.day(value, today=timezone.localdate())


@register.filter
def by_day(lines: Iterable[Line]) -> list[tuple[date, list[Line]]]:
    """Lines in groups of one day of the reader's zone, in the order they came."""
    return [(day, list(group)) for day, group in groupby(lines, key=lambda line: timezone.localdate(line.at))]


@register.simple_tag
def status(line: Line) -> SafeString:
    """A status: its word, a shape and a colour."""
    return tag(line.tone, line.status)


@register.simple_tag
def tag(tone: str, words: str) -> SafeString:
    return format_html('<span class="tag tag-{}">{}{}</span>', tone, icon(f"tone-{tone}", "small"), words)


@register.filter
def why_held(hold: Any) -> str:
    """Why an amount is held, in the client's words."""
    return str(REFUND) if hold.movement.startswith("ref_") else str(WHY.get(hold.kind, WHY["manual"]))


@register.inclusion_tag("portal/partials/bar.html")
def parts_bar(found: CurrencyBalances) -> dict[str, Any]:
    """The proportions of a total as a drawing; the same figures stand beside it as text."""
    parts = [(name, getattr(found, name).amount) for name in ("available", "held", "on_its_way", "in_pockets")]
    widths = [(name, formats.share(part, found.total.amount, of=_BAR_WIDTH)) for name, part in parts if part > 0]
    segments, place = [], 0
    for index, (name, width) in enumerate(widths):
        last = index == len(widths) - 1
        ends = _BAR_WIDTH if last else place + width
        segments.append({"name": name, "x": place, "width": max(2, ends - place - (0 if last else _BAR_GAP))})
        place = ends
    return {"segments": segments, "width": _BAR_WIDTH}


@register.simple_tag(takes_context=True)
def page_theme(context: Context) -> str:
    return theme.of(context.get("request"))


@register.inclusion_tag("portal/partials/field.html")
def field(bound: BoundField, *, prefix: str = "") -> dict[str, Any]:
    """A form field with its label, help and errors tied to it; `prefix` stands in front of a short input."""
    kind = getattr(bound.field.widget, "input_type", "textarea")
    return {"field": bound, "kind": kind, "prefix": prefix, "group": kind == "radio"}


@register.filter
def linked_errors(form: Any) -> list[tuple[str, str]]:
    """(anchor, words) of every error, for the summary at the top; errors of the whole form have no anchor."""
    found = [("", str(words)) for words in form.non_field_errors()]
    for bound in form.visible_fields():
        anchor = bound.id_for_label or f"id_{bound.html_name}"
        found += [(anchor, str(words)) for words in bound.errors]
    return found


@register.simple_tag
def zone_offset() -> str:
    """ "UTC+01:00" of the current zone, now."""
    offset = timezone.localtime().strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"


@register.simple_tag
def usual_days(expected_by: datetime, now: datetime) -> str:
    """Roughly how long something will take."""
    days = max(1, round((expected_by - now) / timedelta(days=1)))
    return gettext("in about one day") if days == 1 else gettext("in about %(days)s days") % {"days": days}
