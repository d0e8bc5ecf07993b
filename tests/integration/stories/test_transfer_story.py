"""Story: a client trades with part of his money. 1,000 in the wallet, 600 to MT5, 50 lost there, 200 back."""

from ledger.models import Event
from reconciliation.models import ExceptionCase
from tests.integration.payments.transfers.broker import OPS, Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def test_six_hundred_to_mt5_fifty_lost_two_hundred_back(broker: Broker) -> None:
    client = broker.client(wallet="1000")
    account = broker.open(client)
    assert account.login == "1001"

    there = broker.request(account, "to_platform", "600")
    assert broker.wallet(client) == ("1000.00", "600.00"), "on its way, not spent"
    assert broker.trading(account) == ("0.00", "0.00")
    broker.drain()
    assert broker.state(there) == "confirmed"
    assert broker.wallet(client) == ("400.00", "0.00")
    assert broker.trading(account) == ("600.00", "0.00")

    broker.desk("trade", login=account.login, symbol="EURUSD", profit="-48.00", swap="-0.50", commission="-1.50")
    broker.read(account)
    assert broker.trading(account) == ("550.00", "0.00")
    assert broker.house("house/trading-pnl") == 48
    assert broker.house("house/swap") + broker.house("house/commission") == 2

    back = broker.request(account, "from_platform", "200")
    assert broker.trading(account) == ("550.00", "200.00")
    broker.drain()
    assert broker.state(back) == "confirmed"
    assert broker.wallet(client) == ("600.00", "0.00")
    assert broker.trading(account) == ("350.00", "0.00")

    broker.read(account)
    account.refresh_from_db()
    assert account.platform_balance == 350
    assert broker.cases() == []
    broker.assert_both_sides_agree()


def test_every_step_tells_who_did_it(broker: Broker) -> None:
    client = broker.client(wallet="100")
    account = broker.open(client)
    transfer = broker.request(account, "to_platform", "100", actor=OPS)
    broker.drain()

    assert broker.history(account) == ["trading_account.requested", "trading_account.opened"]
    assert broker.history(transfer) == [
        "transfer.requested",
        "transfer.reserved",
        "transfer.sent",
        "transfer.confirmed",
    ]
    reserved, sent = Event.objects.filter(object_ref=transfer.public_id).order_by("id")[1:3]
    assert (reserved.actor, reserved.person, reserved.client_ref) == ("usr_ops", "usr_ops", client.public_id)
    assert reserved.before == {"state": "requested"}
    assert reserved.after == {"state": "reserved", "amount": "100.00", "currency": "USD"}
    assert sent.actor == "system:transfers"


def test_a_transfer_in_doubt_stands_in_the_queue_until_the_history_shows_it(broker: Broker) -> None:
    client, account = broker.funded(wallet="100")
    broker.script({"on": "balance", "do": "drop_after"}, {"on": "history", "do": "lag", "seconds": 60, "times": 2})
    transfer = broker.request(account, "to_platform", "60")
    broker.drain()
    broker.later(seconds=3)
    broker.drain()
    broker.drain("exception.raise")
    case = ExceptionCase.objects.get()
    assert (case.category, case.state, case.object_ref) == ("platform_unknown", "new", transfer.public_id)
    assert (case.client, case.amount) == (client, 60)

    broker.settle_down()
    assert broker.state(transfer) == "confirmed"
    broker.later(seconds=60)
    broker.drain("exception.settled")
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("resolved", "confirmed_elsewhere")
    assert case.resolved_by == "system:reconciliation"


def test_every_kind_of_case_that_a_history_can_raise_reaches_the_queue(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    trade = broker.desk("trade", login=account.login, profit="120")
    gone = broker.desk("trade", login=account.login, profit="7")
    broker.read(account)
    broker.desk("cancel_deal", deal=trade["closed"])
    broker.simulator_sql("delete from deals where deal = ?", gone["closed"])
    broker.row(account, 21, "33")
    broker.later(minutes=6)
    broker.read(account)
    broker.read(account)
    assert broker.drain("exception.raise") == 5
    found = ExceptionCase.objects.filter(client=account.client, currency="USD", object_ref=account.public_id)
    assert set(found.values_list("category", flat=True)) == {
        "unmatched_platform_operation",
        "unmapped_type",
        "platform_row_mutated",
        "platform_row_vanished",
        "drift",
    }
