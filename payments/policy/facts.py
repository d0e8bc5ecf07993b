"""Gathering the facts that rules look at, and asking all of them: the only part of policy that reads the database."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from ledger import accounts, queries
from ledger.errors import NotFound
from ledger.money import Money
from payments.models import Approval, Client, PaymentMethod, PolicyRule, Withdrawal
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
    own = money if excluding else Money.zero(money.currency)
    return WithdrawalFacts(
        amount=money,
        available=available(client, money.currency) + own,
        kyc_level=client.get_kyc_level_display(),
        kyc_approved=client.kyc_approved,
        client_state=client.state,
        paid_before=earlier.filter(state__in=_PAID).count(),
        approved_today=_approved_since(earlier, money.currency, now - timedelta(hours=24)),
        payee_is_client=payment_method.name_matches,
        payee_active=payment_method.state == PaymentMethod.State.ACTIVE,
        debt=debt(client, money.currency),
    )


def _approved_since(earlier: QuerySet[Withdrawal], currency: str, since: datetime) -> Money:
    """The sum of what was made or approved in this time: an old request that is approved today counts today."""
    changed = earlier.filter(currency=currency, state__in=_APPROVED, updated_at__gte=since)
    rows = {row.public_id: row for row in changed}
    decided = set(
        Approval.objects.filter(
            object_ref__in=list(rows), decision=Approval.Decision.APPROVE, decided_at__gte=since
        ).values_list("object_ref", flat=True)
    )
    counted = (row.amount for key, row in rows.items() if key in decided or row.created_at >= since)
    return Money.of(sum(counted, Decimal(0)), currency)


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
