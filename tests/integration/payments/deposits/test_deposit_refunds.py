"""Refunds: asked for by a person, or made at the provider; held, sent once, and never more than was captured."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import accounts, holds
from ledger.errors import (
    CurrencyMismatch,
    Forbidden,
    InsufficientAvailable,
    InvalidRequest,
    InvalidTransition,
    LimitExceeded,
)
from ledger.models import Hold
from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.actors import Actor
from payments.connectors.psp.stripe.simulated import refunds as provider_refunds
from payments.models import Client, Deposit, Refund
from payments.services import deposits, refund_sending, refunds
from payments.services.posting import post_recipe

from .conftest import FINANCE, OPS, AtOnce, Firm

pytestmark = pytest.mark.django_db(transaction=True)


def ask(
    deposit: Deposit,
    amount: str = "300.00",
    *,
    currency: str = "USD",
    reason: str = "Client asked",
    actor: Actor = FINANCE,
) -> Refund:
    return refunds.request(
        deposit_id=deposit.pk,
        money=Money.of(amount, currency),
        reason=reason,
        actor=actor,
        now=timezone.now(),
    )


def at_the_provider(firm: Firm, deposit: Deposit, amount: int) -> None:
    """Somebody refunds in the provider's own dashboard."""
    with firm.simulator.book() as book:
        provider_refunds.create(book, {"payment_intent": deposit.provider_reference, "amount": str(amount)})


def spend(client: Client, amount: str) -> None:
    """The client sends money on to a trading account."""
    source, target = client.account_code("wallet"), client.account_code("trading", "mt5", "1001")
    post_recipe(
        postings.transferred(source=source, target=target, money=Money.of(amount, "USD")),
        source=Source("test", "transfer", f"{client.public_id}:{amount}"),
    )


def test_a_refund_is_held_then_sent_then_done(firm: Firm) -> None:
    deposit = firm.paid()

    refund = ask(deposit)

    assert (refund.state, firm.wallet(deposit.client)) == ("requested", "700.00")
    assert firm.balance(deposit.client.account_code("held")) == "300.00"
    firm.work(topics=("refund.send",))
    refund.refresh_from_db()
    deposit = firm.again(deposit)
    assert (refund.state, refund.provider_reference[:3]) == ("done", "re_")
    assert (deposit.state, deposit.refunded) == ("refunded", Decimal(300))
    assert Hold.objects.get(pk=refund.hold_id).state == "captured"
    assert firm.books() == {
        f"{deposit.client.account_code('wallet')} USD": "700.00",
        "psp/stripe/clearing USD": "671.00",
        "house/psp-fees USD": "29.00",
    }
    firm.hear(deposit)  # the provider's report of the same refund
    assert (firm.wallet(deposit.client), firm.posted("REFUND")) == ("700.00", 1)


def test_refunds_up_to_everything_and_not_a_cent_more(firm: Firm) -> None:
    deposit = firm.paid()
    for amount in ("400.00", "600.00"):
        ask(deposit, amount)
        firm.work(topics=("refund.send",))

    with pytest.raises(LimitExceeded):
        ask(deposit, "0.01")

    assert firm.again(deposit).refunded == Decimal(1000)
    assert (firm.wallet(deposit.client), firm.count("refund")) == ("0.00", 2)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"amount": "1000.01"}, LimitExceeded),
        ({"amount": "0"}, InvalidRequest),
        ({"amount": "10", "currency": "EUR"}, CurrencyMismatch),
        ({"reason": "  "}, InvalidRequest),
        ({"actor": OPS}, Forbidden),
    ],
)
def test_what_is_refused_moves_nothing(firm: Firm, wanted: dict[str, Any], error: type[Exception]) -> None:
    deposit = firm.paid()
    before = firm.books()

    with pytest.raises(error):
        ask(deposit, **wanted)

    assert firm.books() == before
    assert not Refund.objects.exists()
    assert not Hold.objects.exists()


def test_only_captured_money_can_go_back(firm: Firm) -> None:
    started = firm.checkout()
    disputed = firm.paid()
    firm.tell("dispute", payment_intent=disputed.provider_reference)
    firm.hear(disputed)

    for deposit in (started, disputed):
        with pytest.raises(InvalidTransition):
            ask(deposit)

    assert not Refund.objects.exists()


def test_money_that_has_moved_on_cannot_be_refunded(firm: Firm) -> None:
    deposit = firm.paid()
    spend(deposit.client, "900.00")

    with pytest.raises(InsufficientAvailable):
        ask(deposit)

    assert firm.wallet(deposit.client) == "100.00"
    assert not Refund.objects.exists()


