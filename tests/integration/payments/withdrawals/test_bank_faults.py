"""The bank fails in every way it can, at the first attempt and at a retry: each payout leaves once or stays."""

import threading
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from payments import dispatch
from payments.connectors import registry
from payments.connectors.simulation import RunningSimulator
from payments.models import Client, OutboxMessage, Withdrawal, WithdrawalAttempt
from payments.services import withdrawal_outcomes, withdrawal_payouts
from reconciliation.models import ExceptionCase
from tests.factories import books, people
from tests.factories.firm import Firm, control
from tests.factories.outside import calls_inside_transactions
from tests.factories.payouts import approved, debited, ordered, state

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)

OTHER_IBAN = "AT611904300234573201"
HANGS = 1.2


@pytest.fixture
def client(firm: Firm) -> Client:
    client = people.client()
    people.fund(client, "500.00")
    return client


def open_bank(firm: Firm, settings: Any, *, timeout: float = 0.4) -> RunningSimulator:
    """A bank of which we lose patience soon."""
    bank = firm.open_bank()
    settings.BANK = {"sepa": settings.BANK["sepa"] | {"timeout": timeout}}
    registry.forget()
    return bank


def failed_once(firm: Firm, bank: RunningSimulator, client: Client) -> Withdrawal:
    """A payout that the bank has refused, and that a person has just told to try again."""
    control(bank, "/_sim/rules", [{"iban": OTHER_IBAN, "outcome": "reject:AC04"}])
    withdrawal = approved(client, "70.00", iban=OTHER_IBAN)
    firm.work_until(lambda: state(withdrawal) == "failed")
    control(bank, "/_sim/rules", [])
    ops = people.staff("payments_ops")
    withdrawal_outcomes.retry(withdrawal_id=withdrawal.pk, actor=ops, now=timezone.now())
    return withdrawal


def attempts(withdrawal: Withdrawal) -> list[str]:
    return list(withdrawal.attempts.order_by("number").values_list("state", flat=True))


UNCLEAR = ("drop_before", "http_500_before", "hang_before", "drop_after", "http_500_after", "hang_after")


@pytest.mark.parametrize("fault", UNCLEAR)
def test_without_an_answer_each_payout_leaves_exactly_once(
    firm: Firm, client: Client, settings: Any, fault: str
) -> None:
    bank = open_bank(firm, settings)
    again = failed_once(firm, bank, client)
    first = approved(client)
    control(bank, "/_sim/faults", [{"on": "upload", "do": fault, "times": 2, "seconds": HANGS}])
    firm.work(fetch=False)
    assert {state(first), state(again)} == {"unknown"}
    assert books.held(client) == Decimal(170)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        firm.work_until(lambda: state(first) == state(again) == "paid")
        time.sleep(HANGS if fault.startswith("hang") else 0)  # whatever was still on its way has arrived by now
        firm.work()
    assert control(bank, "/_sim/faults")[0]["fired"] == 2
    assert sorted(debited(bank)) == ["-100.00", "-70.00"], "the bank's own books: each left once"
    assert (attempts(first), attempts(again)) == (["settled"], ["rejected", "settled"])
    assert (books.held(client), books.available(client)) == (0, Decimal(330))
    assert books.balance("psp/sepa/payout") == Decimal(170)
    books.assert_sound()


