"""Walking a movement along its state graph: each step saved by itself and told in an event, in the caller's unit of
work. The database refuses a step that the graph does not have, so steps are never skipped."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger import events
from ledger.errors import InvalidTransition
from payments.actors import Actor
from payments.models.base import Movement
from payments.states import Graph


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What made a movement change: who told us, when it happened over there, and when we learned it."""

    actor: Actor
    happened_at: datetime
    now: datetime


def route(graph: Graph, state: str, target: str) -> list[str]:
    """Names of the edges of the shortest way from `state` to `target`. Raises InvalidTransition when there is none."""
    seen: dict[str, list[str]] = {state: []}
    ahead = deque([state])
    while ahead:
        here = ahead.popleft()
        if here == target:
            return seen[here]
        for edge in graph.from_state(here):
            if edge.target not in seen:
                seen[edge.target] = [*seen[here], edge.name]
                ahead.append(edge.target)
    raise InvalidTransition(f"A {graph.noun} that is {state} cannot become {target}.", state=state, action=target)


def walk(
    row: Movement,
    graph: Graph,
    stops: Sequence[str],
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    occasion: Occasion,
    client_ref: str,
    data: Mapping[str, Any] | None = None,
) -> list[str]:
    """Walk `row` through each of `stops`; returns the states it passed. One event `<noun>.<state>` per step.

    `before` and `after` are the figures around the change; the first step carries both. A caller that saves a change
    without any step records its own event."""
    passed: list[str] = []
    figures = dict(before)
    for stop in stops:
        for name in route(graph, row.state, stop):  # type: ignore[attr-defined]  # each movement has a state
            left = row.state  # type: ignore[attr-defined]
            getattr(row, name)()
            row.save()
            passed.append(row.state)  # type: ignore[attr-defined]
            events.record(
                type=f"{graph.noun}.{passed[-1]}",
                object_ref=row.public_id,
                client_ref=client_ref,
                actor=occasion.actor,
                before={**figures, "state": left},
                after={**after, "state": passed[-1]},
                data=data,
                occurred_at=occasion.happened_at,
            )
            figures = dict(after)
    return passed
