"""What happens around every request: its id, the page policy of the admin, second factors, problem documents.

Must never decide anything about money; each class does one thing and says where in the chain it stands.
"""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from config.problems import MEDIA_TYPE, Problem, from_status
from config.settings.interfaces import ADMIN_POLICY

Next = Callable[[HttpRequest], HttpResponse]

API_PREFIX = "/api/"
HEALTH_PATHS = ("/healthz", "/readyz")


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A problem document outside of REST framework views."""
    body = problem.body(getattr(request, "request_id", ""))
    return JsonResponse(body, status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


class RequestIdMiddleware:
    """Put the id that the log lines carry on the request and into the answer. Stands right inside django-structlog."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = structlog.contextvars.get_contextvars().get("request_id", "")
        request.request_id = request_id  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class RefuseNulMiddleware:
    """Refuse a NUL in the address: PostgreSQL cannot store one, so no lookup could ever find it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponse("Bad request", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
        return self.get_response(request)


class AdminPolicyMiddleware:
    """Give `/admin/`, and nothing else, the looser page policy that Unfold needs. Stands inside CSPMiddleware."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith("/admin/") and not hasattr(response, "_csp_config"):
            response._csp_config = ADMIN_POLICY  # type: ignore[attr-defined]
        return response


class ProblemMiddleware:
    """Turn any error under `/api/` that is no problem document yet into one: unknown path, refused host, crash."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < HTTPStatus.BAD_REQUEST or not request.path_info.startswith(API_PREFIX):
            return response
        if response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
            return response
        problem = problem_response(request, from_status(response.status_code))
        if "Allow" in response.headers:
            problem.headers["Allow"] = response.headers["Allow"]
        return problem


class SecondFactorMiddleware:
    """Send staff without a second factor to enrol before they see anything else. Stands inside authentication."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._must_enrol(request):
            return self.get_response(request)
        if request.path_info.startswith(API_PREFIX):
            detail = "Staff need a second factor. Enrol one, then try again."
            return problem_response(request, Problem(code="step_up_required", detail=detail))
        return HttpResponseRedirect(reverse("mfa_activate_totp"))

    def _must_enrol(self, request: HttpRequest) -> bool:
        exempt = ("/accounts/", settings.STATIC_URL, *HEALTH_PATHS)
        if not settings.SECOND_FACTOR_REQUIRED or request.path_info.startswith(exempt):
            return False
        user = request.user
        return bool(user.is_authenticated and user.is_staff and not is_mfa_enabled(user))
