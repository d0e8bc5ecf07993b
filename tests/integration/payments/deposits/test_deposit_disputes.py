"""Disputes: opening one moves nothing; the withdrawal takes the wallet first and becomes debt after that; winning gives
it back; the next deposit repays what is owed."""

import random
from decimal import Decimal
from typing import Any

import pytest

from ledger import accounts
from ledger.models import Entry, Event, Transaction
from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.connectors.psp.stripe.simulated import refunds
from payments.connectors.psp.stripe.simulated.events import ENABLED as DELIVERED
from payments.models import Client, Deposit, Dispute, ProviderEvent
from payments.services.posting import post_recipe

from .conftest import AtOnce, Firm

pytestmark = pytest.mark.django_db(transaction=True)


def to_trading(client: Client, amount: str) -> None:
    """The client sends money on to a trading account."""
    source, target = client.account_code("wallet"), client.account_code("trading", "mt5", "1001")
    post_recipe(
        postings.transferred(source=source, target=target, money=Money.of(amount, "USD")),
        source=Source("test", "transfer", f"{client.public_id}:{amount}"),
    )


def disputed(firm: Firm, deposit: Deposit, **how: Any) -> Deposit:
    firm.tell("dispute", payment_intent=deposit.provider_reference, **how)
    firm.hear(deposit)
    return firm.again(deposit)


def test_opening_a_dispute_moves_no_money(firm: Firm) -> None:
    deposit = firm.paid()
    before = firm.books()
    firm.tell("dispute", payment_intent=deposit.provider_reference)
    (opened,) = firm.messages(deposit.provider_reference, kind="charge.dispute.created")
    firm.deliver(opened)
    firm.work()

    deposit = firm.again(deposit)
    assert (deposit.state, deposit.disputed, firm.books()) == ("disputed", 0, before)
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.withdrawn_at, dispute.reason_code) == ("opened", None, "fraudulent")
    assert firm.cases("dispute")[0]["object_ref"] == dispute.public_id


def test_an_inquiry_that_comes_to_nothing_costs_nothing(firm: Firm) -> None:
    deposit = firm.paid()
    before = firm.books()

    deposit = disputed(firm, deposit, inquiry=True)
    dispute = Dispute.objects.get()
    firm.tell("dispute_close", dispute=dispute.provider_reference, outcome="won")
    firm.hear(deposit)

    assert (firm.again(deposit).state, firm.books()) == ("dispute_won", before)


def test_a_chargeback_takes_the_wallet_and_its_fee_is_the_firms(firm: Firm) -> None:
    deposit = disputed(firm, firm.paid())

    assert (deposit.state, deposit.disputed) == ("disputed", Decimal(1000))
    assert firm.books() == {
        "house/psp-fees USD": "29.00",
        "house/chargeback-fees USD": "15.00",
        "psp/stripe/clearing USD": "-44.00",
    }
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.fee) == ("funds_withdrawn", Decimal(15))
    assert firm.cases("client_debt") == []
    types = Event.objects.filter(object_ref=dispute.public_id).order_by("id").values_list("type", flat=True)
    assert list(types) == ["dispute.opened", "dispute.funds_withdrawn"]


def test_a_lost_dispute_stays_taken(firm: Firm) -> None:
    deposit = disputed(firm, firm.paid())
    before = firm.books()

    firm.tell("dispute_close", payment_intent=deposit.provider_reference, outcome="lost")
    firm.hear(deposit)

    assert (firm.again(deposit).state, firm.books()) == ("dispute_lost", before)
    assert Dispute.objects.get().state == "lost"


@pytest.mark.parametrize(("return_fee", "fee"), [(True, "0.00"), (False, "15.00")])
def test_a_won_dispute_gives_it_back(firm: Firm, return_fee: bool, fee: str) -> None:
    deposit = disputed(firm, firm.paid())

    firm.tell("dispute_close", payment_intent=deposit.provider_reference, outcome="won", return_fee=return_fee)
    firm.hear(deposit)
    firm.hear(deposit)

    deposit = firm.again(deposit)
    assert (deposit.state, deposit.reinstated, firm.wallet(deposit.client)) == (
        "dispute_won",
        Decimal(1000),
        "1000.00",
    )
    assert firm.balance("house/chargeback-fees") == fee
    assert firm.balance("psp/stripe/clearing") == str(971 - Decimal(fee))
    returned = Transaction.objects.filter(reason="CHARGEBACK_FEE_REVERSAL")
    assert [one.reverses.reason_id for one in returned] == (["CHARGEBACK_FEE"] if return_fee else [])


def test_after_the_money_went_to_trading_the_rest_is_the_clients_debt(firm: Firm) -> None:
    """F24: the shortfall is shown, not lost, and the next deposit repays it first."""
    deposit = firm.paid()
    client = deposit.client
    to_trading(client, "600.00")

    disputed(firm, deposit)

    assert (firm.wallet(client), firm.debt(client)) == ("0.00", "600.00")
    (case,) = firm.cases("client_debt")
    assert (case["client"], case["amount"]) == (client.public_id, "600.00")

    small = firm.paid("250.00", client=client)
    assert (firm.wallet(client), firm.debt(client)) == ("0.00", "350.00")
    large = firm.paid("500.00", client=client)
    assert (firm.wallet(client), firm.debt(client)) == ("150.00", "0.00")
    recovered = Transaction.objects.filter(reason="DEBT_RECOVERY").order_by("id")
    assert [one.metadata["deposit"] for one in recovered] == [small.public_id, large.public_id]
    entries = Entry.objects.filter(transaction=recovered[1], amount__gt=0)
    assert [(entry.account.kind, entry.amount) for entry in entries] == [("debt", Decimal(350))]