@pytest.mark.parametrize(
    ("fault", "data"),
    [("refuse", {"code": "invalid_file", "message": "no"}), ("reject_later", {"reason": "FF01"})],
)
def test_a_refusal_of_the_whole_file_keeps_the_money_held_until_a_person_says(
    firm: Firm, client: Client, settings: Any, fault: str, data: dict[str, str]
) -> None:
    bank = open_bank(firm, settings)
    again = failed_once(firm, bank, client)
    first = approved(client)
    control(bank, "/_sim/faults", [{"on": "upload", "do": fault, "times": 2, "data": data}])
    firm.work_until(lambda: state(first) == state(again) == "failed")
    assert control(bank, "/_sim/faults")[0]["fired"] == 2
    assert debited(bank) == []
    assert books.held(client) == Decimal(170), "nobody has decided yet"
    firm.work()
    open_cases = ExceptionCase.objects.filter(category="payout_failed", state="new")
    assert {row.object_ref for row in open_cases} == {first.public_id, again.public_id}
    ops = people.staff("payments_ops")
    withdrawal_outcomes.retry(withdrawal_id=first.pk, actor=ops, now=timezone.now())
    withdrawal_outcomes.abandon(
        withdrawal_id=again.pk, reason_code="bank_refused", note="Twice now.", actor=ops, now=timezone.now()
    )
    firm.work_until(lambda: state(first) == "paid")
    assert debited(bank) == ["-100.00"]
    assert (attempts(first), attempts(again)) == (["rejected", "settled"], ["rejected", "rejected"])
    assert (books.held(client), books.available(client)) == (0, Decimal(400))
    ends = ExceptionCase.objects.filter(category="payout_failed").values_list("outcome", flat=True)
    assert sorted(ends) == ["given_back", "retried", "retried"], "what was done is the outcome of the case"
    books.assert_sound()


def test_a_copy_that_arrives_after_the_second_one_is_not_paid(firm: Firm, client: Client, settings: Any) -> None:
    """We gave up, the bank said it had nothing, we handed over again, and then the first copy arrived after all."""
    bank = open_bank(firm, settings)
    control(bank, "/_sim/faults", [{"on": "upload", "do": "hang_before", "times": 1, "seconds": 2.5}])
    withdrawal = approved(client)
    sent = time.monotonic()
    firm.work(fetch=False)
    assert state(withdrawal) == "unknown"
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        firm.work(fetch=False)
        assert time.monotonic() - sent < 2.4, "the first copy is still on its way"
        assert state(withdrawal) == "sent", "the second copy is with the bank"
        time.sleep(max(0.0, 2.7 - (time.monotonic() - sent)))
        firm.work_until(lambda: state(withdrawal) == "paid")
        firm.work()
    assert len(ordered(bank)) == 1, "the bank took one of the two"
    assert debited(bank) == ["-100.00"]
    assert attempts(withdrawal) == ["settled"]
    told = [event.type for event in events(withdrawal)]
    assert told.count("withdrawal.not_received") == 1
    books.assert_sound()


def events(withdrawal: Withdrawal) -> list[Any]:
    from ledger.models import Event

    return list(Event.objects.filter(object_ref=withdrawal.public_id).order_by("id"))


