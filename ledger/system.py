"""The ledger's own machinery as somebody who acts: what the schedule does is recorded under this name.

It holds no permission, because no person stands behind it; services that people call ask for one.
"""

from dataclasses import dataclass
from typing import Protocol

from ledger.events import Who


class Permitted(Who, Protocol):
    """Whoever acts and may be asked for a permission: `payments.actors.Actor` is one."""

    def require(self, permission: str) -> None: ...


@dataclass(frozen=True)
class System:
    """A part of the ledger that acts by the clock."""

    part: str
    person: str = ""
    on_behalf_of: str = ""
    ip: str | None = None
    device: str = ""
    request_id: str = ""

    @property
    def id(self) -> str:
        return f"system:{self.part}"
