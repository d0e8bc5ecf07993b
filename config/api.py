"""REST framework defaults: how errors become problem documents and who may call with a browser session.

Every exception that can leave an API view is answered here; the domain raises causes and never sees HTTP. An
exception nobody foresaw is logged with its traceback and answered without details.
"""

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from config.problems import DETAILS, MEDIA_TYPE, Problem
from ledger.api import refusals
from ledger.api.permissions import Acting
from ledger.errors import DomainError

logger = logging.getLogger(__name__)

_MEGABYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
# What cannot be reached right now: the database, its pool, the cache.
DEPENDENCY_ERRORS = (OperationalError, InterfaceError, RedisError)


class ReadOnlySessionAuthentication(SessionAuthentication):
    """A browser's session counts on reading calls only; whatever changes something needs an API key."""

    def authenticate(self, request: Request) -> Any:
        return super().authenticate(request) if request.method in SAFE_METHODS else None


class AlwaysAnswer(DefaultContentNegotiation):
    """Answer in the first format we have when the client accepts none of them, not with 406."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except (exceptions.NotAcceptable, Http404):
            return renderers[0], renderers[0].media_type


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """REST framework's hook: any exception of a view → `application/problem+json`."""
    request = context["request"]
    problem = problem_of(error, getattr(request, "actor", None))
    if problem.code == "internal_error":
        logger.error("unexpected error in the API", exc_info=error)
        got_request_exception.send(sender=exception_handler, request=request._request)
    headers = dict(problem.headers)
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(
        problem.body(getattr(request, "request_id", "")),
        status=problem.status,
        headers=headers,
        content_type=MEDIA_TYPE,
    )


def problem_of(error: Exception, actor: Acting | None = None) -> Problem:
    """Choose code, wording and retry hint for an exception, and the facts that this caller may be told. Never reveals
    what an unforeseen one said."""
    if isinstance(error, DomainError):
        return _of_domain(error, actor)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, Http404):
        return Problem(code="not_found", detail=DETAILS["not_found"])
    if isinstance(error, PermissionDenied):
        return Problem(code="insufficient_scope", detail=DETAILS["insufficient_scope"])
    if isinstance(error, ModelValidationError):
        return Problem(code="invalid_request", detail=" ".join(error.messages))
    if isinstance(error, RequestDataTooBig):
        return Problem(code="request_too_large", detail=f"A request has at most {_MEGABYTES} MB.")
    if isinstance(error, SuspiciousOperation):
        return Problem(code="invalid_request", detail=DETAILS["invalid_request"])
    if isinstance(error, DataError):
        return Problem(code="invalid_request", detail="A value is out of range or not storable.")
    if isinstance(error, IntegrityError):  # two of the same at the same moment; the database took one
        diagnostics = getattr(error.__cause__, "diag", None)
        logger.warning("refused by the database: %s", getattr(diagnostics, "constraint_name", None))
        return Problem(code="version_conflict", detail="Somebody did the same at this moment. Look again, then retry.")
    if isinstance(error, DEPENDENCY_ERRORS):
        logger.warning("a dependency is unavailable", exc_info=error)
        return Problem(code="unavailable", detail=DETAILS["unavailable"])
    return Problem(code="internal_error", detail=DETAILS["internal_error"])


def _of_domain(error: DomainError, actor: Acting | None) -> Problem:
    told = refusals.fault_of(error, actor)
    extra: dict[str, Any] = {name: told[name] for name in ("cause", "facts") if name in told}
    if "errors" in error.data:  # of a batch: by the index of its items; of a file: as its reader listed them
        listed = error.data["errors"]
        extra["errors"] = refusals.listed(listed, actor) if "index" in error.data else listed
    return Problem(
        code=error.code,
        detail=told["detail"],
        param=error.param,
        retry_after=error.data.get("retry_after"),
        retryable=error.retryable,
        extra=extra,
    )


def _of_framework(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        return _of_validation(error.detail)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return Problem(code="authentication_failed", detail=str(error.detail))
    if isinstance(error, exceptions.Throttled):
        after = max(1, round(getattr(error, "wait", None) or 1))
        return Problem(code="rate_limited", detail="Too many requests. Try again later.", retry_after=after)
    codes: dict[type[exceptions.APIException], str] = {
        exceptions.ParseError: "invalid_request",
        exceptions.PermissionDenied: "insufficient_scope",
        exceptions.NotFound: "not_found",
        exceptions.MethodNotAllowed: "method_not_allowed",
        exceptions.NotAcceptable: "not_acceptable",
        exceptions.UnsupportedMediaType: "unsupported_media_type",
    }
    for kind, code in codes.items():
        if isinstance(error, kind):
            return Problem(code=code, detail=str(error.detail))
    return Problem(code="internal_error", detail=DETAILS["internal_error"])


def _of_validation(detail: Any) -> Problem:
    """The first error gives `param` and `detail`; all of them are listed in `errors`."""
    errors = [{"param": path or None, "detail": text} for path, text in refusals.faults_of(detail)]
    first = errors[0] if errors else {"param": None, "detail": DETAILS["invalid_request"]}
    return Problem(
        code="invalid_request",
        detail=str(first["detail"]),
        param=first["param"],
        extra={"errors": errors},
    )
