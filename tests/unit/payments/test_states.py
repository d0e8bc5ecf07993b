"""The state graphs: every state can be reached, every edge is a method, and what cannot happen is said in English."""

import pytest
from django_fsm import can_proceed

from ledger.errors import InvalidTransition
from payments.models import Adjustment, Deposit, Dispute, Transfer, Withdrawal
from payments.models.base import Movement
from payments.roles import PERMISSIONS
from payments.states import ADJUSTMENT, DEPOSIT, DISPUTE, GRAPHS, TRANSFER, WITHDRAWAL, Edge, Graph

MODELS: dict[str, type[Movement]] = {
    "deposit": Deposit, "withdrawal": Withdrawal, "transfer": Transfer, "adjustment": Adjustment, "dispute": Dispute,
}  # fmt: skip
EVERY_EDGE = [(graph, edge) for graph in GRAPHS for edge in graph.edges]
graphs = pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.noun)
edges = pytest.mark.parametrize(("graph", "edge"), EVERY_EDGE, ids=lambda part: getattr(part, "name", ""))


def method_of(edge: Edge) -> str:
    return "return_" if edge.name == "return" else edge.name


def reachable(graph: Graph) -> set[str]:
    found, waiting = {graph.initial}, [graph.initial]
    while waiting:
        state = waiting.pop()
        new = {edge.target for edge in graph.from_state(state)} - found
        found |= new
        waiting += new
    return found


@graphs
def test_every_state_can_be_reached_and_every_edge_knows_its_states(graph: Graph) -> None:
    assert reachable(graph) == set(graph.states)
    assert {state for edge in graph.edges for state in (*edge.sources, edge.target)} <= set(graph.states)
    names = [edge.name for edge in graph.edges]
    assert len(names) == len(set(names))


def test_where_things_end() -> None:
    ends = {graph.noun: set(graph.final_states) for graph in GRAPHS}
    assert ends == {
        "deposit": set(),  # a card payment can be disputed for months: nothing about it is ever quite over
        "withdrawal": {"rejected", "cancelled", "returned"},
        "transfer": {"confirmed", "refused"},
        "adjustment": {"applied", "rejected", "expired"},
        "dispute": {"won"},
    }


@graphs
def test_the_models_methods_are_the_edges_and_nothing_else(graph: Graph) -> None:
    model = MODELS[graph.noun]
    walked = {transition.name for transition in model().get_all_state_transitions()}
    assert walked == {method_of(edge) for edge in graph.edges}


@edges
def test_a_method_walks_its_edge_and_from_nowhere_else(graph: Graph, edge: Edge) -> None:
    model = MODELS[graph.noun]
    for state in graph.states:
        row = model(state=state)
        assert can_proceed(getattr(row, method_of(edge))) == (state in edge.sources)
        if state in edge.sources:
            getattr(row, method_of(edge))()
            assert row.state == edge.target  # type: ignore[attr-defined]


@graphs
def test_a_state_is_never_just_assigned(graph: Graph) -> None:
    row = MODELS[graph.noun]()
    with pytest.raises(AttributeError):
        row.state = graph.states[-1]  # type: ignore[attr-defined]


@edges
def test_a_step_of_a_person_has_a_permission_that_exists(graph: Graph, edge: Edge) -> None:
    assert not edge.permission or edge.permission in PERMISSIONS


def test_money_only_leaves_by_the_banks_word_never_by_a_persons() -> None:
    """No edge into paid, returned, confirmed, captured or settled is a person's to walk."""
    decided = {"paid", "returned", "confirmed", "captured", "settled", "refunded", "won", "lost"}
    assert not [(graph.noun, edge.name) for graph, edge in EVERY_EDGE if edge.target in decided and edge.permission]


def test_what_is_open_is_what_still_holds_money() -> None:
    assert set(WITHDRAWAL.states) - set(Withdrawal.OPEN) == {"paid", "rejected", "cancelled", "returned"}


@pytest.mark.parametrize(
    ("graph", "name", "state", "sentence"),
    [
        (
            WITHDRAWAL,
            "approve",
            "needs_information",
            "A withdrawal in the state “needs information” cannot be approved.",
        ),
        (WITHDRAWAL, "cancel", "paid", "A withdrawal in the state “paid” cannot be cancelled."),
        (WITHDRAWAL, "retry", "paid", "A withdrawal in the state “paid” cannot be tried again."),
        (WITHDRAWAL, "resubmit", "paid", "A withdrawal in the state “paid” cannot be resubmitted."),
        (TRANSFER, "reserve", "sent", "A transfer in the state “sent” cannot be reserved."),
        (ADJUSTMENT, "reject", "applied", "An adjustment in the state “applied” cannot be rejected."),
        (DEPOSIT, "refund", "failed", "A deposit in the state “failed” cannot be refunded."),
        (DISPUTE, "lose", "won", "A dispute in the state “won” cannot be lost."),
    ],
)
def test_a_refused_step_says_why(graph: Graph, name: str, state: str, sentence: str) -> None:
    with pytest.raises(InvalidTransition) as refused:
        graph.require(name, state)
    assert refused.value.detail == sentence
    assert refused.value.data == {"state": state, "action": name}
