"""A card payment lands in the wallet: whole, with its fee, in part, after a decline, told late, told twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Event, Transaction
from payments.models import ProviderEvent
from payments.services import deposits

from .conftest import Calls, Firm

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_thousand_captured_with_its_fee_of_29(firm: Firm) -> None:
    deposit = firm.paid("1000.00")

    assert deposit.state == "captured"
    assert firm.books() == {
        f"{deposit.client.account_code('wallet')} USD": "1000.00",
        "psp/stripe/clearing USD": "971.00",
        "house/psp-fees USD": "29.00",
    }
    assert str(deposit.fee.normalize()) == "29"
    assert firm.told(deposit) == ["deposit.initiated", "deposit.checkout_ready", "deposit.captured"]
    captured = Event.objects.get(type="deposit.captured")
    assert captured.before["state"] == "initiated"
    assert (captured.after["captured"], captured.after["fee"]) == ("1000.00", "29.00")
    assert captured.client_ref == deposit.client.public_id


def test_everything_delivered_again_changes_nothing(firm: Firm) -> None:
    deposit = firm.paid()
    before = firm.books()

    for _ in range(3):
        firm.hear(deposit)

    assert firm.books() == before
    assert firm.posted() == 1
    assert set(ProviderEvent.objects.values_list("times_received", flat=True)) == {4}


def test_only_the_captured_part_is_credited(firm: Firm) -> None:
    deposit = firm.checkout("1000.00")
    firm.tell("pay", payment_intent=deposit.provider_reference, card_number="4000000000003220")
    firm.hear(deposit)
    assert firm.again(deposit).state == "authorised"
    assert firm.books() == {}

    firm.tell("capture", payment_intent=deposit.provider_reference, amount_to_capture=40000)
    firm.hear(deposit)

    deposit = firm.again(deposit)
    assert (deposit.state, firm.wallet(deposit.client)) == ("captured", "400.00")
    assert firm.balance("psp/stripe/clearing") == "388.40"
    assert firm.balance("house/psp-fees") == "11.60"
    assert deposit.refunded == 0  # the released remainder was never taken


def test_a_declined_card_then_a_good_one(firm: Firm) -> None:
    deposit = firm.checkout()
    firm.tell("pay", payment_intent=deposit.provider_reference, card_number="4000000000009995")
    firm.hear(deposit)
    declined = firm.again(deposit)
    assert (declined.state, declined.failure_code) == ("failed", "insufficient_funds")
    assert firm.books() == {}

    firm.tell("pay", payment_intent=deposit.provider_reference)
    firm.hear(deposit)

    paid = firm.again(deposit)
    assert (paid.state, paid.failure_code, firm.wallet(deposit.client)) == ("captured", "", "1000.00")
    assert firm.cases("late_success") == []


def test_a_message_that_never_came_is_made_good_by_asking(firm: Firm) -> None:
    deposit = firm.checkout()
    firm.tell("pay", payment_intent=deposit.provider_reference)  # nobody delivers anything
    assert firm.work() == 1  # the start, done already; it is too early to ask
    assert firm.again(deposit).state == "initiated"

    firm.work(after=timedelta(minutes=3))

    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("captured", "1000.00")
    assert firm.balance("house/psp-fees") == "29.00"
    firm.hear(deposit)  # and now the message comes after all
    assert (firm.posted(), firm.wallet(deposit.client)) == (1, "1000.00")


def test_asking_while_nothing_is_paid_waits_longer_each_time_and_ends(firm: Firm, calls: Calls) -> None:
    deposit = firm.checkout()

    def asked(hours: float) -> int:
        before = len(calls.outside)
        firm.work(after=timedelta(hours=hours), topics=("deposit.sync",))
        return len(calls.outside) - before

    assert [asked(hours) for hours in (0.01, 0.1, 0.11, 1, 1.2, 6, 24.5, 30.7, 40, 80)] == [
        0, 1, 0, 1, 0, 1, 1, 1, 0, 0
    ]  # fmt: skip
    assert firm.again(deposit).state == "initiated"


def test_sync_by_hand_tells_what_the_provider_knows(firm: Firm) -> None:
    deposit = firm.checkout()
    firm.tell("pay", payment_intent=deposit.provider_reference)

    synced = deposits.sync(deposit_id=deposit.pk, now=timezone.now())

    assert (synced.state, synced.charge_reference[:3]) == ("captured", "ch_")


def test_a_payment_after_expiry_is_credited_once_and_shown_to_people(firm: Firm) -> None:
    deposit = firm.checkout()
    assert deposits.expire_due(now=timezone.now()) == 0
    assert deposits.expire_due(now=timezone.now() + timedelta(hours=25)) == 1
    assert deposits.expire_due(now=timezone.now() + timedelta(hours=25)) == 0
    assert firm.again(deposit).state == "expired"

    firm.tell("pay", payment_intent=deposit.provider_reference)
    firm.hear(deposit)
    firm.hear(deposit)

    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("captured", "1000.00")
    (case,) = firm.cases("late_success")
    assert (case["object_ref"], case["amount"]) == (deposit.public_id, "1000.00")
    assert Transaction.objects.count() == 1


def test_yen_has_no_decimals_and_dinar_three(firm: Firm) -> None:
    yen, dinar = firm.paid("150000", "JPY"), firm.paid("10.250", "KWD")

    assert firm.wallet(yen.client, "JPY") == "150000"
    assert firm.wallet(dinar.client, "KWD") == "10.250"
    assert firm.balance("house/psp-fees", "JPY") == "4350"
