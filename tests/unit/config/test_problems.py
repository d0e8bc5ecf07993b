"""Whatever an API view raises becomes a problem document with the status that the contract names."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, OperationalError
from django.http import Http404, HttpResponse
from redis.exceptions import ConnectionError as RedisDown
from rest_framework import exceptions, serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from config.problems import KINDS
from ledger import errors

CONTRACT = {
    400: {"invalid_request", "idempotency_key_required"},
    401: {"authentication_failed"},
    403: {"insufficient_scope", "step_up_required", "self_approval"},
    404: {"not_found"},
    409: {"invalid_transition", "version_conflict", "idempotency_in_progress"},
    422: {
        "insufficient_available",
        "limit_exceeded",
        "account_frozen",
        "account_closed",
        "currency_mismatch",
        "unbalanced",
        "period_closed",
        "over_reversal",
        "over_capture",
        "idempotency_key_reused",
        "duplicate_reference",
        "policy_refused",
    },
    429: {"rate_limited"},
    503: {"unavailable"},
}


def answer(error: Exception, method: str = "get") -> HttpResponse:
    class Raising(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request: Any) -> None:
            raise error

    request = getattr(APIRequestFactory(), method)("/api/v1/x")
    request.request_id = "req-1"
    response = Raising.as_view()(request)
    response.render()
    return response


def body(response: HttpResponse) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    found = json.loads(response.content)
    assert found["status"] == response.status_code
    assert {"type", "title", "status", "code", "detail", "param", "request_id", "retryable"} <= set(found)
    assert found["request_id"] == "req-1"
    return found


def causes(base: type[errors.DomainError]) -> Iterator[type[errors.DomainError]]:
    for cause in base.__subclasses__():
        yield cause
        yield from causes(cause)


@pytest.mark.parametrize(("status", "code"), [(s, c) for s, codes in CONTRACT.items() for c in sorted(codes)])
def test_every_code_of_the_contract_has_its_status(status: int, code: str):
    assert KINDS[code].status == status


@pytest.mark.parametrize("cause", sorted(set(causes(errors.DomainError)), key=lambda c: c.__name__))
def test_every_domain_error_is_answered_with_its_code(cause: type[errors.DomainError]):
    response = answer(cause("Because.", param="amount"))
    found = body(response)
    assert response.status_code == KINDS[cause.code].status
    assert (found["code"], found["detail"], found["param"]) == (cause.code, "Because.", "amount")
    assert found["retryable"] is cause.retryable


class Leg(serializers.Serializer[Any]):
    amount = serializers.CharField()


class Body(serializers.Serializer[Any]):
    currency = serializers.CharField()
    entries = Leg(many=True)


def test_the_first_invalid_field_is_named_and_all_are_listed():
    serializer = Body(data={"currency": "EUR", "entries": [{"amount": "1"}, {}]})
    with pytest.raises(exceptions.ValidationError) as raised:
        serializer.is_valid(raise_exception=True)
    found = body(answer(raised.value))
    assert (found["status"], found["code"], found["param"]) == (400, "invalid_request", "entries[1].amount")
    assert found["errors"] == [{"param": "entries[1].amount", "detail": "This field is required."}]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.ParseError("JSON"), 400, "invalid_request"),
        (exceptions.ValidationError("no"), 400, "invalid_request"),
        (exceptions.NotAuthenticated(), 401, "authentication_failed"),
        (exceptions.AuthenticationFailed(), 401, "authentication_failed"),
        (exceptions.PermissionDenied(), 403, "insufficient_scope"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "insufficient_scope"),
        (ModelValidationError("no"), 400, "invalid_request"),
        (RequestDataTooBig(), 413, "request_too_large"),
        (DataError("value out of range"), 400, "invalid_request"),
        (OperationalError("connection refused"), 503, "unavailable"),
        (RedisDown("gone"), 503, "unavailable"),
    ],
)
def test_framework_and_store_errors(error: Exception, status: int, code: str):
    response = answer(error)
    assert (response.status_code, body(response)["code"]) == (status, code)


def test_missing_credentials_name_the_scheme():
    assert answer(exceptions.NotAuthenticated())["WWW-Authenticate"].startswith("Bearer")


def test_too_many_requests_say_when_to_come_back():
    assert answer(exceptions.Throttled(wait=12.4))["Retry-After"] == "13"
    assert answer(errors.RateLimited(retry_after=30))["Retry-After"] == "30"


def test_an_unreachable_store_says_when_to_come_back_and_hides_why():
    response = answer(OperationalError("could not connect to db.internal"))
    assert response["Retry-After"] == "2"
    assert "db.internal" not in response.content.decode()


def test_a_wrong_method_names_the_right_ones():
    response = answer(Http404(), method="delete")
    assert (response.status_code, body(response)["code"]) == (405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_an_unforeseen_error_reveals_nothing(caplog: pytest.LogCaptureFixture):
    response = answer(RuntimeError("password is hunter2"))
    found = body(response)
    assert (response.status_code, found["code"], found["retryable"]) == (500, "internal_error", False)
    assert "hunter2" not in response.content.decode()
    assert "unexpected error in the API" in caplog.text
