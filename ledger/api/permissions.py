"""The one permission class of the API: every endpoint declares what each of its methods needs; undeclared is denied.

Permissions are names of `payments.roles`; the authentication class puts whoever acts on the request as `actor`. A
client in a browser may read where an endpoint says `owners = True`, and then sees what is his own and nothing else.
"""

from typing import Any, Protocol

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ledger.errors import AuthenticationFailed, Forbidden

OWN_MONEY = "payments.use_portal"


class Acting(Protocol):
    """Whoever calls: `payments.actors.Actor` is one."""

    @property
    def id(self) -> str: ...
    @property
    def person(self) -> str: ...
    @property
    def on_behalf_of(self) -> str: ...
    @property
    def ip(self) -> str | None: ...
    @property
    def device(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    def may(self, permission: str) -> bool: ...
    def require(self, permission: str) -> None: ...
    def require_other_than(self, maker: str) -> None: ...


class DeclaredPermission(BasePermission):
    """Allow what the endpoint's `permission` names for this method, and owners to read where it says so."""

    def has_permission(self, request: Request, view: Any) -> bool:
        actor: Acting | None = getattr(request, "actor", None)
        if actor is None:
            raise AuthenticationFailed  # the same words for no credentials as for bad ones
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in view.allowed_methods:
            return True  # 405 says it better
        needed = getattr(view, "permission", {}).get(method)
        if needed is None:
            raise Forbidden
        view.only_own = False
        if actor.may(needed):
            return True
        if method == "GET" and view.owners and actor.client_id and actor.may(OWN_MONEY):
            view.only_own = True
            return True
        raise Forbidden(f"This needs the permission {needed}.", permission=needed)
