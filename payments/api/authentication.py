"""Who calls the API: a program by its key, or a person's browser, which may only read.

Both put the acting person on the request as `actor`, and give `request.auth`, which remembers the answers to this
caller's Idempotency-Keys. Nothing here decides what a caller may do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from config.api import ReadOnlySessionAuthentication
from ledger.errors import AuthenticationFailed
from payments.actors import Actor
from payments.api import throttles
from payments.services import api_keys, idempotency

DEVICE_LENGTH = 200
_KEY = re.compile(r"ww_[a-z0-9]{8}_[A-Za-z0-9_-]{20,100}", re.ASCII)


@dataclass(frozen=True)
class Caller:
    """Whoever calls, as the owner of idempotency keys: another caller's same key is another key."""

    actor: Actor

    require_key = staticmethod(idempotency.require_key)

    def once(
        self, *, key: str | None, path: str, body: bytes, work: Callable[[], tuple[int, bytes]]
    ) -> idempotency.Answer:
        """See `idempotency.once`."""
        return idempotency.once(caller=self.actor.id, key=key, method="POST", path=path, body=body, work=work)

    def in_two_steps(
        self,
        *,
        key: str | None,
        path: str,
        body: bytes,
        begin: Callable[[], str],
        finish: Callable[[str, bool], tuple[int, bytes]],
    ) -> idempotency.Answer:
        """See `idempotency.in_two_steps`."""
        return idempotency.in_two_steps(
            caller=self.actor.id, key=key, method="POST", path=path, body=body, begin=begin, finish=finish
        )


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer ww_…`. Raises AuthenticationFailed in the same words for every cause, RateLimited after
    too many failures from one address."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, text = header.partition(" ")
        address = request.META.get("REMOTE_ADDR", "")
        try:
            if scheme.lower() != "bearer" or not _KEY.fullmatch(text):
                raise AuthenticationFailed
            key = api_keys.recognise(text, now=timezone.now())
        except AuthenticationFailed:
            throttles.count_refusal(address)
            raise
        actor = api_keys.actor_of(key, ip=address or None, device=_device(request), request_id=_request_id(request))
        request.actor = actor  # type: ignore[attr-defined]
        return key.owner or AnonymousUser(), Caller(actor)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class BrowserAuthentication(ReadOnlySessionAuthentication):
    """The session of a signed-in browser, on reading calls only."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        actor = Actor.for_user(
            found[0],
            ip=request.META.get("REMOTE_ADDR") or None,
            device=_device(request),
            request_id=_request_id(request),
        )
        request.actor = actor  # type: ignore[attr-defined]
        return found[0], Caller(actor)


def _device(request: Request) -> str:
    return request.headers.get("User-Agent", "")[:DEVICE_LENGTH]


def _request_id(request: Request) -> str:
    return str(getattr(request._request, "request_id", ""))


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names an API key."""

    target_class = "payments.api.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key, `ww_…`, made by an administrator."}


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names a browser's session."""

    target_class = "payments.api.authentication.BrowserAuthentication"
    name = "browserSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-session",
            "description": "A signed-in browser; reading only.",
        }
