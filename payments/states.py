"""The state graphs of everything that moves money across a boundary, as data.

Each edge has a name, its sources, its target and the permission a person needs. The models' transition methods, the
database's triggers and checks, the admin's buttons and the pictures in `docs/flows/` are all made from these tables.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pgtrigger
from django.db import models
from django_fsm import transition

from ledger.errors import InvalidTransition


@dataclass(frozen=True)
class Edge:
    """One allowed step. `permission` is empty for steps that only the system itself takes."""

    name: str
    sources: tuple[str, ...]
    target: str
    permission: str = ""


@dataclass(frozen=True)
class Graph:
    """All states of one noun and the edges between them; the first state is where it starts."""

    noun: str
    states: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def initial(self) -> str:
        return self.states[0]

    def edge(self, name: str) -> Edge:
        return next(edge for edge in self.edges if edge.name == name)

    def allows(self, name: str, state: str) -> bool:
        return state in self.edge(name).sources

    def from_state(self, state: str) -> Iterator[Edge]:
        return (edge for edge in self.edges if state in edge.sources)

    @property
    def final_states(self) -> tuple[str, ...]:
        return tuple(state for state in self.states if not any(self.from_state(state)))

    def transition(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator for the model method that walks the edge `name` (django-fsm does the walking)."""
        edge = self.edge(name)

        def allowed(instance: models.Model, user: Any) -> bool:
            return not edge.permission or user.has_perm(edge.permission)

        decorate: Callable[[Callable[..., Any]], Callable[..., Any]] = transition(
            field="state", source=list(edge.sources), target=edge.target, permission=allowed
        )
        return decorate

    def trigger(self) -> pgtrigger.FSM:
        """The database's own refusal of a step that is not in this table."""
        return pgtrigger.FSM(
            name=f"{self.noun}_steps",
            field="state",
            transitions=sorted({(s, e.target) for e in self.edges for s in e.sources if s != e.target}),
        )

    def check(self) -> models.CheckConstraint:
        """The database's own refusal of an unknown state."""
        return models.CheckConstraint(
            condition=models.Q(state__in=list(self.states)), name=f"payments_{self.noun}_state"
        )

    def require(self, name: str, state: str) -> None:
        """Raise InvalidTransition unless the edge may be walked from `state`."""
        if not self.allows(name, state):
            article = "An" if self.noun[0] in "aeiou" else "A"
            raise InvalidTransition(
                f"{article} {self.noun} in the state “{state.replace('_', ' ')}” cannot be {_participle(name)}.",
                state=state,
                action=name,
            )


_PARTICIPLES = {
    "send_back": "sent back", "reserve": "reserved", "pay": "paid", "send": "sent", "retry": "tried again",
    "submit": "submitted", "resubmit": "resubmitted", "cancel": "cancelled", "dispute": "disputed",
    "win": "won", "lose": "lost", "win_dispute": "won", "lose_dispute": "lost", "withdraw_funds": "debited",
}  # fmt: skip


def _participle(name: str) -> str:
    return _PARTICIPLES.get(name, f"{name.removesuffix('e')}ed")


DEPOSIT = Graph(
    "deposit",
    ("initiated", "authorised", "captured", "settled", "failed", "expired", "cancelled", "refunded", "disputed",
     "dispute_won", "dispute_lost"),
    (
        Edge("authorise", ("initiated",), "authorised"),
        Edge("capture", ("initiated", "authorised", "failed", "expired", "cancelled", "captured"), "captured"),
        Edge("settle", ("captured", "dispute_won"), "settled"),
        Edge("fail", ("initiated", "authorised"), "failed"),
        Edge("retry", ("failed",), "initiated"),
        Edge("expire", ("initiated", "authorised"), "expired"),
        Edge("cancel", ("initiated", "authorised"), "cancelled"),
        Edge("refund", ("captured", "settled", "dispute_won"), "refunded"),
        Edge("dispute", ("captured", "settled", "refunded", "initiated", "authorised", "failed", "expired",
                         "cancelled", "dispute_won"), "disputed"),
        Edge("win_dispute", ("disputed", "dispute_lost"), "dispute_won"),
        Edge("lose_dispute", ("disputed",), "dispute_lost"),
    ),
)  # fmt: skip

