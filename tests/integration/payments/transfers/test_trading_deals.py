"""Reading a platform's history: every row once, into the right bucket, or into a case."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ledger import errors
from ledger.models import Event, Transaction
from payments.connectors.platforms.session_owner import session_owner
from payments.models import TradingAccount
from payments.services import trading_deals
from tests.integration.payments.transfers.broker import Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def reasons(ticket: str) -> dict[str, str]:
    """The postings of one row: reason by kind."""
    rows = Transaction.objects.filter(source_system="mt5", source_id=ticket)
    return dict(rows.values_list("source_kind", "reason_id"))


def test_a_trade_is_four_postings_of_one_row(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    trade = broker.desk(
        "trade", login=account.login, symbol="XAUUSD", profit="120.10", swap="-3.20", commission="-4.05", fee="-0.85"
    )
    reading = broker.read(account)

    assert reading.posted == [str(trade["closed"])], "the opening row has no amounts and needs no posting"
    assert reasons(str(trade["closed"])) == {
        "deal_profit": "TRADE_PNL",
        "deal_swap": "SWAP",
        "deal_commission": "COMMISSION",
        "deal_fee": "COMMISSION",
    }
    assert broker.trading(account) == ("1112.00", "0.00")
    assert broker.house("house/trading-pnl") == Decimal("-120.10")
    assert broker.house("house/swap") == Decimal("3.20")
    assert broker.house("house/commission") == Decimal("4.90")
    assert broker.platform_total() == broker.ledger_total("trading")
    posted = Transaction.objects.get(source_kind="deal_profit", source_id=str(trade["closed"]))
    assert posted.metadata["account"] == account.public_id
    assert abs(posted.effective_at - broker.now) < timedelta(seconds=30), "the broker's wall clock is two hours ahead"
    event = Event.objects.get(type="trading_account.deals_posted")
    assert event.data == {"count": 1, "tickets": [str(trade["closed"])]}


@pytest.mark.parametrize(
    ("action", "amount", "reason", "house"),
    [
        (4, "-12.00", "COMMISSION", "house/fees"),
        (7, "-2.00", "COMMISSION", "house/commission"),
        (8, "-2.50", "COMMISSION", "house/commission"),
        (10, "7.00", "PARTNER_COMMISSION", "house/partner-commission"),
        (12, "3.00", "INTEREST", "house/interest"),
        (12, "-3.00", "INTEREST", "house/interest"),
        (15, "1.10", "DIVIDEND", "house/trading-pnl"),
        (16, "-1.10", "DIVIDEND", "house/trading-pnl"),
        (17, "-0.40", "TAX", "house/trading-pnl"),
        (19, "25.00", "NEGATIVE_BALANCE_RELIEF", "house/negative-balance-relief"),
    ],
)
def test_each_money_operation_has_one_bucket(broker: Broker, action: int, amount: str, reason: str, house: str) -> None:
    _, account = broker.funded(trading="100")
    ticket = broker.row(account, action, amount)
    assert broker.read(account).posted == [ticket]
    assert reasons(ticket) == {"deal_profit": reason}
    assert broker.house(house) == -Decimal(amount)
    assert Decimal(broker.trading(account)[0]) == 100 + Decimal(amount)
    assert broker.platform_total() == broker.ledger_total("trading")
    assert broker.cases() == []


@pytest.mark.parametrize("action", [3, 6])
def test_credit_and_bonus_are_not_cash(broker: Broker, action: int) -> None:
    _, account = broker.funded(trading="100")
    granted = broker.row(account, action, "40")
    broker.read(account)
    assert reasons(granted) == {"deal_profit": "BONUS_GRANTED"}
    assert broker.bonus(account) == ("40.00", "0.00")
    assert broker.trading(account) == ("100.00", "0.00")

    removed, taken = broker.row(account, action, "-15"), broker.row(account, 20, "-25")
    broker.read(account)
    assert reasons(removed) == reasons(taken) == {"deal_profit": "BONUS_REMOVED"}
    assert broker.bonus(account) == ("0.00", "0.00")
    assert broker.house("house/bonus-cost") == 0
    assert broker.cases() == []


@pytest.mark.parametrize(
    ("action", "amount", "why"),
    [
        (5, "-50.00", "correction"),
        (13, "10.00", "cancelled"),
        (14, "0", "cancelled"),
        (10, "-7.00", "partner"),
        (19, "-5.00", "negative_balance_relief"),
        (21, "33.00", "unmapped"),
        (999, "0.01", "unmapped"),
    ],
)
def test_what_no_rule_understands_is_a_case_and_never_posted(
    broker: Broker, action: int, amount: str, why: str
) -> None:
    _, account = broker.funded(trading="100")
    ticket = broker.row(account, action, amount, comment="by the gateway", reason=13)
    trade = broker.desk("trade", login=account.login, profit="5")
    reading = broker.read(account)
    assert reading.unmatched == [ticket]
    assert reading.posted == [str(trade["closed"])], "and the others are posted all the same"
    assert reasons(ticket) == {}
    assert broker.trading(account) == ("105.00", "0.00")
    (case,) = broker.cases()
    assert (case["category"], case["key"]) == ("unmapped_type", f"mt5:{ticket}")
    assert case["object_ref"] == account.public_id
    assert why in case["title"]
    assert case["facts"]["comment"] == "by the gateway"

    broker.read(account)
    assert len(broker.cases("unmapped_type")) == 1, "one case, however often the row is read"


def test_a_bonus_that_the_books_cannot_take_is_a_case(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    taken = broker.row(account, 6, "-40")
    trade = broker.desk("trade", login=account.login, profit="5")
    reading = broker.read(account)
    assert (reading.unmatched, reading.posted) == ([taken], [str(trade["closed"])])
    assert broker.bonus(account) == ("0.00", "0.00")
    assert broker.cases()[0]["facts"]["code"] == "insufficient_available"
    broker.assert_books_are_sound()


def test_an_amount_that_the_currency_cannot_have_is_a_case_with_the_amount_as_it_came(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    trade = broker.desk("trade", login=account.login, profit="1")
    query = "update deals set fields = json_set(fields, '$.Profit', '1.005') where deal = ?"
    broker.simulator_sql(query, trade["closed"])
    assert broker.read(account).unmatched == [str(trade["closed"])]
    (case,) = broker.cases("unmapped_type")
    assert (case["amount"], case["facts"]["profit"]) == ("", "1.005")
    assert broker.trading(account) == ("100.00", "0.00")


# --- again and again ---


def test_reading_twice_changes_nothing(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    for profit in ("10", "-20.50", "7.77"):
        broker.desk("trade", login=account.login, profit=profit, commission="-1")
    broker.row(account, 6, "50")
    broker.row(account, 21, "1")
    first = broker.read(account)
    assert (len(first.posted), len(first.unmatched)) == (4, 1)
    before = [*broker.fingerprint()[:2], broker.trading(account), broker.bonus(account)]
    for _ in range(3):
        again = broker.read(account)
        assert (again.posted, again.mutated, again.vanished) == ([], [], [])
    assert [*broker.fingerprint()[:2], broker.trading(account), broker.bonus(account)] == before
    assert len(broker.cases("unmapped_type")) == 1


def test_eight_readers_at_once_post_once(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    for _ in range(30):
        broker.desk("trade", login=account.login, profit="3", swap="-1")

    def read(_: int) -> trading_deals.Reading:
        """Eight at once may have to wait longer than the connection bears: then, as on the next schedule, again."""
        for _attempt in range(20):
            try:
                return broker.read(account)
            except errors.Unavailable:
                continue
        raise AssertionError("the platform never answered")

    readings = broker.together(8, read)
    assert sorted(len(reading.posted) for reading in readings) == [0] * 7 + [30]
    assert broker.trading(account) == ("1060.00", "0.00")
    assert broker.cases() == []
    broker.assert_both_sides_agree()


def test_more_rows_than_a_page(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    for _ in range(120):
        broker.simulator.books.trade(login=account.login, symbol="EURUSD", results={"Profit": "1.01"})
    assert len(broker.read(account).posted) == 120
    assert broker.trading(account) == ("1121.20", "0.00")


def test_the_window_moves_on_and_overlaps(broker: Broker) -> None:
    _, account = broker.funded(trading="1000")
    broker.read(account)
    old = broker.row(account, 12, "5", at=(broker.now - timedelta(days=2)).isoformat())
    ancient = broker.row(account, 12, "7", at=(broker.now - timedelta(days=9)).isoformat())
    assert broker.read(account).posted == [old], "a row that arrives late is found; nobody looks nine days back"
    assert ancient not in old
    account.refresh_from_db()
    assert account.deals_read_until is not None
    until = account.deals_read_until
    trading_deals.read(trading_account=account, now=until - timedelta(hours=1))
    account.refresh_from_db()
    assert account.deals_read_until == until, "a slow reader does not move it back"


def test_a_platform_that_cannot_be_asked_leaves_nothing_behind(broker: Broker) -> None:
    _, account = broker.funded(trading="100")
    broker.read(account)
    broker.desk("trade", login=account.login, profit="5")
    before = broker.fingerprint()
    broker.script({"on": "history", "do": "drop", "times": -1})
    with pytest.raises(errors.Unavailable):
        broker.read(account)
    broker.script({"on": "read", "do": "garbage", "times": -1})
    with pytest.raises(errors.Unavailable):
        broker.read(account)
    assert broker.fingerprint() == before
    broker.script()
    assert len(broker.read(account).posted) == 1


def test_all_accounts_are_read_in_turn(broker: Broker) -> None:
    accounts = [broker.funded(trading="10")[1] for _ in range(3)]
    for account in accounts:
        broker.desk("trade", login=account.login, profit="1")
    TradingAccount.objects.filter(pk=accounts[2].pk).update(state="closed")
    assert trading_deals.read_all(now=broker.now) == 2
    assert [broker.trading(account)[0] for account in accounts] == ["11.00", "11.00", "10.00"]
    assert trading_deals.read_all(now=broker.now, limit=1) == 1
    with session_owner("trading_deals.read_all")():
        assert broker.together(1, lambda _: trading_deals.read_all(now=broker.now)) == [0], "one round at a time"
    broker.cut_off()
    assert trading_deals.read_all(now=broker.now) == 0
