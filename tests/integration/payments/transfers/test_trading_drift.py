"""What the platform says an account holds, beside what our books say."""

from datetime import timedelta

from tests.integration.payments.transfers.broker import Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def test_the_platforms_figures_are_kept_with_their_time(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    broker.row(account, 6, "40")
    broker.read(account)
    account.refresh_from_db()
    assert (account.platform_balance, account.platform_equity) == (100, 140)
    assert account.platform_as_of is not None
    assert abs(account.platform_as_of - broker.now) < timedelta(seconds=10)
    assert account.history.count() == 1, "figures are no changes of the account"


def test_a_difference_in_two_reads_is_a_case_and_settles_itself(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    broker.row(account, 21, "33")
    broker.read(account)
    assert broker.cases("drift") == [], "once may be a matter of moments"
    broker.read(account)
    (case,) = broker.cases("drift")
    assert (case["amount"], case["object_ref"]) == ("33", account.public_id)
    assert (case["facts"]["platform_balance"], case["facts"]["books_balance"]) == ("133", "100")
    broker.read(account)
    assert len(broker.cases("drift")) == 1

    broker.row(account, 21, "-33")
    broker.read(account)
    assert broker.settled_cases() == [f"drift:{case['key']}"]
    assert [kind for kind in broker.history(account) if "drift" in kind] == [
        "trading_account.drift_seen",
        "trading_account.drift_ended",
    ]
    broker.row(account, 21, "5")
    broker.read(account)
    broker.read(account)
    assert len(broker.cases("drift")) == 2, "a new difference is a new case"


def test_a_difference_that_is_another_one_at_the_next_read_is_no_case_yet(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    for amount in ("1", "1", "1"):
        broker.row(account, 21, amount)
        broker.read(account)
    assert broker.cases("drift") == []


def test_credit_is_compared_too(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    ticket = broker.row(account, 6, "40")
    broker.read(account)
    broker.simulator_sql("update accounts set credit = '50' where login = ?", int(account.login))
    broker.read(account)
    broker.read(account)
    assert broker.cases("drift")[0]["facts"]["difference"] == ["0", "10"]
    assert ticket


def test_nothing_is_compared_while_a_transfer_is_under_way(broker: Broker) -> None:
    _, account = broker.funded(wallet="500", trading="100")
    broker.script({"on": "balance", "do": "drop_before"})
    transfer = broker.request(account, "to_platform", "200")
    broker.row(account, 21, "33")
    for _ in range(3):
        broker.read(account)
    assert broker.state(transfer) == "reserved"
    broker.drain()
    for _ in range(3):
        broker.read(account)
    assert broker.state(transfer) == "unknown"
    assert broker.cases("drift") == []
    account.refresh_from_db()
    assert account.platform_balance == 133, "the figures are kept all the same"