def test_a_worker_that_slept_before_its_call_does_not_pay_a_second_time(
    firm: Firm, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up after its lease, when others have asked, handed over and seen it paid. Its copy has the same ids."""
    bank = open_bank(firm, settings)
    withdrawal = approved(client)
    connector = registry.bank("sepa")
    original, slept = connector.send_payouts, []

    def sleepy(**call: Any) -> Any:
        if not slept:
            slept.append(True)
            with time_machine.travel(timezone.now() + dispatch.LEASE + timedelta(seconds=5)):
                firm.work(fetch=False)
                assert state(withdrawal) == "unknown", "another worker took it over and is in doubt"
            with time_machine.travel(timezone.now() + dispatch.LEASE + timedelta(minutes=3)):
                firm.work_until(lambda: state(withdrawal) == "paid")
        return original(**call)

    monkeypatch.setattr(connector, "send_payouts", sleepy)
    firm.work(fetch=False)
    assert slept
    assert debited(bank) == ["-100.00"]
    assert len(ordered(bank)) == 1
    assert (state(withdrawal), attempts(withdrawal)) == ("paid", ["settled"])
    books.assert_sound()


def test_the_quiet_time_is_longer_than_a_hand_over_may_take() -> None:
    from payments.connectors.bank.sepa.client import MailboxClient

    patience = MailboxClient.__init__.__kwdefaults__["timeout"]
    assert withdrawal_payouts.QUIET.total_seconds() >= 3 * patience
    assert dispatch.LEASE.total_seconds() > patience


def test_quiet_is_counted_from_giving_up_not_from_the_beginning(
    firm: Firm, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = open_bank(firm, settings)
    control(bank, "/_sim/faults", [{"on": "upload", "do": "hang_after", "times": 1, "seconds": HANGS}])
    withdrawal = approved(client)
    before = timezone.now()
    dispatch.drain(topics=("withdrawal.instruct",), now=before)
    attempt = WithdrawalAttempt.objects.get(withdrawal=withdrawal)
    assert attempt.state == "unknown"
    assert attempt.sent_at is not None
    assert attempt.sent_at >= before + timedelta(seconds=0.4), "the time that the call took counts"


def test_while_the_bank_cannot_be_asked_nothing_is_sent_and_a_person_is_told(
    firm: Firm, client: Client, settings: Any
) -> None:
    bank = open_bank(firm, settings)
    control(bank, "/_sim/faults", [
        {"on": "upload", "do": "drop_before", "times": 1}, {"on": "message", "do": "http_500", "times": -1},
    ])  # fmt: skip
    withdrawal = approved(client)
    firm.work(fetch=False)
    for minutes in (1, 2, 5, 30):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            firm.work()
        assert state(withdrawal) == "unknown"
    assert ordered(bank) == []
    case = ExceptionCase.objects.get(category="unknown_outcome")
    assert (case.object_ref, case.state) == (withdrawal.public_id, "new")
    control(bank, "/_sim/faults", [])
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        firm.work_until(lambda: state(withdrawal) == "paid")
        firm.work()
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("resolved", "confirmed_elsewhere"), "answered by itself"
    assert debited(bank) == ["-100.00"]


def test_a_bank_that_goes_down_in_between_leaves_the_doubt_a_doubt(firm: Firm, client: Client, settings: Any) -> None:
    """The second copy could not be sent: that says nothing about the first one, so nothing has failed."""
    bank = open_bank(firm, settings)
    control(bank, "/_sim/faults", [{"on": "upload", "do": "drop_before", "times": 1}])
    withdrawal = approved(client)
    firm.work(fetch=False)
    attempt = withdrawal.attempts.get()
    later = timezone.now() + timedelta(minutes=2)
    connector = registry.bank("sepa")
    assert connector.knows_message(message_id=attempt.message_id) is False
    bank.stop()
    firm._running.clear()
    with pytest.raises(dispatch.Later):
        withdrawal_payouts._hand_over_again(attempt.pk, later)
    assert (state(withdrawal), attempts(withdrawal)) == ("unknown", ["unknown"])
    assert books.held(client) == Decimal(100)


def test_a_bank_that_takes_it_and_is_silent_is_reported_after_two_days(
    firm: Firm, client: Client, settings: Any
) -> None:
    bank = open_bank(firm, settings)
    control(bank, "/_sim/rules", [{"iban": people.GERMAN_IBAN, "outcome": "silent"}])
    withdrawal = approved(client)
    firm.work()
    assert state(withdrawal) == "sent"
    assert withdrawal_payouts.report_silent(now=timezone.now() + timedelta(days=2, minutes=-1)) == 0
    soon = timezone.now() + timedelta(days=2, minutes=1)
    assert withdrawal_payouts.report_silent(now=soon) == withdrawal_payouts.report_silent(now=soon) == 1
    firm.work()
    assert ExceptionCase.objects.get().object_ref == withdrawal.public_id
    control(bank, "/_sim/close_day", {})
    firm.work()
    assert state(withdrawal) == "sent", "a person was told; only the bank's word moves it"


def test_four_workers_at_once_send_each_payout_once(firm: Firm, settings: Any) -> None:
    bank = open_bank(firm, settings, timeout=5)
    payouts = []
    for number in range(6):
        client = people.client()
        people.fund(client, "500.00")
        payouts.append(approved(client, f"{10 + number}.00"))
    start = threading.Barrier(4)

    def worker() -> None:
        try:
            start.wait()
            dispatch.drain(limit=100, now=timezone.now())
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    firm.work_until(lambda: all(state(payout) == "paid" for payout in payouts))
    assert sorted(debited(bank)) == [f"-{10 + number}.00" for number in range(6)]
    assert WithdrawalAttempt.objects.count() == 6
    assert not OutboxMessage.objects.exclude(last_error="").exists()
    books.assert_sound()
