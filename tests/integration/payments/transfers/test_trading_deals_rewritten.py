"""A platform's history can be rewritten: what was posted stays, and people are told."""

import pytest

from tests.integration.payments.transfers.broker import Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def test_a_cancelled_deal_is_a_rewritten_row_and_its_postings_stay(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    trade = broker.desk("trade", login=account.login, profit="120", swap="-3")
    broker.read(account)
    back = broker.desk("cancel_deal", deal=trade["closed"])
    reading = broker.read(account)

    assert reading.mutated == [str(trade["closed"])]
    assert reading.unmatched == [str(back["ticket"])], "and the row that takes the profit back was not asked for by us"
    assert broker.trading(account) == ("1117.00", "0.00"), "nothing is corrected silently"
    (rewritten,) = broker.cases("platform_row_mutated")
    assert rewritten["facts"]["was"]["profit"] == "120"
    assert (rewritten["facts"]["is"]["profit"], rewritten["facts"]["is"]["bucket"]) == ("0", "cancelled")

    broker.read(account)
    assert len(broker.cases("platform_row_mutated")) == 1, "the same rewriting is one case"
    broker.simulator_sql(
        "update deals set fields = json_set(fields, '$.Profit', '60.00') where deal = ?", trade["closed"]
    )
    broker.read(account)
    assert len(broker.cases("platform_row_mutated")) == 2, "another one is another"


@pytest.mark.parametrize(
    ("field", "value"), [("Profit", "121.00"), ("Storage", "-3.01"), ("Fee", "-1.00"), ("Action", "0"), ("Symbol", "X")]
)
def test_each_fact_of_a_row_is_watched(broker: Broker, field: str, value: str) -> None:
    _, account = broker.funded(trading="1000")
    trade = broker.desk("trade", login=account.login, profit="120", swap="-3")
    broker.read(account)
    broker.simulator_sql(
        f"update deals set fields = json_set(fields, '$.{field}', '{value}') where deal = ?", trade["closed"]
    )
    assert broker.read(account).mutated == [str(trade["closed"])]
    assert broker.trading(account) == ("1117.00", "0.00")


def test_a_row_that_vanished_is_a_case_after_the_history_had_its_time(broker: Broker) -> None:
    client, account = broker.funded(wallet="100", trading="1000")
    trade = broker.desk("trade", login=account.login, profit="120")
    bonus = broker.row(account, 6, "40")
    transfer = broker.request(account, "to_platform", "100")
    broker.drain()
    broker.read(account)
    transfer.refresh_from_db()
    gone = {str(trade["closed"]), bonus, transfer.platform_ticket}
    for ticket in gone:
        broker.simulator_sql("delete from deals where deal = ?", int(ticket))
    assert broker.read(account).vanished == [], "a history may lag"
    broker.later(minutes=6)
    assert set(broker.read(account).vanished) == gone
    assert {case["key"] for case in broker.cases("platform_row_vanished")} == {f"mt5:{ticket}" for ticket in gone}
    assert broker.trading(account) == ("1220.00", "0.00"), "nothing is corrected silently"
    assert broker.wallet(client) == ("0.00", "0.00")
    broker.read(account)
    assert len(broker.cases("platform_row_vanished")) == 3


def test_rows_older_than_the_window_have_not_vanished(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    broker.desk("trade", login=account.login, profit="120")
    broker.read(account)
    broker.later(days=30)
    broker.read(account)
    broker.later(days=30)
    assert broker.read(account).vanished == []
    assert broker.cases() == []
