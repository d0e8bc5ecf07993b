"""Story: a client trades with part of his money. 1,000 in the wallet, 600 to MT5, 50 lost there, 200 back."""

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
    from ledger.models import Event

    reserved, sent = Event.objects.filter(object_ref=transfer.public_id).order_by("id")[1:3]
    assert (reserved.actor, reserved.person, reserved.client_ref) == ("usr_ops", "usr_ops", client.public_id)
    assert reserved.before == {"state": "requested"}
    assert reserved.after == {"state": "reserved", "amount": "100.00", "currency": "USD"}
    assert sent.actor == "system:transfers"
