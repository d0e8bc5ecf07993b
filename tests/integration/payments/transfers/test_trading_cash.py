"""Cash on a trading account: one row of the platform for one transfer of ours, and nothing else."""

from tests.integration.payments.transfers.broker import Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def test_cash_that_no_transfer_asked_for_is_a_case(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    tickets = [
        broker.row(account, 2, "500", comment="Deposit"),
        broker.row(account, 2, "-10"),
        broker.row(account, 2, "10", comment="WW00000000000000000A transfer"),
    ]
    reading = broker.read(account)
    assert reading.unmatched == tickets
    assert broker.trading(account) == ("100.00", "0.00")
    assert [case["category"] for case in broker.cases()] == ["unmatched_platform_operation"] * 3
    assert [case["amount"] for case in broker.cases()] == ["500.00", "-10.00", "10.00"]


def test_the_import_settles_a_transfer_in_doubt_when_it_meets_its_row(broker: Broker) -> None:
    client, account = broker.funded(wallet="500")
    broker.script({"on": "balance", "do": "drop_after"})
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    assert broker.state(transfer) == "unknown"
    reading = broker.read(account)
    transfer.refresh_from_db()
    assert transfer.state == "confirmed"
    assert reading.paired == [transfer.platform_ticket]
    assert broker.wallet(client) == ("300.00", "0.00")
    broker.settle_down()
    broker.later(seconds=5)
    broker.drain()
    assert broker.history(transfer).count("transfer.confirmed") == 1
    broker.assert_both_sides_agree()


def test_a_transfers_token_on_another_account_or_amount_proves_nothing(broker: Broker) -> None:
    _, account = broker.funded(wallet="500")
    _, other = broker.funded(trading="10")
    broker.script({"on": "balance", "do": "drop_before"})
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    elsewhere = broker.row(other, 2, "200", comment=f"{transfer.token} transfer")
    less = broker.row(account, 2, "199", comment=f"{transfer.token} transfer")
    longer = broker.row(account, 2, "200", comment=f"{transfer.token}X transfer")
    assert broker.read(other).unmatched == [elsewhere]
    assert broker.read(account).unmatched == [less, longer]
    assert broker.state(transfer) == "unknown"


def test_the_row_of_a_transfer_that_was_given_back_is_a_case(broker: Broker) -> None:
    client, account = broker.funded(wallet="500")
    broker.script({"on": "balance", "do": "refuse"})
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    assert broker.state(transfer) == "refused"
    late = broker.row(account, 2, "200", comment=f"{transfer.token} transfer")
    assert broker.read(account).unmatched == [late]
    assert broker.wallet(client) == ("500.00", "0.00")
    assert "refused" in broker.cases("unmatched_platform_operation")[0]["title"]


def test_the_row_of_a_transfer_that_was_rewritten_is_a_case(broker: Broker) -> None:
    _, account = broker.funded(wallet="500", trading="100")
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    transfer.refresh_from_db()
    assert broker.read(account).paired[-1] == transfer.platform_ticket
    query = "update deals set fields = json_set(fields, '$.Profit', '250.00') where deal = ?"
    broker.simulator_sql(query, int(transfer.platform_ticket))
    assert broker.read(account).mutated == [transfer.platform_ticket]
    assert broker.trading(account) == ("300.00", "0.00")
