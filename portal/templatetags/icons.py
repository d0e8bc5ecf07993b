"""Small drawings beside words: never the only sign of anything, so screen readers skip them.

Drawn inline as SVG shapes; no style attribute, no file to fetch.
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# 24 × 24, strokes only, in the colour of the text around them.
SHAPES: dict[str, str] = {
    "home": '<path d="M4 11 12 4l8 7"/><path d="M6 10v9h12v-9"/>',
    "activity": '<path d="M5 7h14M5 12h14M5 17h9"/>',
    "trading": '<path d="M4 18h16"/><path d="m5 14 4-4 4 3 6-7"/>',
    "settings": '<circle cx="12" cy="8" r="3.5"/><path d="M5 20c.6-4 3.4-6 7-6s6.4 2 7 6"/>',
    "deposit": '<path d="M12 5v11"/><path d="m7 12 5 5 5-5"/><path d="M5 20h14"/>',
    "withdrawal": '<path d="M12 17V5"/><path d="m7 9 5-5 5 5"/><path d="M5 20h14"/>',
    "transfer": '<path d="M5 9h13"/><path d="m15 5 4 4-4 4"/><path d="M19 16H6"/><path d="m9 12.5-4 3.5 4 4"/>',
    "fee": '<circle cx="8" cy="8" r="2.5"/><circle cx="16" cy="16" r="2.5"/><path d="M18 6 6 18"/>',
    "hold": '<rect x="6" y="11" width="12" height="9" rx="2"/><path d="M8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>',
    "refund": '<path d="M9 8H5V4"/><path d="M5.5 8A8 8 0 1 1 4 13"/>',
    "dispute": '<path d="M12 4 3.5 19h17z"/><path d="M12 10v4"/><path d="M12 16.8v.2"/>',
    "return": '<path d="m9 6-5 5 5 5"/><path d="M4 11h10a5 5 0 0 1 5 5v2"/>',
    "correction": '<path d="m5 19 1-4L16 5l3 3L9 18z"/><path d="m14 7 3 3"/>',
    "bonus": '<path d="m12 4 2.4 5 5.6.700-4.1 3.8 1.1 5.5-5-2.7-5 2.7 1.1-5.5L4 9.7 9.6 9z"/>',
    "credit": '<circle cx="12" cy="12" r="8"/><path d="M12 8v8M8 12h8"/>',
    "debt": '<circle cx="12" cy="12" r="8"/><path d="M8 12h8"/>',
    "conversion": '<path d="M5 9h13"/><path d="m15 5 4 4-4 4"/><path d="M19 16H6"/>',
    "bank": '<path d="M4 9 12 4l8 5z"/><path d="M6 12v5M12 12v5M18 12v5M4 20h16"/>',
    "copy": '<rect x="8" y="8" width="11" height="11" rx="2"/><path d="M5 15V7a2 2 0 0 1 2-2h8"/>',
    "next": '<path d="m9 5 7 7-7 7"/>',
    "back": '<path d="m15 5-7 7 7 7"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7"/>',
    "cross": '<path d="M6 6l12 12M18 6 6 18"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "search": '<circle cx="11" cy="11" r="6"/><path d="m16 16 4 4"/>',
    "empty": '<rect x="4" y="7" width="16" height="11" rx="2"/><path d="M4 11h16"/><path d="M8 15h3"/>',
    # One shape per tone of a status: check, arrow, clock, triangle, cross.
    "tone-done": '<circle cx="12" cy="12" r="8.5"/><path d="m8 12.2 2.8 2.8L16 9.5"/>',
    "tone-moving": '<path d="M4 12h15"/><path d="m13 6 6 6-6 6"/>',
    "tone-waiting": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>',
    "tone-attention": '<path d="M12 4 3 20h18z"/><path d="M12 10v4.5"/><path d="M12 17.2v.3"/>',
    "tone-stopped": '<rect x="4" y="4" width="16" height="16" rx="3"/><path d="m9 9 6 6M15 9l-6 6"/>',
}


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """The drawing of that name; an unknown name draws nothing."""
    shape = SHAPES.get(name, "")
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        f" icon-{size}" if size else "",
        mark_safe(shape),  # noqa: S308 (from the table above)
    )
