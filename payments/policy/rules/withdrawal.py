"""Rules for withdrawals: pure functions from facts and parameters to an answer. No database, no clock of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.money import Money
from payments.policy.decision import Answer


@dataclass(frozen=True, kw_only=True)
class WithdrawalFacts:
    """Everything the rules may look at, gathered once. All money in the withdrawal's currency."""

    amount: Money
    available: Money
    kyc_level: str
    kyc_approved: bool
    client_state: str
    paid_before: int
    approved_today: Money
    payee_is_client: bool
    payee_active: bool
    debt: Money


Rule = Callable[[WithdrawalFacts, Mapping[str, Any]], Answer]


def available_funds(facts: WithdrawalFacts, parameters: Mapping[str, Any]) -> Answer:
    """Never more than is available: what is held or on its way is not."""
    figures = {"available": str(facts.available), "wanted": str(facts.amount)}
    if facts.amount > facts.available:
        return Answer(
            "available_funds", "refuse", "Not enough available money.",
            f"You have {facts.available} available.", figures,
        )  # fmt: skip
    return Answer("available_funds", "allow", "The wallet has enough available money.", "", figures)


def client_active(facts: WithdrawalFacts, parameters: Mapping[str, Any]) -> Answer:
    if facts.client_state != "active":
        return Answer("client_active", "refuse", f"The client is {facts.client_state}.",
                      "Your account is restricted at the moment. Please contact us.")  # fmt: skip
    return Answer("client_active", "allow", "The client is active.")


def first_withdrawal_kyc(facts: WithdrawalFacts, parameters: Mapping[str, Any]) -> Answer:
    """The first withdrawal needs approved KYC."""
    figures = {"kyc_level": facts.kyc_level, "paid_before": str(facts.paid_before)}
    if facts.paid_before == 0 and not facts.kyc_approved:
        return Answer("first_withdrawal_kyc", "refuse", "First withdrawal and KYC is not approved.",
                      "Before your first withdrawal we have to check your documents.", figures)  # fmt: skip
    return Answer("first_withdrawal_kyc", "allow", "KYC allows it.", "", figures)


def second_approver(facts: WithdrawalFacts, parameters: Mapping[str, Any]) -> Answer:
    """Above the limit two people must approve; what was approved today counts, so splitting does not dodge it."""
    limit = Money.of(Decimal(str(parameters["limit"])), facts.amount.currency)
    day_total = facts.amount + facts.approved_today
    figures = {"limit": str(limit), "today_with_this": str(day_total)}
    if day_total > limit:
        return Answer("second_approver", "second_approval", "Above the limit: a second approver is needed.",
                      "Large withdrawals are checked by a second person.", figures)  # fmt: skip
    return Answer("second_approver", "allow", "One approver is enough.", "", figures)


def payee(facts: WithdrawalFacts, parameters: Mapping[str, Any]) -> Answer:
    if not facts.payee_active:
        return Answer("payee", "refuse", "The payee was removed.", "This bank account was removed.")
    if not facts.payee_is_client:
        return Answer("payee", "review", "The holder's name is not the client's.",
                      "We check that the bank account is yours.")  # fmt: skip
    return Answer("payee", "allow", "The holder is the client.")


def no_debt(facts: WithdrawalFacts, parameters: Mapping[str, Any]) -> Answer:
    if facts.debt:
        return Answer("no_debt", "refuse", f"The client owes {facts.debt}.",
                      f"You owe us {facts.debt} after a disputed card payment.", {"debt": str(facts.debt)})  # fmt: skip
    return Answer("no_debt", "allow", "The client owes nothing.")


RULES: dict[str, Rule] = {
    "available_funds": available_funds,
    "client_active": client_active,
    "first_withdrawal_kyc": first_withdrawal_kyc,
    "second_approver": second_approver,
    "payee": payee,
    "no_debt": no_debt,
}

# Used for a rule and currency that nobody has set yet. The limit is in the currency of the withdrawal.
DEFAULTS: dict[str, dict[str, str]] = {"second_approver": {"limit": "10000"}}
