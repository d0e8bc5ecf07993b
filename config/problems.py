"""RFC 9457 problem documents: the one shape of every refusal that a program sees.

The code list is public (`docs` and the OpenAPI document name it); a code may be added, never renamed. Pure:
no request, no database.
"""

from dataclasses import dataclass
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a code means to HTTP: status, short title, and whether the same request may succeed later."""

    status: int
    title: str
    retryable: bool = False
    retry_after: int | None = None


KINDS: dict[str, Kind] = {
    "invalid_request": Kind(status=400, title="Invalid request"),
    "idempotency_key_required": Kind(status=400, title="Idempotency key required"),
    "authentication_failed": Kind(status=401, title="Authentication failed"),
    "insufficient_scope": Kind(status=403, title="Not allowed"),
    "step_up_required": Kind(status=403, title="Confirmation required"),
    "self_approval": Kind(status=403, title="Own item"),
    "not_found": Kind(status=404, title="Not found"),
    "method_not_allowed": Kind(status=405, title="Method not allowed"),
    "not_acceptable": Kind(status=406, title="Not acceptable"),
    "invalid_transition": Kind(status=409, title="Not in this state"),
    "version_conflict": Kind(status=409, title="Changed meanwhile"),
    "quote_expired": Kind(status=409, title="Quote expired"),
    "quote_used": Kind(status=409, title="Quote used"),
    "idempotency_in_progress": Kind(status=409, title="Still running", retryable=True, retry_after=1),
    "request_too_large": Kind(status=413, title="Request too large"),
    "unsupported_media_type": Kind(status=415, title="Unsupported media type"),
    "insufficient_available": Kind(status=422, title="Not enough available"),
    "condition_not_met": Kind(status=422, title="Condition not met"),
    "chain_broken": Kind(status=422, title="Chain broken"),
    "limit_exceeded": Kind(status=422, title="Limit exceeded"),
    "account_frozen": Kind(status=422, title="Account frozen"),
    "account_closed": Kind(status=422, title="Account closed"),
    "currency_mismatch": Kind(status=422, title="Currency mismatch"),
    "unbalanced": Kind(status=422, title="Unbalanced"),
    "period_closed": Kind(status=422, title="Period closed"),
    "over_reversal": Kind(status=422, title="More than the original"),
    "over_capture": Kind(status=422, title="More than remains"),
    "idempotency_key_reused": Kind(status=422, title="Idempotency key reused"),
    "duplicate_reference": Kind(status=422, title="Duplicate reference"),
    "policy_refused": Kind(status=422, title="Refused by policy"),
    "rate_stale": Kind(status=422, title="Rate too old"),
    "unsupported_pair": Kind(status=422, title="No rate for this pair"),
    "rate_limited": Kind(status=429, title="Too many requests", retryable=True, retry_after=1),
    "internal_error": Kind(status=500, title="Internal error"),
    "unavailable": Kind(status=503, title="Unavailable", retryable=True, retry_after=2),
}

CODE_BY_STATUS = {
    400: "invalid_request",
    401: "authentication_failed",
    403: "insufficient_scope",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "request_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One refusal, ready to be rendered."""

    code: str
    detail: str
    param: str | None = None
    retry_after: int | None = None
    retryable: bool | None = None  # where one refusal differs from its kind
    extra: dict[str, Any] | None = None

    @property
    def kind(self) -> Kind:
        return KINDS.get(self.code, KINDS["internal_error"])

    @property
    def status(self) -> int:
        return self.kind.status

    @property
    def may_be_retried(self) -> bool:
        return self.kind.retryable if self.retryable is None else self.retryable

    @property
    def headers(self) -> dict[str, str]:
        seconds = self.retry_after if self.retry_after is not None else self.kind.retry_after
        headers = {"Retry-After": str(seconds)} if seconds is not None and self.may_be_retried else {}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="api"'
        return headers

    def body(self, request_id: str) -> dict[str, Any]:
        return {
            **(self.extra or {}),
            "type": f"urn:wherewithal:error:{self.code}",
            "title": self.kind.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "param": self.param,
            "request_id": request_id,
            "retryable": self.may_be_retried,
        }


def from_status(status: int) -> Problem:
    """The problem for a bare HTTP error that some layer below the API answered."""
    code = CODE_BY_STATUS.get(status, "invalid_request" if status < 500 else "internal_error")
    return Problem(code=code, detail=DETAILS.get(code, KINDS[code].title + "."))


DETAILS = {
    "invalid_request": "The request is not valid.",
    "authentication_failed": "The credentials are missing or not valid.",
    "insufficient_scope": "Your role does not allow this.",
    "not_found": "There is no such object, or it is not yours to see.",
    "method_not_allowed": "This address does not accept that method.",
    "internal_error": "Something went wrong on our side. Quote the request id when you report it.",
    "unavailable": "A system that is needed cannot be reached. Try again shortly.",
}
