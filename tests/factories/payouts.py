"""Withdrawals that are on their way, for tests about what becomes of them."""

from typing import Any

from django.utils import timezone

from ledger.money import Money
from payments.connectors.simulation import RunningSimulator
from payments.models import Client, Withdrawal
from payments.services import withdrawal_decisions, withdrawals
from tests.factories import people
from tests.factories.firm import control


def approved(client: Client, amount: str = "100.00", *, iban: str = people.GERMAN_IBAN) -> Withdrawal:
    """Asked for and approved by as many people as it needs; nothing has been sent yet."""
    now = timezone.now()
    known = client.payment_methods.filter(iban=iban).first()
    withdrawal = withdrawals.request(
        client=client,
        money=Money.of(amount, "EUR"),
        payment_method=known or people.payee(client, iban=iban),
        actor=people.acting(client),
        now=now,
    )
    for _ in range(withdrawal.approvals_needed):
        withdrawal = withdrawal_decisions.approve(
            withdrawal_id=withdrawal.pk,
            content_hash=withdrawal.content_hash,
            actor=people.staff("finance_approver"),
            now=now,
        )
    return withdrawal


def state(withdrawal: Withdrawal) -> str:
    return str(Withdrawal.objects.values_list("state", flat=True).get(pk=withdrawal.pk))


def ordered(bank: RunningSimulator) -> list[dict[str, Any]]:
    """Every payment that the bank has ever taken from us."""
    payments: list[dict[str, Any]] = control(bank, "/_sim/books")["payments"]
    return payments


def debited(bank: RunningSimulator) -> list[str]:
    """What really left our accounts at the bank, line by line."""
    accounts = control(bank, "/_sim/books")["accounts"]
    return [entry["amount"] for account in accounts for entry in account["entries"] if entry["units"] < 0]
