"""Unknown transfers: when the history is asked, who hears of it, and what a person may decide."""

from datetime import timedelta

import pytest

from ledger import errors
from payments.actors import Actor
from payments.models import OutboxMessage, Transfer
from payments.services import transfer_asking, transfer_steps, transfers
from tests.integration.payments.transfers.broker import APPROVER, OPS, Broker, staff

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def lost(broker: Broker, direction: str = "to_platform", **changes: object) -> Transfer:
    """A transfer whose call was lost on the way: the platform never did it, and we do not know."""
    _, account = broker.funded(wallet="500", trading="500")
    broker.script({"on": "balance", "do": "drop_before"})
    transfer = broker.request(account, direction, "200", **changes)
    broker.drain()
    assert broker.fired() == 1
    assert broker.state(transfer) == "unknown"
    return transfer


def carry_out(broker: Broker, transfer: Transfer, amount: str = "200") -> str:
    """The platform does it after all, long after everybody stopped waiting."""
    login, comment = transfer.trading_account.login, f"{transfer.token} transfer"
    return str(broker.desk("operation", login=login, action=2, amount=amount, comment=comment)["ticket"])


def test_the_history_is_asked_again_and_again_with_growing_pauses(broker: Broker) -> None:
    transfer = lost(broker)
    seen = []
    for _ in range(7):
        promise = OutboxMessage.objects.get(topic="transfer.inquire")
        seen.append(round((promise.available_at - broker.now).total_seconds()))
        broker.later(seconds=seen[-1] + 0.5)
        assert broker.drain() == 1
    assert seen == [2, 5, 15, 60, 300, 300, 300]
    transfer.refresh_from_db()
    assert (transfer.state, transfer.asked_times) == ("unknown", 7)
    assert OutboxMessage.objects.get(topic="transfer.inquire").attempts == 0, "asking again is not a failure"


def test_staff_see_the_doubt_after_the_first_look_and_their_turn_after_the_quiet_period(broker: Broker) -> None:
    transfer = lost(broker)
    assert broker.cases() == []
    broker.later(seconds=3)
    broker.drain()
    (case,) = broker.cases("platform_unknown")
    assert case["key"] == case["object_ref"] == transfer.public_id
    assert (case["amount"], case["currency"], case["client"]) == ("200.00", "USD", transfer.client.public_id)
    assert case["facts"]["token"] == transfer.token
    assert case["facts"]["login"] == transfer.trading_account.login

    while not broker.cases()[1:]:
        broker.later(seconds=30)
        broker.drain()
    transfer.refresh_from_db()
    assert transfer.sent_at is not None
    assert transfer.asked_at is not None
    assert transfer.asked_at - transfer.sent_at >= timedelta(minutes=10)
    assert transfer.asked_times >= 5
    assert broker.history(transfer)[-2:] == ["transfer.unknown", "transfer.needs_person"]

    broker.settle_down(hours=6)
    assert len(broker.cases()) == 2, "a person is told once"
    assert broker.history(transfer).count("transfer.needs_person") == 1


def test_a_lagging_history_never_leads_to_a_second_sending(broker: Broker) -> None:
    _, account = broker.funded(wallet="500")
    broker.script({"on": "balance", "do": "drop_after"}, {"on": "history", "do": "lag", "seconds": 60, "times": 8})
    transfer = broker.request(account, "to_platform", "200")
    broker.settle_down()
    assert broker.state(transfer) == "confirmed"
    assert broker.fired() == 9
    assert broker.calls("balance") == 1
    assert broker.settled_cases() == [f"platform_unknown:{transfer.public_id}"]
    broker.assert_both_sides_agree()


def test_a_platform_that_cannot_be_asked_proves_nothing(broker: Broker) -> None:
    transfer = lost(broker)
    broker.cut_off()
    for _ in range(40):
        broker.later(seconds=31)
        broker.drain()
    transfer.refresh_from_db()
    assert (transfer.state, transfer.asked_times) == ("unknown", 0), "looks that failed are not counted"
    assert transfer.asked_at is not None
    (case,) = broker.cases("platform_unknown")
    assert case["facts"]["answer"]
    assert broker.wallet(transfer.client) == ("500.00", "200.00")


def test_our_token_on_another_amount_is_shown_to_a_person_and_settles_nothing(broker: Broker) -> None:
    transfer = lost(broker)
    ticket = carry_out(broker, transfer, amount="150")
    broker.later(seconds=3)
    broker.drain()
    assert broker.state(transfer) == "unknown"
    assert ticket in str(broker.cases("platform_unknown")[0]["facts"]["tickets"])


