"""Gathering the facts that rules look at, and asking all of them: the only part of policy that reads the database."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Sum

from ledger import accounts, queries
from ledger.errors import NotFound
from ledger.money import Money
from payments.models import Client, PaymentMethod, PolicyRule, Withdrawal
from payments.policy.decision import Answer, Decision
from payments.policy.rules.withdrawal import DEFAULTS, RULES, WithdrawalFacts

_PAID = ("paid", "returned")
_APPROVED = ("approved", "instructed", "sent", "paid", "unknown", "failed")


def available(client: Client, currency: str) -> Money:
    """What the client's wallet has available now: posted minus what is on its way out. Zero without a wallet."""
    return _available(client.account_code("wallet"), currency)


def debt(client: Client, currency: str) -> Money:
    """What the client owes the firm in that currency."""
    return _available(client.account_code("debt"), currency)


def _available(code: str, currency: str) -> Money:
    try:
        account = accounts.find(code, currency)
    except NotFound:
        return Money.zero(currency)
    return Money.of(queries.balance_of(account.id).available, currency)


def withdrawal_facts(
    *, client: Client, money: Money, payment_method: PaymentMethod, now: datetime, excluding: Withdrawal | None = None
) -> WithdrawalFacts:
    """Everything the withdrawal rules may look at. `excluding`: a withdrawal that already holds its own money."""
    earlier = Withdrawal.objects.filter(client=client)
    if excluding:
        earlier = earlier.exclude(pk=excluding.pk)
    today = earlier.filter(
        currency=money.currency, state__in=_APPROVED, created_at__gte=now - timedelta(hours=24)
    ).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    own = money if excluding else Money.zero(money.currency)
    return WithdrawalFacts(
        amount=money,
        available=available(client, money.currency) + own,
        kyc_level=client.get_kyc_level_display(),
        kyc_approved=client.kyc_approved,
        client_state=client.state,
        paid_before=earlier.filter(state__in=_PAID).count(),
        approved_today=Money.of(today, money.currency),
        payee_is_client=payment_method.name_matches,
        payee_active=payment_method.state == PaymentMethod.State.ACTIVE,
        debt=debt(client, money.currency),
    )


def decide_withdrawal(facts: WithdrawalFacts) -> Decision:
    """Ask every withdrawal rule, each with its active parameters for this currency."""
    active = _active_rules(facts.amount.currency)
    answers = []
    for code, rule in RULES.items():
        parameters, version = active.get(code, (DEFAULTS.get(code, {}), 0))
        answer = rule(facts, parameters)
        answers.append(Answer(answer.rule, answer.verdict, answer.staff, answer.client, answer.figures, version))
    return Decision.of(answers)


def _active_rules(currency: str) -> dict[str, tuple[dict[str, str], int]]:
    rows = PolicyRule.objects.filter(active=True, currency__in=["", currency]).order_by("currency")
    return {row.code: (row.parameters, row.version) for row in rows}
