"""Many transfers, a platform that misbehaves in every known way, and at the end both sides hold the same."""

import random
from collections import Counter
from decimal import Decimal

import pytest

from ledger import errors
from payments.models import TradingAccount, Transfer
from payments.services import transfer_asking, transfers
from tests.integration.payments.transfers.broker import OPS, Broker

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)

TRANSFERS = 70
# What a call may meet, by weight: more trouble than any real platform makes.
CALLS = {
    "none": 8,
    "drop_before": 3,
    "drop_after": 3,
    "hang_before": 1,
    "hang_after": 2,
    "refuse": 2,
    "busy": 1,
    "garbage": 2,
    "http_500_before": 2,
    "http_500_after": 2,
}
LOOKS = {"none": 6, "lag": 2, "drop": 2}
NOT_DONE = ("drop_before", "http_500_before", "refuse", "busy")


def rules(random_: random.Random, on: str, weights: dict[str, int], count: int) -> list[dict[str, object]]:
    """A script in which the n-th call meets the n-th rule."""
    drawn = random_.choices(list(weights), list(weights.values()), k=count)
    if on == "balance":  # each kind of trouble at least once, whatever is drawn
        drawn[: len(weights)] = random_.sample(list(weights), len(weights))
    seconds = {"hang_before": 1.6, "hang_after": 1.6, "lag": 60.0}
    return [{"on": on, "do": do, "seconds": seconds.get(do, 0.0)} for do in drawn]


def fired(broker: Broker, on: str) -> Counter[str]:
    return Counter(rule["do"] for rule in broker.rules() if rule["on"] == on and rule["fired"])


def never_sent(met: Counter[str]) -> int:
    """Refused before a byte was sent: where the processor is busy, signing in may take longer than our patience.

    "busy" is the one answer of the platform that clients are given the same reason for.
    """
    return Transfer.objects.filter(state="refused", reason_code="unreachable").count() - met["busy"]


def ask_for(broker: Broker, random_: random.Random, accounts: list[TradingAccount]) -> bool:
    account = random_.choice(accounts)
    direction = random_.choice(("to_platform", "from_platform"))
    amount = f"{random_.randint(1, 4000) / 100:.2f}"
    try:
        broker.request(account, direction, amount)
    except errors.InsufficientAvailable:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_both_sides_hold_the_same_whatever_the_platform_does(broker: Broker, seed: int) -> None:
    random_ = random.Random(seed)
    accounts = [broker.funded(wallet="300", trading="300")[1] for _ in range(4)]
    broker.script(*rules(random_, "balance", CALLS, TRANSFERS), *rules(random_, "history", LOOKS, 60))

    made = 0
    while made < TRANSFERS:
        made += ask_for(broker, random_, accounts)
        if random_.random() < 0.3:
            broker.together(2, lambda _: broker.drain())
            broker.later(seconds=random_.choice((0, 1, 3, 20)))
        if random_.random() < 0.1:
            broker.desk("trade", login=random_.choice(accounts).login, profit=f"{random_.randint(-300, 300) / 100:.2f}")
    broker.together(2, lambda _: broker.drain())

    met = fired(broker, "balance")
    unsent = never_sent(met)
    assert met.total() + unsent == TRANSFERS, "every transfer was sent once, and none twice"
    assert set(met) == set(CALLS), "each kind of trouble happened"
    assert broker.calls("balance") + unsent == TRANSFERS
    broker.settle_down(hours=1)
    broker.later(minutes=11)
    transfer_asking.ask_unknown(now=broker.now)

    left = list(Transfer.objects.filter(state="unknown"))
    assert {broker.rows_with(transfer.token) for transfer in left} <= {0}, "what the platform did has been found"
    assert len(left) == sum(met[do] for do in ("drop_before", "http_500_before"))
    assert {transfer.public_id for transfer in left} <= {case["key"] for case in broker.cases("platform_unknown")}
    for transfer in left:
        transfers.resolve_by_hand(
            transfer_id=transfer.pk, outcome="refused", note="Not in the history.", actor=OPS, now=broker.now
        )
    for account in accounts:
        broker.read(account)

    states = Counter(Transfer.objects.filter(token__isnull=False).values_list("state", flat=True))
    assert states["confirmed"] + states["refused"] == states.total()
    assert states["refused"] == sum(met[do] for do in NOT_DONE) + unsent
    assert broker.cases("unmatched_platform_operation") == []
    broker.assert_both_sides_agree()
    assert broker.ledger_total("wallet") + broker.ledger_total("trading") == Decimal(2400) - broker.house(
        "house/trading-pnl"
    )


@pytest.mark.slow
def test_a_history_that_lags_behind_never_leads_to_a_second_sending(broker: Broker) -> None:
    """Fault F14: the platform's own look-up is a minute behind its credits."""
    accounts = [broker.funded(wallet="100")[1] for _ in range(2)]
    broker.script(
        *[{"on": "balance", "do": "drop_after"}] * 20,
        {"on": "history", "do": "lag", "seconds": 60, "times": 100},
    )
    for number in range(20):
        broker.request(accounts[number % 2], "to_platform", "10")
    broker.drain()
    assert Transfer.objects.filter(state="unknown").count() == 20
    broker.settle_down(hours=1)
    assert broker.fired() == 120, "twenty lost answers, a hundred looks too early"
    assert Transfer.objects.filter(state="unknown").count() == 0
    assert broker.calls("balance") == 20
    assert broker.platform_total() == 200
    broker.assert_both_sides_agree()
