"""Who is acting: a person, a key, or the system itself, with the roles they have right now.

Every service takes an actor. `id` says which credential acted, `person` says which human stands behind it: maker and
checker are compared by person, so nobody approves his own item through a second login or his own API key.
"""

from dataclasses import dataclass, replace
from typing import Any

from ledger import ids
from ledger.errors import Forbidden, NotFound, SelfApproval
from payments.roles import CLIENT, permissions_of


@dataclass(frozen=True, kw_only=True)
class Actor:
    id: str  # usr_…, key_… or system:<part>
    person: str = ""  # usr_… of the human; the key's own id when a key belongs to nobody; "" for the system
    roles: frozenset[str] = frozenset()
    client_id: str = ""  # cl_… when the actor is a client acting for himself
    on_behalf_of: str = ""
    ip: str | None = None
    device: str = ""
    request_id: str = ""

    @classmethod
    def system(cls, part: str, *, request_id: str = "") -> "Actor":
        """The firm's own machinery; it may take every step that no person has to take."""
        return cls(id=f"system:{part}", request_id=request_id)

    @classmethod
    def for_user(cls, user: Any, *, ip: str | None = None, device: str = "", request_id: str = "") -> "Actor":
        """The actor behind a signed-in user. Anonymous and inactive users get no roles, and a login that belongs to no
        client does not act as one: without a client to be kept to, it would reach every client's money."""
        if not getattr(user, "is_active", False):
            return cls(id="anonymous", ip=ip, device=device, request_id=request_id)
        client = getattr(user, "client", None) if "client" in user.roles else None
        return cls(
            id=user.public_id,
            person=user.public_id,
            roles=user.roles if client else user.roles - {CLIENT},
            client_id=client.public_id if client else "",
            ip=ip,
            device=device,
            request_id=request_id,
        )

    @property
    def is_system(self) -> bool:
        return self.id.startswith("system:")

    def may(self, permission: str) -> bool:
        return permission in permissions_of(self.roles)

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the actor may; the system may always."""
        if not self.is_system and not self.may(permission):
            raise Forbidden(f"This needs the permission {permission}.", permission=permission)

    def require_client(self, client_id: Any) -> None:
        """Raise NotFound when a client reaches for what belongs to another client."""
        if self.client_id and self.client_id != ids.encode("cl", client_id):
            raise NotFound

    def require_other_than(self, maker: str) -> None:
        """Raise SelfApproval when the same human made the item. The system never decides in place of a person."""
        if self.is_system or not self.person or self.person == maker:
            raise SelfApproval

    def acting_for(self, client_public_id: str) -> "Actor":
        return replace(self, on_behalf_of=client_public_id)
