"""HTTP to Stripe: one request, one clear outcome.

It speaks Stripe's form encoding, carries the secret key and the idempotency key, and sorts every ending
into three: an `Answer`, a definite `Rejected`, or `InDoubt`. It never retries by itself, never follows a
redirect, and never sees a card number. Raw answers that it cannot sort are logged without secrets.
"""

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from ledger.errors import InvalidRequest
from payments.connectors.outcomes import InDoubt, Rejected
from payments.connectors.psp.stripe import reading

log = logging.getLogger(__name__)

API_VERSION = "2024-06-20"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SECRETS = re.compile(r'("client_secret"\s*:\s*")[^"]*|\b(sk|rk|whsec)_[A-Za-z0-9_]+')
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A 2xx answer with a JSON object in it. `replayed` says that Stripe had already done this request."""

    data: Mapping[str, Any]
    request_id: str
    replayed: bool


class StripeClient:
    """One account at one address. Safe to share between threads: each thread keeps its own connections.

    `timeouts` are seconds to connect and seconds between bytes."""

    def __init__(self, *, api_base: str, secret_key: str, timeouts: tuple[float, float] = (3.05, 20.0)) -> None:
        parts = urlsplit(api_base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("api_base must be an http or https address.")
        if not secret_key:
            raise ValueError("secret_key is empty.")
        self._base = api_base.rstrip("/")
        self._secret_key = secret_key
        self._timeouts = timeouts
        self._on_this_machine = parts.hostname in _LOOPBACK
        self._local = threading.local()

    def post(self, path: str, *, params: Params, idempotency_key: str) -> Answer | Rejected | InDoubt:
        """Change something at Stripe. The same key with the same params may be sent again at any time:
        Stripe answers the first result. InDoubt therefore means "ask again with the same key"."""
        return self._send("POST", path, params=params, headers={"Idempotency-Key": idempotency_key})

    def get(self, path: str, *, params: Params = ()) -> Answer | Rejected | InDoubt:
        """Read something; InDoubt means that Stripe could not be asked."""
        return self._send("GET", path, params=params, headers={})

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = not self._on_this_machine  # an outgoing proxy is for the world, not for loopback
        return session

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._secret_key}"
        return request

    def _send(
        self, method: str, path: str, *, params: Params, headers: Mapping[str, str]
    ) -> Answer | Rejected | InDoubt:
        try:
            response = self._session().request(
                method,
                self._base + path,
                params=list(params) if method == "GET" else None,
                data=list(params) if method == "POST" else None,
                headers={"Stripe-Version": API_VERSION, **headers},
                auth=self._authorise,  # a callable, so that no .netrc entry can replace the key
                timeout=self._timeouts,
                allow_redirects=False,
            )
        except requests.RequestException as problem:
            return InDoubt(reason=_transport_reason(problem), facts={"error": type(problem).__name__})
        return _sort(response)


def _transport_reason(problem: requests.RequestException) -> str:
    if isinstance(problem, requests.ConnectTimeout):
        return "unreachable"
    if isinstance(problem, requests.Timeout):
        return "timeout"
    if isinstance(problem, requests.ConnectionError) and "NewConnectionError" in repr(problem):
        return "unreachable"  # no connection at all: nothing was sent, and asking again is harmless
    return "connection_lost"


def _sort(response: requests.Response) -> Answer | Rejected | InDoubt:
    request_id = response.headers.get("Request-Id", "")[:100]
    try:
        data = reading.document(response.content)
    except InvalidRequest:
        return _in_doubt("unreadable_answer", response, request_id)
    if 200 <= response.status_code < 300:
        replayed = response.headers.get("Idempotent-Replayed", "").lower() == "true"
        return Answer(data=data, request_id=request_id, replayed=replayed)
    error = data.get("error")
    if not 400 <= response.status_code < 500 or not isinstance(error, Mapping):
        return _in_doubt("server_error", response, request_id)
    return _refusal(error, response, request_id)


def _refusal(error: Mapping[str, Any], response: requests.Response, request_id: str) -> Rejected | InDoubt:
    """A 4xx in Stripe's own shape. Four of them do not say that nothing happened: 408, 409 and 429 ask us
    to come back, and an idempotency error says that *another* request went through under this key."""
    kind = str(error.get("type") or "")
    if kind == "idempotency_error" and response.status_code != 409:
        return _in_doubt("idempotency_conflict", response, request_id)
    if response.status_code in (408, 409, 425, 429):
        reason = "rate_limited" if response.status_code == 429 else "in_progress"
        return _in_doubt(reason, response, request_id)
    code = str(error.get("decline_code") or error.get("code") or kind or "refused")
    return Rejected(
        code=code[:100],
        message=str(error.get("message") or "Stripe refused the request.")[:500],
        facts={
            "status": response.status_code,
            "type": kind[:100],
            "code": str(error.get("code") or "")[:100],
            "param": str(error.get("param") or "")[:100],
            "request_id": request_id,
        },
    )


def _in_doubt(reason: str, response: requests.Response, request_id: str) -> InDoubt:
    raw = _SECRETS.sub(r"\1[removed]", response.text[:2000])
    log.warning("stripe: %s status=%s request=%s raw=%s", reason, response.status_code, request_id, raw)
    return InDoubt(reason=reason, facts={"status": response.status_code, "request_id": request_id})