def test_an_operation_that_was_carried_out_twice_settles_once_and_becomes_a_case(broker: Broker) -> None:
    transfer = lost(broker)
    first, second = carry_out(broker, transfer), carry_out(broker, transfer)
    broker.later(seconds=3)
    broker.drain()
    transfer.refresh_from_db()
    assert (transfer.state, transfer.platform_ticket) == ("confirmed", first)
    (case,) = broker.cases("unmatched_platform_operation")
    assert case["key"] == f"mt5:{second}"
    broker.read(transfer.trading_account)
    assert len(broker.cases("unmatched_platform_operation")) == 1, "the import finds the same row: still one case"


# --- the sweep ---


def test_the_sweep_asks_for_what_the_outbox_lost(broker: Broker) -> None:
    transfer = lost(broker)
    OutboxMessage.objects.filter(topic="transfer.inquire").update(state="parked")
    ticket = carry_out(broker, transfer)
    assert transfer_asking.ask_unknown(now=broker.now) == 0, "the outbox has a minute to come first"
    broker.later(minutes=2)
    assert transfer_asking.ask_unknown(now=broker.now) == 1
    transfer.refresh_from_db()
    assert (transfer.state, transfer.platform_ticket) == ("confirmed", ticket)


def test_the_sweep_finds_what_was_cut_off_between_intention_and_outcome(broker: Broker) -> None:
    _, account = broker.funded(wallet="500")
    transfer = broker.request(account, "to_platform", "200")
    OutboxMessage.objects.filter(topic="transfer.send").update(state="parked")
    assert transfer_steps.begin(transfer_id=transfer.pk, now=broker.now) is not None
    broker.later(minutes=2)
    assert transfer_asking.ask_unknown(now=broker.now) == 0
    broker.later(minutes=2)
    assert transfer_asking.ask_unknown(now=broker.now) == 2, "put in doubt, and asked for at once"
    transfer.refresh_from_db()
    assert (transfer.state, transfer.asked_times) == ("unknown", 1)
    assert broker.calls("balance") == 0


def test_the_sweep_leaves_a_silent_platform_alone(broker: Broker) -> None:
    transfer = lost(broker)
    others = [broker.request(transfer.trading_account, "to_platform", "10") for _ in range(3)]
    broker.script({"on": "balance", "do": "drop_before", "times": 3})
    broker.drain()
    OutboxMessage.objects.filter(topic="transfer.inquire").update(state="parked")
    broker.cut_off()
    broker.later(minutes=2)
    assert transfer_asking.ask_unknown(now=broker.now) == 1, "one unanswered question is enough for one sweep"
    assert Transfer.objects.filter(pk__in=[one.pk for one in others], state="unknown", asked_at=None).count() == 3


# --- people ---


def decide(transfer: Transfer, broker: Broker, outcome: str, **changes: object) -> Transfer:
    wanted: dict[str, object] = {"ticket": "", "note": "Screenshot in ticket 4711", "actor": OPS}
    return transfers.resolve_by_hand(transfer_id=transfer.pk, outcome=outcome, now=broker.now, **(wanted | changes))


def test_a_person_gives_the_money_back_after_the_quiet_period(broker: Broker) -> None:
    transfer = lost(broker)
    broker.later(minutes=11)
    broker.drain()
    decided = decide(transfer, broker, "refused")
    assert (decided.state, decided.reason_code) == ("refused", "platform_refused")
    assert broker.wallet(transfer.client) == ("500.00", "0.00")
    assert broker.trading(transfer.trading_account) == ("500.00", "0.00")
    assert broker.settled_cases() == [f"platform_unknown:{transfer.public_id}"]
    broker.assert_both_sides_agree()
    from ledger.models import Event

    event = Event.objects.filter(object_ref=transfer.public_id).latest("id")
    assert (event.type, event.person) == ("transfer.refused", "usr_ops")
    assert event.data["note"] == "Screenshot in ticket 4711"


def test_nobody_gives_money_back_while_the_history_may_lag(broker: Broker) -> None:
    transfer = lost(broker)
    broker.later(minutes=9)
    before = broker.fingerprint()
    with pytest.raises(errors.InvalidTransition):
        decide(transfer, broker, "refused")
    assert broker.fingerprint() == before


def test_a_refusal_by_hand_looks_once_more_and_believes_the_platform(broker: Broker) -> None:
    transfer = lost(broker)
    broker.later(minutes=11)
    ticket = carry_out(broker, transfer)
    with pytest.raises(errors.VersionConflict):
        decide(transfer, broker, "refused")
    transfer.refresh_from_db()
    assert (transfer.state, transfer.platform_ticket) == ("confirmed", ticket)
    broker.assert_both_sides_agree()