def test_a_dispute_won_repays_the_debt_first(firm: Firm) -> None:
    deposit = firm.paid()
    to_trading(deposit.client, "600.00")
    disputed(firm, deposit)

    firm.tell("dispute_close", payment_intent=deposit.provider_reference, outcome="won")
    firm.hear(deposit)

    assert (firm.wallet(deposit.client), firm.debt(deposit.client)) == ("400.00", "0.00")


def test_captured_told_after_the_chargeback_never_leaves_a_credit(firm: Firm) -> None:
    """F10: the dispute is the first we hear of the payment at all."""
    deposit = firm.checkout()
    firm.tell("pay", payment_intent=deposit.provider_reference)
    firm.tell("dispute", payment_intent=deposit.provider_reference)
    (withdrawn,) = firm.messages(deposit.provider_reference, kind="charge.dispute.funds_withdrawn")
    firm.deliver(withdrawn)
    firm.work()

    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("disputed", "0.00")
    commits = set(
        Transaction.objects.filter(reason__in=("DEPOSIT_CAPTURED", "CHARGEBACK")).values_list("xid", flat=True)
    )
    assert len(commits) == 1  # both in one commit: nobody could spend in between
    assert firm.told(deposit) == ["deposit.initiated", "deposit.checkout_ready", "deposit.captured", "deposit.disputed"]

    firm.hear(deposit)

    assert (firm.wallet(deposit.client), firm.debt(deposit.client)) == ("0.00", "0.00")
    assert firm.posted("DEPOSIT_CAPTURED") == 1


def test_a_partial_dispute_then_a_refund_of_the_rest(firm: Firm) -> None:
    deposit = disputed(firm, firm.paid(), amount=40000)
    assert (deposit.state, firm.wallet(deposit.client)) == ("disputed", "600.00")

    firm.tell("dispute_close", payment_intent=deposit.provider_reference, outcome="won")
    firm.hear(deposit)

    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("dispute_won", "1000.00")


def test_chargebacks_of_several_deposits_at_once_never_take_more_than_there_is(firm: Firm, at_once: AtOnce) -> None:
    client = firm.client()
    paid = [firm.paid("100.00", client=client) for _ in range(6)]
    to_trading(client, "350.00")
    for deposit in paid:
        firm.tell("dispute", payment_intent=deposit.provider_reference)
        for event in firm.messages(deposit.provider_reference, kind="charge.dispute.funds_withdrawn"):
            firm.deliver(event)

    results = at_once(6, lambda place: firm.work(topics=("provider_event.process",)))

    assert [result for result in results if isinstance(result, BaseException)] == []
    assert firm.troubles() == []
    assert (firm.wallet(client), firm.debt(client)) == ("0.00", "350.00")
    assert firm.posted("CHARGEBACK") == 6


def test_deposits_and_chargebacks_at_once_add_up(firm: Firm, at_once: AtOnce) -> None:
    client = firm.client()
    old = firm.paid("300.00", client=client)
    to_trading(client, "300.00")
    firm.tell("dispute", payment_intent=old.provider_reference)
    fresh = [firm.checkout("100.00", client=client) for _ in range(5)]
    for deposit in fresh:
        firm.tell("pay", payment_intent=deposit.provider_reference)
    for deposit in (*fresh[:2], old, *fresh[2:]):
        for event in firm.messages(deposit.provider_reference):
            firm.take(event)

    results = at_once(6, lambda place: firm.work(topics=("provider_event.process",)))

    assert [result for result in results if isinstance(result, BaseException)] == []
    assert (firm.wallet(client), firm.debt(client)) == ("200.00", "0.00")
    assert firm.troubles() == []
    assert {deposit.state for deposit in map(firm.again, fresh)} == {"captured"}


def test_the_frozen_wallet_of_a_client_does_not_stop_what_happened_elsewhere(firm: Firm) -> None:
    deposit = firm.paid()
    wallet = accounts.find(deposit.client.account_code("wallet"), "USD")
    accounts.set_status(account_id=wallet.id, status="frozen")

    deposit = disputed(firm, deposit)

    assert (deposit.state, firm.wallet(deposit.client)) == ("disputed", "0.00")


def test_a_heap_of_messages_worked_on_by_six_at_once_adds_up(firm: Firm, at_once: AtOnce) -> None:
    """Captures, refunds, chargebacks and their return, for one client, in one shuffled heap."""
    client, dice = firm.client(), random.Random(11)
    for place in range(8):
        deposit = firm.checkout("100.00", client=client)
        firm.tell("pay", payment_intent=deposit.provider_reference)
        if place % 2:
            with firm.simulator.book() as book:
                refunds.create(book, {"payment_intent": deposit.provider_reference, "amount": "1000"})
        if place % 4 > 1:
            firm.tell("dispute", payment_intent=deposit.provider_reference)
        if place % 8 > 5:
            firm.tell("dispute_close", payment_intent=deposit.provider_reference, outcome="won")
    heap = [event for event in firm.messages() if event["type"] in DELIVERED] * 2
    dice.shuffle(heap)
    for event in heap:
        firm.take(event)

    results = at_once(6, lambda place: firm.work(topics=("provider_event.process",)))

    assert [result for result in results if isinstance(result, BaseException)] == []
    assert firm.troubles() == []
    # 8 paid, 4 refunded by 10, 4 charged back whole or less their refund, 2 of these returned
    assert (firm.wallet(client), firm.debt(client)) == (f"{800 - 40 - 380 + 190}.00", "0.00")
    assert set(ProviderEvent.objects.values_list("state", flat=True)) == {"processed"}
