"""Payouts of the provider: fetched line by line, promised upward, and posted when the bank shows the money."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from ledger.errors import CurrencyMismatch, DuplicateReference, Forbidden, InvalidRequest
from ledger.models import Event
from ledger.money import Money
from payments.actors import Actor
from payments.connectors.psp.stripe.simulated import refunds
from payments.models import OutboxMessage, ProviderEvent
from payments.services import settlements
from payments.services.settlements import Settled

from .conftest import FINANCE, OPS, AtOnce, Firm

pytestmark = pytest.mark.django_db(transaction=True)
BANK = "sepa"


def paid_out(firm: Firm, currency: str = "usd") -> dict[str, Any]:
    """The provider pays out everything; what we promise to reconciliation."""
    (payout,) = firm.tell("payout", currency=currency)["data"]
    for event in firm.messages(payout["id"]):
        if event["type"].startswith("payout."):
            firm.deliver(event)
    firm.work()
    return OutboxMessage.objects.get(topic="settlement.received", key=f"stripe:{payout['id']}").payload


def settle(promise: dict[str, Any], *, net: str | None = None, actor: Actor = OPS, **changes: Any) -> Settled:
    wanted = {
        "connector": promise["connector"],
        "payout_reference": promise["payout_reference"],
        "net": Money.of(net or promise["net"], promise["currency"]),
        "bank": BANK,
        "lines": promise["lines"],
        "actor": actor,
        "now": timezone.now(),
    }
    return settlements.settle(**{**wanted, **changes})


def test_a_payout_is_promised_upward_with_its_lines(firm: Firm) -> None:
    deposit = firm.paid("1000.00")
    before = firm.books()

    promise = paid_out(firm)

    assert (promise["net"], promise["currency"], promise["connector"]) == ("971.00", "USD", "stripe")
    (charge, payout) = promise["lines"]
    assert charge["payment_reference"] == deposit.provider_reference
    assert (charge["kind"], charge["gross"], charge["fee"], charge["net"]) == ("charge", "1000.00", "29.00", "971.00")
    assert (payout["kind"], payout["net"]) == ("payout", "-971.00")
    assert firm.books() == before  # nothing is posted until the bank has spoken


def test_settling_moves_clearing_to_the_bank_and_the_deposits_to_settled(firm: Firm) -> None:
    deposits = [firm.paid("1000.00"), firm.paid("50.00")]
    promise = paid_out(firm)

    settled = settle(promise)

    assert set(settled.deposits) == {deposit.public_id for deposit in deposits}
    assert settled.unexplained == ()
    assert {firm.again(deposit).state for deposit in deposits} == {"settled"}
    assert firm.balance("bank/sepa/client-money") == "1019.55"
    assert firm.balance("psp/stripe/clearing") == "0.00"
    assert firm.balance("house/psp-fees") == "30.45"
    assert firm.cases("amount_differs") == []
    assert "deposit.settled" in firm.told(deposits[0])
    assert Event.objects.get(type="settlement.posted").after["net"] == "1019.55"


def test_settling_twice_is_settling_once(firm: Firm, at_once: AtOnce) -> None:
    firm.paid("1000.00")
    promise = paid_out(firm)

    results = at_once(5, lambda place: settle(promise))

    assert [result for result in results if isinstance(result, BaseException)] == []
    assert sorted(result.posted.replayed for result in results) == [False, True, True, True, True]
    assert firm.posted("DEPOSIT_SETTLED") == 1
    with pytest.raises(DuplicateReference):
        settle(promise, net="970.99")
    assert firm.balance("bank/sepa/client-money") == "971.00"


def test_a_fee_that_nobody_had_told_is_posted_at_settlement(firm: Firm) -> None:
    deposit = firm.checkout("900.00")
    firm.tell("pay", payment_intent=deposit.provider_reference)
    firm.break_it({"on": "get_payment", "do": "error", "times": -1})
    firm.hear(deposit)
    assert firm.again(deposit).fee is None
    assert firm.balance("psp/stripe/clearing") == "900.00"

    settle(paid_out(firm))

    deposit = firm.again(deposit)
    assert (deposit.state, deposit.fee) == ("settled", Decimal("26.10"))
    assert firm.balance("house/psp-fees") == "26.10"
    assert firm.balance("psp/stripe/clearing") == "0.00"
    assert firm.posted("PSP_FEE") == 1


def test_a_batch_with_refunds_disputes_and_a_partial_capture_ties_out(firm: Firm) -> None:
    refunded, disputed, won = (firm.paid("1000.00") for _ in range(3))
    partial = firm.checkout("500.00")
    firm.tell("pay", payment_intent=partial.provider_reference, card_number="4000000000003220")
    firm.tell("capture", payment_intent=partial.provider_reference, amount_to_capture=20000)
    with firm.simulator.book() as book:
        refunds.create(book, {"payment_intent": refunded.provider_reference, "amount": "30000"})
    for deposit in (disputed, won):
        firm.tell("dispute", payment_intent=deposit.provider_reference)
    firm.tell("dispute_close", payment_intent=won.provider_reference, outcome="won")
    for deposit in (refunded, disputed, won, partial):
        firm.hear(deposit)

    settled = settle(paid_out(firm))

    assert settled.unexplained == ()
    assert firm.balance("psp/stripe/clearing") == "0.00"
    states = [firm.again(deposit).state for deposit in (refunded, disputed, won, partial)]
    assert states == ["refunded", "disputed", "dispute_won", "settled"]
    assert all(firm.again(deposit).settled_at for deposit in (refunded, disputed, won, partial))


def test_messages_that_never_came_are_made_good_by_the_payout(firm: Firm) -> None:
    """Capture and refund were never told; the payout's lines know more than we do, so the provider is asked."""
    silent, known = firm.checkout("1000.00"), firm.paid("200.00")
    firm.tell("pay", payment_intent=silent.provider_reference)
    with firm.simulator.book() as book:
        refunds.create(book, {"payment_intent": known.provider_reference, "amount": "5000"})

    promise = paid_out(firm)

    assert (firm.again(silent).state, firm.wallet(silent.client)) == ("captured", "1000.00")
    assert (firm.again(known).state, firm.wallet(known.client)) == ("refunded", "150.00")
    assert settle(promise).unexplained == ()
    assert firm.balance("psp/stripe/clearing") == "0.00"


