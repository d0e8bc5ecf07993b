"""The kinds of exceptions: whoever raises one names a kind that exists and an outcome that it can have."""

import ast
from collections.abc import Iterator

import pytest

from config.env import ROOT
from ledger.errors import InvalidRequest
from payments.roles import PERMISSIONS, ROLES
from reconciliation.categories import CATEGORIES, Category, category

RAISERS = {"raise_exception", "raise_case", "settle_exception", "settled"}


@pytest.mark.parametrize("kind", CATEGORIES.values(), ids=lambda kind: kind.code)
def test_every_kind_says_whose_it_is_how_it_ends_and_what_to_do_first(kind: Category) -> None:
    assert CATEGORIES[kind.code] is kind
    assert kind.team in ROLES
    assert kind.team in PERMISSIONS["reconciliation.work_exception"][1], "the team may work it"
    assert kind.due_in.total_seconds() > 0
    assert kind.title[0].isupper() and kind.next_step.endswith(".")
    codes = [code for code, _ in kind.outcomes]
    assert codes and len(codes) == len(set(codes)) and codes != ["other"]
    assert all(words[0].isupper() for _, words in kind.outcomes)
    assert len(kind.code) <= 40 and all(len(code) <= 40 for code in codes), "they must fit their columns"


@pytest.mark.parametrize("kind", CATEGORIES.values(), ids=lambda kind: kind.code)
def test_no_kind_ends_in_another_kinds_way(kind: Category) -> None:
    for code, _ in kind.outcomes:
        kind.require_outcome(code)
    for wrong in ("", "other", "solved", kind.code.upper()):
        with pytest.raises(InvalidRequest) as refused:
            kind.require_outcome(wrong)
        assert refused.value.param == "outcome"
        assert all(code in refused.value.detail for code, _ in kind.outcomes)


def named() -> Iterator[tuple[str, str]]:
    """Every kind that is named in so many words where a case is raised or settled, with its outcome if any."""
    for package in ("payments", "reconciliation"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                words = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
                if name in RAISERS and "category" in words:
                    yield str(words["category"]), str(words.get("outcome", ""))


def test_only_kinds_and_outcomes_that_exist_are_used() -> None:
    found = set(named())
    assert len(found) >= 8
    assert {kind for kind, _ in found} <= set(CATEGORIES)
    for kind, outcome in found:
        if outcome:
            CATEGORIES[kind].require_outcome(outcome)


def test_an_unknown_kind_is_nobodys_reason_to_lose_a_case() -> None:
    assert category("a kind of tomorrow") is CATEGORIES["stuck_work"]
