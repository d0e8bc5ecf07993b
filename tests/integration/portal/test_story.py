"""The story behind a reference: the same for everybody who may ask, with what belongs to it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger import posting
from ledger.errors import NotFound
from portal.queries import story, trading
from tests.integration.portal.world import World, full_history

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def test_a_deposit_tells_of_its_refund_and_its_dispute() -> None:
    world = World()
    deposit = world.deposit("400.00", "USD")
    refund, dispute = world.refund(deposit, "50.00", "sent"), world.dispute(deposit, "100.00")
    told = story.of(deposit.public_id, now=NOW, client=world.client)
    assert [line.reference for line in told.related] == [refund.public_id, dispute.public_id]
    back = story.of(refund.public_id, now=NOW, client=world.client)
    assert [line.reference for line in back.related] == [deposit.public_id]


def test_a_correction_leads_to_what_it_corrects_and_back() -> None:
    world = World()
    world.deposit("100.00")
    fee = world.post("DEPOSIT_FEE", "wallet", "house/fees", "2.50", "EUR")
    reversal = posting.reverse(transaction_id=fee.id, description="charged by mistake")
    told = story.of(reversal.public_id, now=NOW, client=world.client)
    assert str(told.line.title) == "Correction of “Deposit fee”"
    assert told.line.kind == "correction" and told.line.direction == "in"
    assert [line.reference for line in told.related] == [fee.public_id]
    assert [line.reference for line in story.of(fee.public_id, now=NOW).related] == [reversal.public_id]


def test_a_return_leads_to_its_withdrawal() -> None:
    from ledger.posting import Source, credit, debit

    world = World()
    world.deposit("100.00")
    made = world.withdrawal("40.00", world.payee(), "paid")
    back = posting.post(
        reason="WITHDRAWAL_RETURNED",
        legs=[
            debit(posting_account("bank/sepa/client-money"), made.amount),
            credit(world.account("wallet", "EUR"), made.amount),
        ],
        source=Source("payments", "withdrawal_returned", made.public_id),
    )
    told = story.of(made.public_id, now=NOW, client=world.client)
    assert [line.reference for line in told.related] == [back.public_id]
    assert [line.reference for line in story.of(back.public_id, now=NOW).related] == [made.public_id]


def posting_account(code: str):
    from ledger import accounts

    return accounts.ref(code, "EUR")


def test_staff_find_the_owner_by_the_reference_alone() -> None:
    world, other = World(), World()
    full_history(world, NOW)
    full_history(other, NOW)
    for row in (*world.client.withdrawals.all(), *world.client.transfers.all(), *world.client.deposits.all()):
        told = story.of(row.public_id, now=NOW)
        assert told.client == world.client
        assert told.line.reference == row.public_id
        with pytest.raises(NotFound):
            story.of(row.public_id, now=NOW, client=other.client)


def test_a_transaction_between_two_clients_is_told_to_each_from_his_side() -> None:
    one, other = World(), World()
    one.deposit("100.00")
    posted = posting.post(
        reason="CLIENT_INTERNAL_TRANSFER",
        legs=[
            posting.debit(one.account("wallet", "EUR"), one.client.deposits.get().amount),
            posting.credit(other.account("wallet", "EUR"), one.client.deposits.get().amount),
        ],
    )
    mine = story.of(posted.public_id, now=NOW, client=one.client)
    theirs = story.of(posted.public_id, now=NOW, client=other.client)
    assert [line.direction for line in mine.lines] == ["out"]
    assert [line.direction for line in theirs.lines] == ["in"]


@pytest.mark.parametrize("reference", ["", "wd_", "wd_00", "cl_" + "0" * 26, "txn_" + "0" * 26, "wd_" + "0" * 26])
def test_what_does_not_exist_is_not_found(reference: str) -> None:
    with pytest.raises(NotFound):
        story.of(reference, now=NOW)


def test_a_trading_day_is_paged_and_adds_up() -> None:
    world = World()
    account = world.trading_account()
    noon = (NOW - timedelta(days=3)).replace(hour=11, minute=0, second=0, microsecond=0)
    for minute in range(7):
        world.trade(account, "1.00", noon + timedelta(minutes=minute), ticket=f"T{minute}")
    first = trading.day(world.client, account=account, of=noon.date(), limit=5)
    second = trading.day(world.client, account=account, of=noon.date(), after=first.next or 0, limit=5)
    assert [line.ticket for line in (*first.lines, *second.lines)] == [f"T{minute}" for minute in range(7)]
    assert (first.total + second.total).text == "7.00" and second.next is None
    assert second.lines[-1].balance is not None and second.lines[-1].balance.text == "7.00"
    with pytest.raises(NotFound):
        trading.day(world.client, account=account, of=noon.date() - timedelta(days=1))
