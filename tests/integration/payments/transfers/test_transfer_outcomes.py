"""What becomes of a transfer for every way in which the platform can answer, not answer, or lie still."""

from decimal import Decimal

import pytest

from ledger import posting
from payments.models import Transfer
from tests.integration.payments.transfers.broker import Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)

DIRECTIONS = ("to_platform", "from_platform")
# The platform did it and we were not told.
DONE_IN_DOUBT = (
    {"do": "drop_after"},
    {"do": "hang_after", "seconds": 1.6},
    {"do": "garbage"},
    {"do": "http_500_after"},
)
# The platform did not do it and we were not told.
NOT_DONE_IN_DOUBT = ({"do": "drop_before"}, {"do": "http_500_before"})


def moved(broker: Broker, transfer: Transfer, *, wallet: str, trading: str) -> None:
    """Nothing is on its way any more, and each side holds this much."""
    assert broker.wallet(transfer.client) == (wallet, "0.00")
    assert broker.trading(transfer.trading_account) == (trading, "0.00")
    assert broker.platform_balance(transfer.trading_account) == Decimal(trading)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("fault", DONE_IN_DOUBT, ids=lambda fault: fault["do"])
def test_done_but_not_told_is_found_in_the_history(broker: Broker, direction: str, fault: dict[str, object]) -> None:
    client, account = broker.funded(wallet="500", trading="500")
    broker.script({"on": "balance", **fault})
    transfer = broker.request(account, direction, "200")
    broker.drain()

    assert broker.fired() == 1
    assert broker.state(transfer) == "unknown"
    mirror, wallet = broker.trading(account), broker.wallet(client)
    assert (wallet if direction == "to_platform" else mirror) == ("500.00", "200.00"), "in doubt, so still on its way"

    broker.later(seconds=3)
    broker.drain()
    assert broker.state(transfer) == "confirmed"
    assert broker.calls("balance") == 1, "never sent again"
    ends = {"to_platform": ("300.00", "700.00"), "from_platform": ("700.00", "300.00")}[direction]
    moved(broker, transfer, wallet=ends[0], trading=ends[1])
    assert broker.cases() == [], "resolved at the first look: nobody needs to hear of it"
    broker.assert_both_sides_agree()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("fault", NOT_DONE_IN_DOUBT, ids=lambda fault: fault["do"])
def test_not_done_and_not_told_waits_for_a_person(broker: Broker, direction: str, fault: dict[str, object]) -> None:
    client, account = broker.funded(wallet="500", trading="500")
    broker.script({"on": "balance", **fault})
    transfer = broker.request(account, direction, "200")
    broker.settle_down(hours=5)

    assert broker.fired() == 1
    assert broker.state(transfer) == "unknown", "five hours prove nothing to a program"
    assert broker.calls("balance") == 1, "never sent again"
    assert broker.platform_balance(account) == 500
    held_back = broker.wallet(client) if direction == "to_platform" else broker.trading(account)
    assert held_back == ("500.00", "200.00")
    assert [case["category"] for case in broker.cases()] == ["platform_unknown", "platform_unknown"]
    assert {case["key"] for case in broker.cases()} == {transfer.public_id}, "one case: first doubt, then a person"
    assert "a person must decide" in broker.cases()[1]["title"]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_definite_refusal_gives_the_money_back_at_once(broker: Broker, direction: str) -> None:
    _, account = broker.funded(wallet="500", trading="500")
    broker.script({"on": "balance", "do": "refuse"})
    transfer = broker.request(account, direction, "200")
    broker.drain()

    assert broker.fired() == 1
    transfer.refresh_from_db()
    assert (transfer.state, transfer.reason_code) == ("refused", "insufficient_on_platform")
    assert transfer.ended_at is not None
    moved(broker, transfer, wallet="500.00", trading="500.00")
    assert broker.history(transfer)[-1] == "transfer.refused"
    assert broker.cases() == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"do": "busy"}, "unreachable"),
        ({"do": "refuse", "data": {"retcode": "8 Not enough permissions"}}, "platform_refused"),
        ({"do": "refuse", "data": {"retcode": "4005 Money limit reached"}}, "platform_refused"),
    ],
)
def test_the_platforms_code_becomes_a_reason_with_words(broker: Broker, fault: dict[str, object], code: str) -> None:
    _, account = broker.funded(wallet="500")
    broker.script({"on": "balance", **fault})
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    transfer.refresh_from_db()
    assert (transfer.state, transfer.reason_code) == ("refused", code)
    moved(broker, transfer, wallet="500.00", trading="0.00")


