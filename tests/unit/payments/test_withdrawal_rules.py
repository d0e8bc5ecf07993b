"""The rules of a withdrawal, as the table that compliance reads: facts in, one answer out."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.money import Money
from payments.policy.decision import VERDICTS, Answer, Decision
from payments.policy.rules.withdrawal import DEFAULTS, RULES, WithdrawalFacts


def eur(text: str) -> Money:
    return Money.of(text, "EUR")


GOOD = WithdrawalFacts(
    amount=eur("100"), available=eur("500"), kyc_level="approved", kyc_approved=True, client_state="active",
    paid_before=0, approved_today=eur("0"), payee_is_client=True, payee_active=True, debt=eur("0"),
)  # fmt: skip


def answer(rule: str, parameters: dict[str, str] | None = None, **facts: Any) -> Answer:
    return RULES[rule](replace(GOOD, **facts), parameters if parameters is not None else DEFAULTS.get(rule, {}))


@pytest.mark.parametrize(
    ("rule", "facts", "verdict"),
    [
        ("available_funds", {}, "allow"),
        ("available_funds", {"amount": eur("500")}, "allow"),
        ("available_funds", {"amount": eur("500.01")}, "refuse"),
        ("available_funds", {"available": eur("0")}, "refuse"),
        ("client_active", {}, "allow"),
        ("client_active", {"client_state": "frozen"}, "refuse"),
        ("client_active", {"client_state": "closed"}, "refuse"),
        ("client_active", {"client_state": "a state of tomorrow"}, "refuse"),
        ("first_withdrawal_kyc", {}, "allow"),
        ("first_withdrawal_kyc", {"kyc_approved": False}, "refuse"),
        ("first_withdrawal_kyc", {"kyc_approved": False, "paid_before": 1}, "allow"),
        ("second_approver", {"amount": eur("10000")}, "allow"),
        ("second_approver", {"amount": eur("10000.01")}, "second_approval"),
        ("second_approver", {"amount": eur("0.01"), "approved_today": eur("10000")}, "second_approval"),
        ("second_approver", {"amount": eur("4000"), "approved_today": eur("6000")}, "allow"),
        ("payee", {}, "allow"),
        ("payee", {"payee_is_client": False}, "review"),
        ("payee", {"payee_active": False}, "refuse"),
        ("payee", {"payee_active": False, "payee_is_client": False}, "refuse"),
        ("no_debt", {}, "allow"),
        ("no_debt", {"debt": eur("0.01")}, "refuse"),
    ],
)
def test_the_table(rule: str, facts: dict[str, Any], verdict: str) -> None:
    found = answer(rule, **facts)
    assert (found.rule, found.verdict) == (rule, verdict)
    assert found.staff
    assert bool(found.client) == (verdict != "allow"), "the client is told when, and only when, something is in the way"


@pytest.mark.parametrize(
    ("limit", "verdict"), [("50", "second_approval"), ("100", "allow"), ("99.99", "second_approval")]
)
def test_the_limit_is_a_parameter_and_its_figures_are_shown(limit: str, verdict: str) -> None:
    found = answer("second_approver", {"limit": limit})
    assert found.verdict == verdict
    assert found.figures == {"limit": f"{eur(limit)}", "today_with_this": "100.00 EUR"}


def test_all_is_well_needs_one_approver() -> None:
    decision = Decision.of([answer(rule) for rule in RULES])
    assert (decision.verdict, decision.refusal, decision.approvals_needed) == ("allow", None, 1)


def test_the_most_severe_answer_is_the_decision() -> None:
    answers = [Answer("r", verdict, "staff") for verdict in VERDICTS]
    for count in range(1, len(answers) + 1):
        assert Decision.of(answers[:count]).verdict == VERDICTS[count - 1]
        assert Decision.of(answers[count - 1 :: -1]).verdict == VERDICTS[count - 1], "whatever the order"
    assert Decision.of([]).verdict == "allow"


def test_a_refusal_wins_and_a_second_approval_is_not_forgotten_behind_a_review() -> None:
    decision = Decision.of([
        answer("second_approver", amount=eur("20000")), answer("payee", payee_is_client=False),
        answer("no_debt", debt=eur("1")),
    ])  # fmt: skip
    assert decision.refusal is not None
    assert decision.refusal.rule == "no_debt"
    assert decision.approvals_needed == 2


def test_what_was_decided_is_stored_with_its_figures_and_versions() -> None:
    stored = Decision.of([replace(answer("available_funds"), version=3)]).as_json()
    assert stored == {
        "verdict": "allow",
        "answers": [
            {
                "rule": "available_funds", "verdict": "allow", "staff": "The wallet has enough available money.",
                "client": "", "figures": {"available": "500.00 EUR", "wanted": "100.00 EUR"}, "version": 3,
            }
        ],
    }  # fmt: skip


def test_every_default_belongs_to_a_rule() -> None:
    assert set(DEFAULTS) <= set(RULES)
