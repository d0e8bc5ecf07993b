"""Everybody who may learn what became of a transfer learns it at once: one of them settles it, and only once."""

import pytest
from django.db import connection

from payments.models import OutboxMessage, Transfer
from payments.services import trading_deals, transfer_asking, transfer_steps, transfers
from tests.integration.payments.transfers.broker import Broker, staff

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def done_in_doubt(broker: Broker, direction: str = "to_platform") -> tuple[Transfer, str]:
    """A transfer that the platform carried out under a ticket that we were not told."""
    _, account = broker.funded(wallet="100", trading="100")
    broker.script({"on": "balance", "do": "drop_after"})
    transfer = broker.request(account, direction, "60")
    broker.drain()
    assert broker.state(transfer) == "unknown"
    with broker.simulator.db() as db:
        return transfer, str(db.execute("select max(deal) from deals").fetchone()[0])


@pytest.mark.parametrize("round_", range(5))
@pytest.mark.parametrize("direction", ["to_platform", "from_platform"])
def test_late_answer_look_sweep_and_import_at_once(broker: Broker, direction: str, round_: int) -> None:
    transfer, ticket = done_in_doubt(broker, direction)
    broker.later(minutes=5)
    account, now = transfer.trading_account, broker.now
    ways = [
        lambda: transfer_steps.confirm(transfer_id=transfer.pk, ticket=ticket, now=now, found="answer"),
        lambda: transfer_asking.ask(transfer_id=transfer.pk, now=now),
        lambda: transfer_asking.ask_unknown(now=now),
        lambda: trading_deals.read(trading_account=account, now=now),
        broker.drain,
    ]
    answers = broker.together(10, lambda index: ways[(index + round_) % len(ways)]())
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    transfer.refresh_from_db()
    assert (transfer.state, transfer.platform_ticket) == ("confirmed", ticket)
    assert broker.history(transfer).count("transfer.confirmed") == 1
    assert "transfer.contradicted" not in broker.history(transfer)
    assert broker.cases() == []
    assert broker.calls("balance") == 1
    broker.assert_both_sides_agree()


@pytest.mark.parametrize("round_", range(5))
def test_a_late_refusal_and_the_history_disagree(broker: Broker, round_: int) -> None:
    """Whoever comes first decides; the other one is shown to people and moves nothing."""
    transfer, ticket = done_in_doubt(broker)
    ways = [
        lambda: transfer_steps.refuse(transfer_id=transfer.pk, code="refused", now=broker.now, found="answer"),
        lambda: transfer_asking.ask(transfer_id=transfer.pk, now=broker.now),
    ]
    broker.together(2, lambda index: ways[(index + round_) % 2]())
    transfer.refresh_from_db()
    assert broker.history(transfer)[-1] in ("transfer.contradicted", "transfer.confirmed", "transfer.refused")
    if transfer.state == "confirmed":
        broker.assert_both_sides_agree()
    else:
        assert transfer.state == "refused"
        broker.read(transfer.trading_account)
        assert [case["key"] for case in broker.cases("unmatched_platform_operation")] == [f"mt5:{ticket}"]
        assert broker.wallet(transfer.client) == ("100.00", "0.00")
    broker.assert_books_are_sound()


def test_an_answer_after_a_person_has_decided_moves_nothing(broker: Broker) -> None:
    _, account = broker.funded(wallet="100")
    broker.script({"on": "balance", "do": "drop_before"})
    transfer = broker.request(account, "to_platform", "60")
    broker.drain()
    broker.later(minutes=11)
    person = staff("ops", "payments_ops")
    transfers.resolve_by_hand(
        transfer_id=transfer.pk, outcome="refused", note="Not in the history.", actor=person, now=broker.now
    )
    before = broker.wallet(transfer.client)
    transfer_steps.confirm(transfer_id=transfer.pk, ticket="777777", now=broker.now, found="answer")
    transfer_steps.confirm(transfer_id=transfer.pk, ticket="777777", now=broker.now, found="answer")
    transfer_steps.refuse(transfer_id=transfer.pk, code="late", now=broker.now)
    assert broker.state(transfer) == "refused"
    assert broker.wallet(transfer.client) == before == ("100.00", "0.00")
    (case,) = broker.cases("unmatched_platform_operation")
    assert case["key"] == "mt5:777777"
    assert "transfer.contradicted" in broker.history(transfer)


def test_a_refusal_after_the_confirmation_moves_nothing(broker: Broker) -> None:
    transfer, _ = done_in_doubt(broker)
    transfer_asking.ask(transfer_id=transfer.pk, now=broker.now)
    transfer_steps.refuse(transfer_id=transfer.pk, code="refused", now=broker.now)
    assert broker.state(transfer) == "confirmed"
    (case,) = broker.cases("late_after_final")
    assert case["object_ref"] == transfer.public_id
    broker.assert_both_sides_agree()


def test_a_promise_that_is_delivered_to_many_workers_is_kept_once(broker: Broker) -> None:
    """Fault F07: the lease ends while the first worker still waits for the platform."""
    _, account = broker.funded(wallet="100")
    broker.script({"on": "balance", "do": "hang_after", "seconds": 0.3})
    transfer = broker.request(account, "to_platform", "60")

    def deliver(_: int) -> None:
        OutboxMessage.objects.filter(topic="transfer.send").update(state="ready", available_at="2000-01-01T00:00Z")
        broker.drain("transfer.send")

    broker.together(8, deliver)
    broker.settle_down()
    assert broker.state(transfer) == "confirmed"
    assert broker.calls("balance") == 1
    assert broker.platform_balance(account) == 60
    broker.assert_both_sides_agree()


def test_no_call_leaves_inside_a_transaction(broker: Broker) -> None:
    """Seen from the other side: while the platform works on a move, our database has no open transaction."""
    _, account = broker.funded(wallet="100")
    broker.script({"on": "balance", "do": "hang_before", "seconds": 0.3})
    transfer = broker.request(account, "to_platform", "60")

    def look(index: int) -> int:
        if index == 0:
            return broker.drain()
        assert broker.eventually(lambda: broker.calls("balance") == 1)
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                      AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'"""
            )
            return int(cursor.fetchone()[0])

    handled, open_transactions = broker.together(2, look)
    assert (handled, open_transactions) == (1, 0)
    assert broker.state(transfer) == "confirmed"
