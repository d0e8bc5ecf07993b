"""What a person may do with something that waits for a decision, in words: it is yours, or why it is not.

Only for showing. The services decide again, with the row locked.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.admin.display import words
from payments.actors import Actor
from payments.models import Adjustment, Approval, Withdrawal
from payments.roles import PERMISSIONS

PERMISSION = {"withdrawal": "payments.approve_withdrawal", "adjustment": "payments.approve_adjustment"}
Decidable = Withdrawal | Adjustment


@dataclass(frozen=True)
class Standing:
    """`code`: yours, own, decided, role. `given` of `needed` approvals are there."""

    code: str
    words: str
    given: int = 0
    needed: int = 1

    @property
    def yours(self) -> bool:
        return self.code == "yours"


def noun_of(item: Decidable) -> str:
    return "withdrawal" if isinstance(item, Withdrawal) else "adjustment"


def approvers(items: Iterable[Decidable]) -> dict[str, set[str]]:
    """Public id → the people who have approved exactly what is there now; one query for a whole queue."""
    hashes = {item.public_id: item.content_hash for item in items}
    found: dict[str, set[str]] = {reference: set() for reference in hashes}
    rows = Approval.objects.filter(object_ref__in=hashes, decision=Approval.Decision.APPROVE)
    for row in rows:
        if row.content_hash == hashes[row.object_ref]:
            found[row.object_ref].add(row.person)
    return found


def of(item: Decidable, actor: Actor, approved_by: set[str]) -> Standing:
    """How this person stands to this item."""
    needed = item.approvals_needed if isinstance(item, Withdrawal) else 1
    given = len(approved_by)
    permission = PERMISSION[noun_of(item)]
    if actor.person == item.maker:
        return Standing("own", "You made this", given, needed)
    if actor.person in approved_by:
        return Standing("decided", "You approved it", given, needed)
    if not actor.may(permission):
        roles = " or ".join(words(role) for role in PERMISSIONS[permission][1])
        return Standing("role", f"Needs {roles}", given, needed)
    return Standing("yours", "You can decide", given, needed)
