"""Public ids on staff pages: each leads to the page of its object, for those who may open that page.

The prefix decides the kind of object; what the site has registered is the only list. Nothing here reads the database.
"""

from functools import cache
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin import display


@cache
def pages() -> dict[str, Any]:
    """Prefix → the admin of its model. Complete once the admin modules of all apps are loaded."""
    found = {}
    for model_admin in admin.site._registry.values():
        if prefix := getattr(model_admin, "prefix", ""):
            found[prefix] = model_admin
    return found


def page_of(reference: str) -> Any:
    """The admin that shows this object, None when there is none."""
    return pages().get(reference.partition("_")[0])


def url(reference: str) -> str:
    """The address of the object's page, "" when it has none."""
    model_admin = page_of(reference)
    if model_admin is None:
        return ""
    options = model_admin.opts
    return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[reference])


def link(request: HttpRequest, reference: str, text: object = "") -> SafeString:
    """The object's name as a link, or as plain text for somebody who may not open it."""
    model_admin = page_of(reference)
    shown = text or display.code(reference)
    if model_admin is None or not model_admin.has_view_permission(request):
        return format_html("{}", shown)
    return format_html('<a class="ww-link" href="{}">{}</a>', url(reference), shown)