def test_one_refund_at_a_time(firm: Firm, at_once: AtOnce) -> None:
    deposit = firm.paid()

    results = at_once(6, lambda place: ask(deposit, "100.00"))

    assert sum(isinstance(result, Refund) for result in results) == 1
    assert {type(result) for result in results} == {Refund, InvalidTransition}
    assert firm.wallet(deposit.client) == "900.00"


def test_a_refused_refund_gives_the_money_back_to_the_wallet(firm: Firm) -> None:
    deposit = firm.paid()
    at_the_provider(firm, deposit, 90000)  # not heard of yet
    refund = ask(deposit)

    firm.work(topics=("refund.send",))

    refund.refresh_from_db()
    assert refund.state == "refused"
    assert (firm.wallet(deposit.client), firm.posted("REFUND")) == ("1000.00", 0)
    assert firm.cases("refund_failed")[0]["object_ref"] == refund.public_id
    firm.hear(deposit)
    assert firm.wallet(deposit.client) == "100.00"


@pytest.mark.parametrize("fault", ["lose", "drop", "error", "conflict", "garbage"])
def test_in_doubt_it_is_asked_again_under_the_same_name(firm: Firm, fault: str) -> None:
    deposit = firm.paid()
    firm.break_it({"on": "refund", "do": fault, "times": 2})
    refund = ask(deposit)

    firm.work(topics=("refund.send",))

    refund.refresh_from_db()
    assert (refund.state, firm.balance(deposit.client.account_code("held"))) == ("sent", "300.00")
    for turn in (1, 2, 3):
        firm.work(after=turn * timedelta(minutes=1), topics=("refund.send",))
    refund.refresh_from_db()
    assert firm.fired() == [2]
    assert (refund.state, firm.count("refund"), firm.posted("REFUND")) == ("done", 1, 1)
    assert firm.wallet(deposit.client) == "700.00"


def test_in_doubt_the_providers_report_decides(firm: Firm) -> None:
    deposit = firm.paid()
    firm.break_it({"on": "refund", "do": "lose", "times": -1})
    refund = ask(deposit)
    firm.work(topics=("refund.send",))

    firm.hear(deposit)

    refund.refresh_from_db()
    assert (refund.state, firm.posted("REFUND"), firm.wallet(deposit.client)) == ("done", 1, "700.00")
    assert firm.balance(deposit.client.account_code("held")) == "0.00"


def test_after_a_day_in_doubt_it_is_never_sent_again(firm: Firm) -> None:
    deposit = firm.paid()
    firm.break_it({"on": "refund", "do": "drop", "times": -1})
    refund = ask(deposit)
    firm.work(topics=("refund.send",))
    tries = firm.fired()

    firm.work(after=timedelta(hours=24), topics=("refund.send",))
    firm.work(after=timedelta(hours=48), topics=("refund.send",))

    assert firm.fired() == tries
    refund.refresh_from_db()
    assert refund.state == "sent"
    assert [case["object_ref"] for case in firm.cases("unknown_outcome")] == [refund.public_id]


def test_a_refund_that_never_was_is_given_up_by_a_person(firm: Firm) -> None:
    deposit = firm.paid()
    firm.break_it({"on": "refund", "do": "drop", "times": -1})
    refund = ask(deposit)
    firm.work(topics=("refund.send",))
    tomorrow = timezone.now() + timedelta(hours=24)

    for wanted, error in (
        ({"now": timezone.now()}, InvalidTransition),  # it may still be sent
        ({"actor": OPS}, Forbidden),
        ({"note": " "}, InvalidRequest),
    ):
        with pytest.raises(error):
            give_up(refund, **{"now": tomorrow, **wanted})
    assert firm.wallet(deposit.client) == "700.00"

    ended = give_up(refund, now=tomorrow)

    assert (ended.state, firm.wallet(deposit.client)) == ("refused", "1000.00")
    assert firm.balance(deposit.client.account_code("held")) == "0.00"
    with pytest.raises(InvalidTransition):
        give_up(refund, now=tomorrow)
    ask(deposit, "10.00")  # and the deposit can be refunded again


