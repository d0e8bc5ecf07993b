"""Stripe's error answers, word for word in shape: `{"error": {"type", "code", "message", "param"}}`.

Raised anywhere in the simulated Stripe and turned into an answer in one place. It must never carry a card
number.

Source: Stripe documentation, "Errors" and "Idempotent requests".
"""

from typing import Any


class ApiError(Exception):
    """`executed` says that the work had begun: such an answer is kept under its idempotency key, as Stripe
    does."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        executed: bool = False,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.type = message, status, type
        self.code, self.param, self.executed = code, param, executed

    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.type}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def missing(kind: str, reference: str, *, status: int = 404, param: str = "id") -> ApiError:
    return ApiError(f"No such {kind}: '{reference}'", status=status, code="resource_missing", param=param)


def unauthorised() -> ApiError:
    return ApiError("You did not provide a valid API key. Send it as 'Authorization: Bearer sk_test_…'.", status=401)


def no_route(method: str, path: str) -> ApiError:
    return ApiError(f"Unrecognized request URL ({method}: {path}).", status=404)


def other_parameters(key: str) -> ApiError:
    return ApiError(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request.",
        type="idempotency_error",
    )