def test_an_unknown_return_code_is_a_doubt_not_a_refusal(broker: Broker) -> None:
    _, account = broker.funded(wallet="500")
    broker.script({"on": "balance", "do": "refuse", "data": {"retcode": "31337 Something new"}})
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    assert broker.state(transfer) == "unknown"
    assert broker.wallet(transfer.client) == ("500.00", "200.00")


def test_a_server_that_is_away_means_nothing_was_sent(broker: Broker) -> None:
    _, account = broker.funded(wallet="500")
    broker.cut_off()
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    transfer.refresh_from_db()
    assert (transfer.state, transfer.reason_code) == ("refused", "unreachable")
    moved(broker, transfer, wallet="500.00", trading="0.00")


def test_margin_in_use_is_the_platforms_to_judge(broker: Broker) -> None:
    client, account = broker.funded(trading="500")
    broker.desk("margin", login=account.login, margin="400")
    refused = broker.request(account, "from_platform", "200")
    granted = broker.request(account, "from_platform", "100")
    broker.drain()
    assert (broker.state(refused), broker.state(granted)) == ("refused", "confirmed")
    assert broker.wallet(client) == ("100.00", "0.00")
    assert broker.trading(account) == ("400.00", "0.00")
    broker.assert_both_sides_agree()


def test_more_than_the_mirror_holds_is_the_platforms_to_judge_too(broker: Broker) -> None:
    """A profit that we have not read yet is already on the platform."""
    client, account = broker.funded(trading="100")
    broker.desk("trade", login=account.login, profit="50")
    transfer = broker.request(account, "from_platform", "150")
    assert broker.trading(account) == ("100.00", "150.00")
    broker.drain()
    assert broker.state(transfer) == "confirmed"
    assert broker.trading(account) == ("-50.00", "0.00"), "until the profit is read"
    broker.read(account)
    assert broker.trading(account) == ("0.00", "0.00")
    assert broker.wallet(client) == ("150.00", "0.00")
    broker.assert_both_sides_agree()


def test_a_late_success_after_the_time_out_is_found(broker: Broker) -> None:
    """`hang_before`: the server goes on working after we gave up waiting."""
    _, account = broker.funded(wallet="500")
    broker.script({"on": "balance", "do": "hang_before", "seconds": 2.4})
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    broker.later(seconds=3)
    broker.drain()
    assert broker.fired() == 1
    assert broker.state(transfer) == "unknown", "looked for too early: not there yet, and that proves nothing"
    assert broker.eventually(lambda: broker.platform_balance(account) == 200)
    broker.settle_down()
    assert broker.state(transfer) == "confirmed"
    moved(broker, transfer, wallet="300.00", trading="200.00")
    assert broker.settled_cases() == [f"platform_unknown:{transfer.public_id}"], "the case settles itself"
    broker.assert_both_sides_agree()


def test_both_legs_carry_the_platforms_ticket(broker: Broker) -> None:
    _, account = broker.funded(wallet="500")
    transfer = broker.request(account, "to_platform", "200")
    broker.drain()
    transfer.refresh_from_db()
    from ledger.models import Transaction

    settlement = Transaction.objects.get(pending_id=transfer.pending_transaction_id)
    assert (settlement.source_system, settlement.source_kind) == ("mt5", "deal_cash")
    assert settlement.source_id == transfer.platform_ticket
    assert settlement.phase == "post"
    assert posting.mirrored(settlement.pk), "it is posted, not reserved"