def test_a_refund_that_did_happen_cannot_be_given_up(firm: Firm) -> None:
    deposit = firm.paid()
    firm.break_it({"on": "refund", "do": "lose", "times": -1})
    refund = ask(deposit)
    firm.work(topics=("refund.send",))

    with pytest.raises(InvalidTransition):
        give_up(refund, now=timezone.now() + timedelta(hours=24))

    refund.refresh_from_db()
    assert (refund.state, firm.wallet(deposit.client)) == ("done", "700.00")


def give_up(refund: Refund, *, note: str = "Not at the provider", actor: Actor = FINANCE, now: datetime) -> Refund:
    return refund_sending.give_up(refund_id=refund.pk, note=note, actor=actor, now=now)


def test_a_refund_made_at_the_provider_comes_out_of_the_wallet(firm: Firm) -> None:
    deposit = firm.paid()
    at_the_provider(firm, deposit, 25000)

    firm.hear(deposit)
    firm.hear(deposit)

    assert (firm.again(deposit).state, firm.wallet(deposit.client)) == ("refunded", "750.00")
    assert firm.posted("REFUND") == 1


def test_a_refund_made_at_the_provider_after_the_money_moved_on_becomes_debt(firm: Firm) -> None:
    deposit = firm.paid()
    spend(deposit.client, "900.00")
    at_the_provider(firm, deposit, 25000)

    firm.hear(deposit)

    assert (firm.wallet(deposit.client), firm.debt(deposit.client)) == ("0.00", "150.00")


def test_ours_and_theirs_together_add_up_to_the_providers_sum(firm: Firm) -> None:
    deposit = firm.paid()
    firm.break_it({"on": "refund", "do": "lose", "times": 1})
    refund = ask(deposit, "300.00")
    firm.work(topics=("refund.send",))  # done over there, unknown here
    at_the_provider(firm, deposit, 20000)

    firm.hear(deposit)
    firm.work(after=timedelta(minutes=1))

    refund.refresh_from_db()
    deposit = firm.again(deposit)
    assert (refund.state, deposit.refunded, firm.wallet(deposit.client)) == ("done", Decimal(500), "500.00")
    assert firm.balance(deposit.client.account_code("held")) == "0.00"


def test_a_hold_that_somebody_released_does_not_stop_the_books(firm: Firm) -> None:
    deposit = firm.paid()
    firm.break_it({"on": "refund", "do": "lose", "times": 1})
    refund = ask(deposit)
    firm.work(topics=("refund.send",))
    with transaction.atomic():
        holds.release(hold_id=refund.hold_id, source=Source("test", "release", "1"))

    firm.hear(deposit)

    assert (firm.again(deposit).refunded, firm.wallet(deposit.client)) == (Decimal(300), "700.00")


def test_the_service_of_deposits_offers_it_too(firm: Firm) -> None:
    deposit = firm.paid()

    refund = deposits.refund(
        deposit_id=deposit.pk, money=Money.of("10", "USD"), reason="Test", actor=FINANCE, now=timezone.now()
    )

    assert accounts.find(deposit.client.account_code("held"), "USD")
    assert refund.money == Money.of("10", "USD")


@pytest.mark.parametrize("kind", ["refund.failed", "charge.refund.updated"])
def test_a_refund_that_fails_after_it_was_done_goes_to_a_person_and_moves_nothing(firm: Firm, kind: str) -> None:
    deposit = firm.paid()
    refund = ask(deposit)
    firm.work()
    refund.refresh_from_db()
    assert refund.state == "done"
    (word,) = firm.messages(deposit.provider_reference, kind="charge.refunded")
    failed = {
        "id": refund.provider_reference,
        "object": "refund",
        "amount": 30000,
        "currency": "usd",
        "charge": word["data"]["object"]["id"],
        "payment_intent": deposit.provider_reference,
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "metadata": {},
    }
    before = (firm.books(), firm.posted())
    for event_id in ("evt_failed", "evt_failed", "evt_failed_again"):
        assert firm.deliver({**word, "id": event_id, "type": kind, "data": {"object": failed}}) == 200
        firm.work(topics=("provider_event.process",))
    assert (firm.books(), firm.posted()) == before
    case = firm.cases("refund_failed")[0]
    assert (case["object_ref"], case["amount"]) == (deposit.public_id, "300.00")
    assert case["facts"]["provider_code"] == "expired_or_canceled_card"
    still_fine = {**word, "id": "evt_fine", "type": kind, "data": {"object": {**failed, "status": "succeeded"}}}
    assert firm.deliver(still_fine) == 200
    firm.work(topics=("provider_event.process",))
    assert (firm.books(), firm.posted()) == before