def test_a_dispute_that_was_never_told_is_learned_from_the_payout(firm: Firm) -> None:
    silent, other = firm.paid("100.00"), firm.paid("1000.00")
    firm.tell("dispute", payment_intent=silent.provider_reference)

    settled = settle(paid_out(firm))

    assert settled.unexplained == ()
    assert (firm.again(silent).state, firm.wallet(silent.client)) == ("disputed", "0.00")
    assert firm.balance("psp/stripe/clearing") == "0.00"
    assert firm.again(other).state == "settled"


def test_lines_that_our_books_do_not_explain_become_one_case(firm: Firm) -> None:
    deposit = firm.paid("1000.00")
    promise = paid_out(firm)
    lines = [settlements.from_payload(line) for line in promise["lines"]]
    stranger = replace(
        lines[0], reference="txn_x", payment_reference="pi_x", gross=Decimal(10), fee=Decimal(0), net=Decimal(10)
    )
    returned = replace(lines[-1], reference="txn_y", source_reference="po_earlier", gross=Decimal(5), net=Decimal(5))

    settled = settle(promise, net="986.00", lines=[*lines, stranger, returned])

    assert set(settled.unexplained) == {"txn_x", "txn_y"}
    assert settled.deposits == (deposit.public_id,)
    assert firm.balance("psp/stripe/clearing") == "-15.00"  # stands there until a person explains it
    (case,) = firm.cases("amount_differs")
    assert "txn_x" in case["facts"]["lines"]


def test_fees_and_reserves_of_the_account_have_their_own_postings(firm: Firm) -> None:
    firm.paid("1000.00")
    promise = paid_out(firm)
    lines = [settlements.from_payload(line) for line in promise["lines"]]
    own = replace(
        lines[0],
        kind="fee",
        payment_reference="",
        source_reference="",
        gross=Decimal(-2),
        fee=Decimal(0),
        net=Decimal(-2),
    )
    held = replace(own, kind="reserve", gross=Decimal(-100), net=Decimal(-100))
    freed = replace(own, kind="reserve", gross=Decimal(40), net=Decimal(40))
    extra = [replace(line, reference=f"txn_{place}") for place, line in enumerate((own, held, freed))]

    settled = settle(promise, net="909.00", lines=[*lines, *extra])

    assert settled.unexplained == ()
    assert firm.balance("psp/stripe/clearing") == "0.00"
    assert firm.balance("psp/stripe/reserve") == "60.00"
    assert firm.balance("house/psp-fees") == "31.00"


def test_a_report_that_disagrees_with_the_books_leaves_the_deposit_unsettled(firm: Firm) -> None:
    deposit = firm.paid("1000.00")
    promise = paid_out(firm)
    lines = [settlements.from_payload(line) for line in promise["lines"]]
    lines[0] = replace(lines[0], gross=Decimal(999), net=Decimal(970))

    settled = settle(promise, net="970.00", lines=lines)

    assert (settled.deposits, settled.unexplained) == ((), (lines[0].reference,))
    assert firm.again(deposit).state == "captured"
    assert firm.cases("amount_differs")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"actor": FINANCE}, Forbidden),
        ({"actor": Actor(id="usr_x", roles=frozenset({"client"}))}, Forbidden),
        ({"lines": [{"reference": "txn_1"}]}, InvalidRequest),
        ({"lines": ["txn_1"]}, InvalidRequest),
    ],
)
def test_what_is_refused_moves_nothing(firm: Firm, changes: dict[str, Any], error: type[Exception]) -> None:
    firm.paid("1000.00")
    promise = paid_out(firm)
    before = firm.books()

    with pytest.raises(error):
        settle(promise, **changes)
    euros = [{**line, "currency": "EUR"} for line in promise["lines"]]
    with pytest.raises(CurrencyMismatch):
        settle(promise, lines=euros)

    assert firm.books() == before


def test_a_provider_that_cannot_be_asked_for_lines_is_asked_again(firm: Firm) -> None:
    firm.paid("1000.00")
    firm.break_it({"on": "list_lines", "do": "error", "times": 2})
    (payout,) = firm.tell("payout", currency="usd")["data"]
    for event in firm.messages(payout["id"], kind="payout.paid"):
        firm.deliver(event)

    firm.work()
    assert not OutboxMessage.objects.filter(topic="settlement.received").exists()
    for minutes in (2, 4):
        firm.work(after=timedelta(minutes=minutes))

    assert firm.fired() == [2]
    assert OutboxMessage.objects.filter(topic="settlement.received").count() == 1


def test_a_payout_that_came_back_is_a_persons_to_look_at(firm: Firm) -> None:
    firm.paid("1000.00")
    promise = paid_out(firm)
    settle(promise)
    before = firm.books()

    firm.tell("payout_fail", payout=promise["payout_reference"])
    for event in firm.messages(promise["payout_reference"], kind="payout.failed"):
        firm.deliver(event)
    firm.work()

    assert firm.books() == before
    assert ProviderEvent.objects.get(event_type="payout.failed").state == "conflict"
    (case,) = firm.cases("conflicting_event")
    assert case["facts"]["reason"] == "payout_failed"