WITHDRAWAL = Graph(
    "withdrawal",
    ("requested", "needs_information", "in_review", "approved", "instructed", "sent", "paid", "rejected", "cancelled",
     "failed", "returned", "unknown"),
    (
        Edge("review", ("requested",), "in_review", "payments.approve_withdrawal"),
        Edge("send_back", ("requested", "in_review"), "needs_information", "payments.approve_withdrawal"),
        Edge("resubmit", ("needs_information",), "requested", "payments.request_withdrawal"),
        Edge("approve", ("requested", "in_review"), "approved", "payments.approve_withdrawal"),
        Edge("reject", ("requested", "in_review", "needs_information"), "rejected", "payments.approve_withdrawal"),
        Edge("cancel", ("requested", "in_review", "needs_information"), "cancelled", "payments.request_withdrawal"),
        Edge("instruct", ("approved",), "instructed"),
        Edge("send", ("instructed", "unknown"), "sent"),
        Edge("doubt", ("instructed", "sent"), "unknown"),
        Edge("pay", ("instructed", "sent", "unknown"), "paid"),
        Edge("fail", ("approved", "instructed", "sent", "unknown"), "failed"),
        Edge("retry", ("failed",), "approved", "payments.retry_withdrawal"),
        Edge("abandon", ("failed",), "rejected", "payments.retry_withdrawal"),
        Edge("return", ("paid",), "returned"),
    ),
)  # fmt: skip

TRANSFER = Graph(
    "transfer",
    ("requested", "reserved", "sent", "confirmed", "refused", "unknown"),
    (
        Edge("reserve", ("requested",), "reserved"),
        Edge("send", ("reserved",), "sent"),
        Edge("confirm", ("sent", "unknown"), "confirmed"),
        Edge("book", ("requested",), "confirmed"),
        Edge("refuse", ("requested", "reserved", "sent", "unknown"), "refused"),
        Edge("doubt", ("sent",), "unknown"),
    ),
)

ADJUSTMENT = Graph(
    "adjustment",
    ("drafted", "awaiting_second_person", "applied", "rejected", "expired"),
    (
        Edge("submit", ("drafted",), "awaiting_second_person", "payments.request_adjustment"),
        Edge("approve", ("awaiting_second_person",), "applied", "payments.approve_adjustment"),
        Edge("reject", ("awaiting_second_person",), "rejected", "payments.approve_adjustment"),
        Edge("expire", ("drafted", "awaiting_second_person"), "expired"),
    ),
)

DISPUTE = Graph(
    "dispute",
    ("opened", "funds_withdrawn", "won", "lost"),
    (
        Edge("withdraw_funds", ("opened",), "funds_withdrawn"),
        Edge("win", ("opened", "funds_withdrawn", "lost"), "won"),
        Edge("lose", ("opened", "funds_withdrawn"), "lost"),
    ),
)

# Not a movement across a boundary: the old system's balances come in once, whole or not at all.
OPENING_IMPORT = Graph(
    "opening_import",
    ("awaiting_second_person", "approved", "applied", "rejected", "failed"),
    (
        Edge("approve", ("awaiting_second_person",), "approved", "payments.approve_opening_import"),
        Edge("reject", ("awaiting_second_person",), "rejected", "payments.approve_opening_import"),
        Edge("apply", ("approved",), "applied"),
        Edge("fail", ("approved",), "failed"),
    ),
)

GRAPHS = (DEPOSIT, WITHDRAWAL, TRANSFER, ADJUSTMENT, DISPUTE)
