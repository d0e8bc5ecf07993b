"""Pages for errors that no view answered: plain words, the request id to quote, never details of the failure.

A dependency that cannot be reached is 503 with a hint when to come back, everything else 500. Templates named
after the status (`404.html`, …) are used when they exist; a failing template must not hide the error.
"""

import logging
import sys
from html import escape

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader

from config.api import DEPENDENCY_ERRORS

logger = logging.getLogger(__name__)

WORDS = {
    400: ("This request cannot be read", "Go back and try again."),
    403: ("You may not see this", "Your role does not allow this page. Ask an administrator if it should."),
    404: ("There is nothing here", "The address is wrong, or it is not yours to see."),
    500: ("Something went wrong on our side", "Nothing was half done: money moves completely or not at all."),
    503: ("We cannot reach our own systems right now", "Nothing was done. Try again in a moment."),
}


def page(request: HttpRequest, status: int) -> HttpResponse:
    """The error page for a status, from its template or as a bare page when there is none or it fails."""
    title, advice = WORDS[status]
    request_id = getattr(request, "request_id", "")
    context = {"status": status, "title": title, "advice": advice, "request_id": request_id}
    try:
        template = loader.select_template([f"{status}.html", "error.html"])
        # Below 500 the page may use the session and the database; above, it must not depend on them.
        html = template.render(context, request if status < 500 else None)
    except TemplateDoesNotExist:
        html = _bare(title, advice, request_id)
    except Exception:
        logger.exception("the error page itself failed")
        html = _bare(title, advice, request_id)
    return HttpResponse(html, status=status)


def _bare(title: str, advice: str, request_id: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><main><h1>{escape(title)}</h1><p>{escape(advice)}</p>"
        f"<p>Reference: <code>{escape(request_id)}</code></p></main></body></html>"
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 400)


def permission_denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    return page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: an old tab, blocked cookies, or a forged request."""
    logger.warning("form refused: %s", reason)
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while the exception is being handled, so its kind can still be told."""
    if isinstance(sys.exc_info()[1], DEPENDENCY_ERRORS):
        response = page(request, 503)
        response["Retry-After"] = "2"
        return response
    return page(request, 500)