def test_a_refusal_by_hand_needs_a_platform_that_can_be_asked(broker: Broker) -> None:
    transfer = lost(broker)
    broker.later(minutes=11)
    broker.cut_off()
    with pytest.raises(errors.Unavailable):
        decide(transfer, broker, "refused")
    assert broker.state(transfer) == "unknown"
    assert broker.wallet(transfer.client) == ("500.00", "200.00")


@pytest.mark.parametrize("direction", ["to_platform", "from_platform"])
def test_a_person_confirms_with_the_platforms_ticket(broker: Broker, direction: str) -> None:
    transfer = lost(broker, direction)
    sign = "" if direction == "to_platform" else "-"
    login = transfer.trading_account.login
    row = broker.desk("operation", login=login, action=2, amount=f"{sign}200", comment="dealer did it by hand")
    decided = decide(transfer, broker, "confirmed", ticket=str(row["ticket"]), actor=APPROVER)
    assert (decided.state, decided.platform_ticket) == ("confirmed", str(row["ticket"]))
    assert broker.platform_total() == broker.ledger_total("trading")
    broker.read(transfer.trading_account)
    assert broker.cases("unmatched_platform_operation") == [], "the import finds the pair by its ticket"


def test_the_ticket_of_another_transfer_is_refused(broker: Broker) -> None:
    transfer = lost(broker)
    taken = Transfer.objects.exclude(pk=transfer.pk).get()
    before = broker.fingerprint()
    with pytest.raises(errors.DuplicateReference):
        decide(transfer, broker, "confirmed", ticket=taken.platform_ticket)
    assert broker.fingerprint() == before


def test_the_ticket_of_a_trade_is_refused(broker: Broker) -> None:
    transfer = lost(broker)
    trade = broker.desk("trade", login=transfer.trading_account.login, profit="200")
    broker.read(transfer.trading_account)
    with pytest.raises(errors.DuplicateReference):
        decide(transfer, broker, "confirmed", ticket=str(trade["closed"]))
    assert broker.state(transfer) == "unknown"


@pytest.mark.parametrize(
    ("outcome", "changes", "refusal"),
    [
        ("refused", {"actor": staff("support", "support")}, errors.Forbidden),
        ("refused", {"actor": staff("compliance", "compliance")}, errors.Forbidden),
        ("refused", {"actor": Actor.system("somebody")}, errors.SelfApproval),
        ("maybe", {}, errors.InvalidRequest),
        ("refused", {"note": "  "}, errors.InvalidRequest),
        ("refused", {"ticket": "500009"}, errors.InvalidRequest),
        ("confirmed", {}, errors.InvalidRequest),
        ("confirmed", {"ticket": "5; drop"}, errors.InvalidRequest),
        ("confirmed", {"ticket": "9" * 41}, errors.InvalidRequest),
    ],
)
def test_a_decision_needs_the_right_person_and_the_right_words(
    broker: Broker, outcome: str, changes: dict[str, object], refusal: type[errors.DomainError]
) -> None:
    transfer = lost(broker)
    broker.later(minutes=11)
    before = broker.fingerprint()
    with pytest.raises(refusal):
        decide(transfer, broker, outcome, **changes)
    assert broker.fingerprint() == before


def test_nobody_decides_his_own_transfer(broker: Broker) -> None:
    transfer = lost(broker, actor=OPS)
    broker.later(minutes=11)
    before = broker.fingerprint()
    with pytest.raises(errors.SelfApproval):
        decide(transfer, broker, "refused", actor=OPS)
    assert broker.fingerprint() == before
    assert decide(transfer, broker, "refused", actor=APPROVER).state == "refused"


def test_what_is_not_in_doubt_is_not_decided_by_hand(broker: Broker) -> None:
    _, account = broker.funded(wallet="500")
    reserved = broker.request(account, "to_platform", "100")
    with pytest.raises(errors.InvalidTransition):
        decide(reserved, broker, "refused")
    broker.drain()
    with pytest.raises(errors.InvalidTransition):
        decide(reserved, broker, "refused")
    assert broker.state(reserved) == "confirmed"


def test_two_people_decide_differently_at_once_and_one_of_them_wins(broker: Broker) -> None:
    transfer = lost(broker)
    broker.later(minutes=11)
    people = [staff(f"ops{number}", "payments_ops") for number in range(6)]

    def one(index: int) -> Transfer:
        if index % 2:
            return decide(transfer, broker, "confirmed", ticket=str(700_000 + index), actor=people[index])
        return decide(transfer, broker, "refused", actor=people[index])

    answers = broker.together(len(people), one)
    assert sum(isinstance(answer, Transfer) for answer in answers) == 1
    assert {type(answer) for answer in answers} == {Transfer, errors.InvalidTransition}
    assert broker.state(transfer) in ("confirmed", "refused")
    broker.assert_books_are_sound()
