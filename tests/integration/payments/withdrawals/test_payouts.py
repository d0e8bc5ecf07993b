"""From approval to the bank's last word, with a real bank simulator that can fail in every way."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from ledger.models import Event, Hold
from ledger.money import Money
from payments import dispatch
from payments.connectors.simulation import RunningSimulator
from payments.models import Client, OutboxMessage, Withdrawal
from payments.services import withdrawal_decisions, withdrawal_outcomes, withdrawal_payouts, withdrawals
from reconciliation.models import ExceptionCase
from tests.factories import books, people
from tests.factories.firm import Firm, control

pytestmark = pytest.mark.django_db(transaction=True)


def approved(client: Client, amount: str = "100.00") -> Withdrawal:
    now = timezone.now()
    withdrawal = withdrawals.request(
        client=client,
        money=Money.of(amount, "EUR"),
        payment_method=people.payee(client),
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


@pytest.fixture
def client(firm: Firm) -> Client:
    client = people.client()
    people.fund(client, "500.00")
    return client


def state(withdrawal: Withdrawal) -> str:
    return str(Withdrawal.objects.values_list("state", flat=True).get(pk=withdrawal.pk))


def amounts_paid(bank: RunningSimulator) -> list[str]:
    """Every payment that the bank was ever asked for."""
    return [payment["amount"] for payment in control(bank, "/_sim/books")["payments"]]


def test_a_payout_is_sent_paid_and_found_on_the_statement(firm: Firm, client: Client) -> None:
    bank = firm.open_bank()
    withdrawal = approved(client)
    firm.work_until(lambda: state(withdrawal) == "paid")
    assert books.held(client) == 0
    assert books.balance("psp/sepa/payout") == Decimal("100")
    control(bank, "/_sim/close_day", {})
    firm.work_until(lambda: Withdrawal.objects.get(pk=withdrawal.pk).settled_at is not None)
    assert books.balance("psp/sepa/payout") == 0
    assert books.balance("bank/sepa/client-money") == Decimal("-100")
    steps = list(Event.objects.filter(object_ref=withdrawal.public_id).order_by("id").values_list("type", flat=True))
    assert steps == [
        "withdrawal.requested", "withdrawal.approved", "withdrawal.instructed", "withdrawal.sent",
        "withdrawal.paid", "withdrawal.settled",
    ]  # fmt: skip
    books.assert_sound()


def test_the_firm_keeps_its_fee_and_sends_the_net(firm: Firm, client: Client) -> None:
    from payments.models import PolicyRule

    PolicyRule(code="withdrawal_fee", currency="EUR", parameters={"amount": "1.50"}, made_by="test").save()
    bank = firm.open_bank()
    withdrawal = approved(client)
    firm.work_until(lambda: state(withdrawal) == "paid")
    assert books.balance("house/fees") == Decimal("1.50")
    assert books.balance("psp/sepa/payout") == Decimal("98.50")
    assert amounts_paid(bank) == ["98.50"], "the bank was told the net amount"


def test_a_rejected_payout_keeps_the_money_held_until_a_person_decides(firm: Firm, client: Client) -> None:
    bank = firm.open_bank()
    control(bank, "/_sim/rules", [{"iban": people.GERMAN_IBAN, "outcome": "reject:AC04"}])
    withdrawal = approved(client)
    firm.work_until(lambda: state(withdrawal) == "failed")
    assert books.held(client) == Decimal("100")
    assert ExceptionCase.objects.get(category="payout_failed").object_ref == withdrawal.public_id
    control(bank, "/_sim/rules", [{"iban": people.GERMAN_IBAN, "outcome": "settle"}])
    ops = people.staff("payments_ops")
    withdrawal_outcomes.retry(withdrawal_id=withdrawal.pk, actor=ops, now=timezone.now())
    firm.work_until(lambda: state(withdrawal) == "paid")
    assert list(withdrawal.attempts.values_list("state", flat=True)) == ["rejected", "settled"]
    assert books.balance("psp/sepa/payout") == Decimal("100"), "paid once"


def test_giving_up_on_a_failed_payout_gives_the_money_back(firm: Firm, client: Client) -> None:
    bank = firm.open_bank()
    control(bank, "/_sim/rules", [{"iban": people.GERMAN_IBAN, "outcome": "reject:AC01"}])
    withdrawal = approved(client)
    firm.work_until(lambda: state(withdrawal) == "failed")
    withdrawal_outcomes.abandon(
        withdrawal_id=withdrawal.pk, reason_code="account_invalid", note="Wrong account.",
        actor=people.staff("payments_ops"), now=timezone.now(),
    )  # fmt: skip
    assert books.available(client) == Decimal("500")
    assert Hold.objects.get(pk=withdrawal.hold_id).state == "released"


def test_a_returned_payout_is_the_clients_again(firm: Firm, client: Client) -> None:
    bank = firm.open_bank()
    control(bank, "/_sim/rules", [{"iban": people.GERMAN_IBAN, "outcome": "return:AC06"}])
    withdrawal = approved(client)
    firm.work_until(lambda: state(withdrawal) == "returned")
    assert books.available(client) == Decimal("500")
    control(bank, "/_sim/close_day", {})
    firm.work_until(lambda: Withdrawal.objects.get(pk=withdrawal.pk).settled_at is not None)
    assert books.balance("bank/sepa/client-money") == 0, "out and back again"
    assert books.balance("psp/sepa/payout") == 0
    assert not ExceptionCase.objects.exclude(state="resolved").exists()
    books.assert_sound()


@pytest.mark.parametrize("fault", ["drop_after", "http_500_after"])
def test_a_hand_over_without_an_answer_is_asked_about_and_never_repeated(
    firm: Firm, client: Client, fault: str
) -> None:
    bank = firm.open_bank()
    control(bank, "/_sim/faults", [{"on": "upload", "do": fault, "times": 1}])
    withdrawal = approved(client)
    firm.work(fetch=False)
    assert state(withdrawal) == "unknown"
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        firm.work_until(lambda: state(withdrawal) == "paid")
    assert control(bank, "/_sim/faults")[0]["fired"] == 1
    assert withdrawal.attempts.count() == 1
    assert books.balance("psp/sepa/payout") == Decimal("100")


@pytest.mark.parametrize("fault", ["drop_before", "http_500_before"])
def test_a_file_that_never_arrived_is_handed_over_again_under_the_same_ids(
    firm: Firm, client: Client, fault: str
) -> None:
    bank = firm.open_bank()
    control(bank, "/_sim/faults", [{"on": "upload", "do": fault, "times": 1}])
    withdrawal = approved(client)
    firm.work(fetch=False)
    assert state(withdrawal) == "unknown"
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        firm.work_until(lambda: state(withdrawal) == "paid")
    assert control(bank, "/_sim/faults")[0]["fired"] == 1
    assert list(withdrawal.attempts.values_list("state", flat=True)) == ["settled"]
    assert books.balance("psp/sepa/payout") == Decimal("100")


def test_a_worker_that_dies_between_intention_and_call_leaves_a_doubt_not_a_second_payment(
    firm: Firm, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = firm.open_bank()
    withdrawal = approved(client)

    class Killed(BaseException):
        """Like SIGKILL: no handler of ours may catch it."""

    def die(*args: object) -> None:
        raise Killed

    monkeypatch.setattr(withdrawal_payouts, "_sent", die)
    with pytest.raises(Killed):
        firm.work(fetch=False)
    monkeypatch.undo()
    assert state(withdrawal) == "instructed", "the intention is written, the outcome is not"
    with time_machine.travel(timezone.now() + dispatch.LEASE + timedelta(minutes=2)):
        firm.work_until(lambda: state(withdrawal) == "paid")
    assert withdrawal.attempts.count() == 1
    assert amounts_paid(bank) == ["100.00"], "the bank was asked to pay once"


def test_the_bank_is_down_and_nothing_is_lost(firm: Firm, client: Client) -> None:
    """Provably never sent: the payout fails for now, a person tries again when the bank is back."""
    bank = firm.open_bank()
    bank.stop()
    withdrawal = approved(client)
    firm._running.clear()
    firm.work(fetch=False)
    assert state(withdrawal) == "failed"
    assert books.held(client) == Decimal("100")
    assert OutboxMessage.objects.filter(topic="exception.raise").exists()
