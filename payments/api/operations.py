"""`/operations/{id}`: how a deposit, withdrawal or transfer stands whose outcome may not be known yet.

One question with one answer for programs that poll: is it still open, did it succeed, did it fail, or does nobody know.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.api import fields
from ledger.api.endpoints import Endpoint, Reads, one
from ledger.api.shapes import Answer
from ledger.errors import Forbidden, NotFound
from payments.models import Deposit, Transfer, Withdrawal
from payments.models.base import Movement

OUTCOMES = ("pending", "unknown", "succeeded", "failed")
_SUCCEEDED = {
    "deposit": ("captured", "settled", "refunded", "disputed", "dispute_won", "dispute_lost"),
    "withdrawal": ("paid",),
    "transfer": ("confirmed",),
}
_FAILED = {
    "deposit": ("failed", "expired", "cancelled"),
    "withdrawal": ("rejected", "cancelled", "failed", "returned"),
    "transfer": ("refused",),
}


@dataclass(frozen=True)
class Kind:
    """A kind of movement that can be asked about."""

    name: str
    model: type[Movement]
    permission: str


KINDS = {
    model.PREFIX: Kind(model.__name__.lower(), model, f"payments.view_{model.__name__.lower()}")
    for model in (Deposit, Withdrawal, Transfer)
}


class OperationAnswer(Answer):
    id = fields.Text(source="public_id")
    kind = fields.Choice(choices=[kind.name for kind in KINDS.values()])
    state = fields.Text(help_text="The movement's own state.")
    outcome = fields.Choice(choices=OUTCOMES)
    amount = fields.Column()
    currency = fields.Currency()
    created_at = fields.Moment()
    updated_at = fields.Moment()


@dataclass(frozen=True)
class Operation:
    """A movement as `/operations` shows it."""

    public_id: str
    kind: str
    state: str
    outcome: str
    amount: Any
    currency: str
    created_at: datetime
    updated_at: datetime


class OperationItem(Reads):
    """How a movement stands: `pending`, `unknown` (somebody is being asked), `succeeded` or `failed`."""

    permission = {"GET": "payments.view_client"}
    owners = True
    summary = {"GET": "Read the outcome of a movement"}
    answer = OperationAnswer

    def find(self, reference: str) -> Operation:
        kind = KINDS.get(reference.partition("_")[0])
        if kind is None:
            raise NotFound
        return _operation(kind, _movement(self, kind, reference))


def outcome_of(kind: str, state: str) -> str:
    """What a state means to somebody who waits for the outcome."""
    if state in _SUCCEEDED[kind]:
        return "succeeded"
    if state in _FAILED[kind]:
        return "failed"
    return "unknown" if state == "unknown" else "pending"


def _movement(endpoint: Endpoint, kind: Kind, reference: str) -> Any:
    if not endpoint.only_own and not endpoint.actor.may(kind.permission):
        raise Forbidden(f"This needs the permission {kind.permission}.", permission=kind.permission)
    return one(endpoint.own(kind.model._default_manager.all()), pk=kind.model.key(reference))


def _operation(kind: Kind, movement: Any) -> Operation:
    return Operation(
        public_id=movement.public_id,
        kind=kind.name,
        state=movement.state,
        outcome=outcome_of(kind.name, movement.state),
        amount=movement.amount,
        currency=movement.currency,
        created_at=movement.created_at,
        updated_at=movement.updated_at,
    )
