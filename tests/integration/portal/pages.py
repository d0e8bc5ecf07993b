"""Using pages as a browser without scripts does: fill forms, follow to the check page, read what is written."""

import html
import re

from django.http import HttpResponse
from django.test import Client as Browser


def hidden(response: HttpResponse) -> dict[str, str]:
    """The hidden fields of the page's acting form, as a browser would send them back."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.content.decode())
    return {name: html.unescape(value) for name, value in fields}


def looked(portal: Browser, address: str, data: dict[str, str]) -> HttpResponse:
    """Fill the form and arrive at the check page, or at the form that says what is wrong."""
    return portal.post(address, {**data, "step": "check"}, follow=True)


def text(response: HttpResponse) -> str:
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"[\s\xa0]+", " ", html.unescape(plain))
