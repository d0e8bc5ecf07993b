"""The addresses of the staff pages' own files, asked when a page is drawn: names may carry a fingerprint."""

from django.http import HttpRequest
from django.templatetags.static import static


def favicon(_request: HttpRequest) -> str:
    return static("portal/favicon.svg")


def styles(_request: HttpRequest) -> str:
    return static("staff/staff.css")


def script(_request: HttpRequest) -> str:
    return static("staff/staff.js")
