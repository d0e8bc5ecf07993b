"""A payment's life between the adapter and a Stripe of its own, over real HTTP."""

from collections.abc import Callable
from decimal import Decimal

import pytest
import requests

from ledger.errors import InvalidRequest, Unavailable
from payments.connectors.outcomes import Accepted, InDoubt, Rejected
from payments.connectors.psp.stripe.adapter import StripeAdapter
from payments.connectors.psp.stripe.simulated.cards import CARDS


def test_a_created_payment_waits_on_a_page(house) -> None:
    outcome = house.create("dep_1", "1000.00")
    assert outcome.facts["checkout_url"] == f"{house.url}/pay/{outcome.reference}"
    facts = house.adapter.fetch_payment(payment_reference=outcome.reference)
    assert (facts.status, facts.our_reference, facts.currency) == ("initiated", "dep_1", "USD")
    assert (facts.amount, facts.captured, facts.refunded, facts.fee) == (Decimal("1000.00"), 0, 0, None)


def test_a_thousand_paid_costs_exactly_29(house) -> None:
    facts = house.adapter.fetch_payment(payment_reference=house.paid(amount="1000.00"))
    assert (facts.status, facts.captured, facts.fee) == ("captured", Decimal("1000.00"), Decimal("29.00"))
    assert facts.charge_reference.startswith("ch_")


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [("0.50", "USD", "0.01"), ("150000", "JPY", "4350"), ("12.340", "KWD", "0.358"), ("999999.99", "EUR", "29000.00")],
)
def test_fees_follow_the_decimals_of_the_currency(house, amount: str, currency: str, fee: str) -> None:
    facts = house.adapter.fetch_payment(payment_reference=house.paid(amount=amount, currency=currency))
    assert (facts.captured, facts.fee, facts.currency) == (Decimal(amount), Decimal(fee), currency)


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "card_declined"),
        ("4000000000000069", "card_expired"),
        ("4000000000000127", "card_details_wrong"),
        ("4000000000000119", "try_again"),
        ("4111111111111111", "card_not_supported"),
    ],
)
def test_a_declined_card_takes_nothing_and_leaves_the_payment_open(house, card: str, code: str) -> None:
    reference = house.paid(card_number=card)
    facts = house.adapter.fetch_payment(payment_reference=reference)
    assert (facts.status, facts.failure_code, facts.captured) == ("failed", code, 0)
    assert house.count("balance_transaction") == 0
    house.tell("pay", payment_intent=reference, card_number="4242424242424242")
    facts = house.adapter.fetch_payment(payment_reference=reference)
    assert (facts.status, facts.failure_code, facts.captured) == ("captured", "", Decimal("1000.00"))


def test_paying_twice_pays_once(house) -> None:
    reference = house.paid()
    house.tell("pay", payment_intent=reference)
    assert (house.count("charge"), house.count("balance_transaction")) == (1, 1)


def test_an_approved_card_is_captured_later(house) -> None:
    reference = house.paid(card_number="4000000000003220")
    facts = house.adapter.fetch_payment(payment_reference=reference)
    assert (facts.status, facts.captured, facts.fee) == ("authorised", 0, None)
    assert house.count("balance_transaction") == 0
    house.tell("capture", payment_intent=reference)
    facts = house.adapter.fetch_payment(payment_reference=reference)
    assert (facts.status, facts.captured, facts.fee) == ("captured", Decimal("1000.00"), Decimal("29.00"))


def test_a_partial_capture_costs_only_its_part_and_refunds_nothing(house) -> None:
    reference = house.paid(card_number="4000000000003220")
    house.tell("capture", payment_intent=reference, amount_to_capture=60000)
    facts = house.adapter.fetch_payment(payment_reference=reference)
    assert (facts.status, facts.amount, facts.captured) == ("captured", Decimal("1000.00"), Decimal("600.00"))
    assert (facts.refunded, facts.fee) == (Decimal(0), Decimal("17.40"))
    house.adapter.refund(
        payment_reference=reference, refund_reference="ref_1", amount=Decimal("100.00"), currency="USD"
    )
    facts = house.adapter.fetch_payment(payment_reference=reference)
    assert (facts.captured, facts.refunded, facts.fee) == (Decimal("600.00"), Decimal("100.00"), Decimal("17.40"))


def test_more_than_approved_cannot_be_captured(house) -> None:
    reference = house.paid(card_number="4000000000003220")
    answer = house.api("POST", f"/v1/payment_intents/{reference}/capture", data={"amount_to_capture": "100001"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "amount_too_large")
    assert house.adapter.fetch_payment(payment_reference=reference).status == "authorised"


def test_a_cancelled_payment_can_be_neither_paid_nor_captured(house) -> None:
    reference = house.paid(card_number="4000000000003220")
    assert house.api("POST", f"/v1/payment_intents/{reference}/cancel").json()["status"] == "canceled"
    assert house.adapter.fetch_payment(payment_reference=reference).status == "cancelled"
    answer = house.api("POST", f"/v1/payment_intents/{reference}/capture")
    assert answer.json()["error"]["code"] == "payment_intent_unexpected_state"
    house.tell("pay", payment_intent=reference)
    assert house.adapter.fetch_payment(payment_reference=reference).captured == 0


def test_a_slow_card_arrives_by_itself(open_house: Callable) -> None:
    now = [1_795_262_400.0]
    house = open_house(clock=lambda: now[0], slow_seconds=10)
    reference = house.paid(card_number="4000000000005126")
    house.simulator.background()
    assert house.adapter.fetch_payment(payment_reference=reference).status == "initiated"
    now[0] += 11
    house.simulator.background()
    assert house.adapter.fetch_payment(payment_reference=reference).status == "captured"


def refund(house, reference: str, amount: str, key: str = "ref_1") -> Accepted | Rejected | InDoubt:
    return house.adapter.refund(
        payment_reference=reference, refund_reference=key, amount=Decimal(amount), currency="USD"
    )


def test_refunds_add_up_and_never_exceed_the_payment(house) -> None:
    reference = house.paid()
    assert isinstance(refund(house, reference, "400.00", "ref_1"), Accepted)
    assert isinstance(refund(house, reference, "600.01", "ref_2"), Rejected)
    assert house.adapter.fetch_payment(payment_reference=reference).refunded == Decimal("400.00")
    assert isinstance(refund(house, reference, "600.00", "ref_3"), Accepted)
    facts = house.adapter.fetch_payment(payment_reference=reference)
    assert (facts.refunded, facts.captured, facts.fee) == (Decimal(1000), Decimal(1000), Decimal("29.00"))
    last = refund(house, reference, "0.01", "ref_4")
    assert isinstance(last, Rejected)
    assert last.code == "charge_already_refunded"


def test_what_was_not_captured_cannot_be_refunded(house) -> None:
    reference = house.paid(card_number="4000000000003220")
    outcome = refund(house, reference, "10.00")
    assert isinstance(outcome, Rejected)
    assert outcome.code == "charge_not_refundable"
    assert house.count("refund") == 0


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.49", "USD"), ("1000000.00", "USD"), ("12.345", "KWD"), ("1", "BTC"), ("10", "XXX")]
)
def test_amounts_a_card_cannot_carry_are_rejected_and_nothing_is_made(house, amount: str, currency: str) -> None:
    outcome = house.adapter.create_payment(
        our_reference="dep_1", amount=Decimal(amount), currency=currency, return_url="http://127.0.0.1/back"
    )
    assert isinstance(outcome, Rejected)
    assert outcome.code == "amount_not_allowed"
    assert house.count("payment_intent") == 0


def test_a_return_address_that_is_no_web_address_is_rejected(house) -> None:
    outcome = house.adapter.create_payment(
        our_reference="dep_1", amount=Decimal(10), currency="USD", return_url="javascript:alert(1)"
    )
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.facts["param"]) == ("url_invalid", "return_url")


def test_an_unknown_payment_is_none_and_a_strange_id_never_leaves(house) -> None:
    assert house.adapter.fetch_payment(payment_reference="pi_nobody") is None
    for strange in ("../payouts", "pi_1/capture", "", "pi_1?x=1"):
        with pytest.raises(InvalidRequest):
            house.adapter.fetch_payment(payment_reference=strange)


def test_a_wrong_key_is_said_plainly(open_house: Callable) -> None:
    house = open_house(secret_key="sk_test_other")
    outcome = house.adapter.create_payment(
        our_reference="dep_1", amount=Decimal(10), currency="USD", return_url="http://127.0.0.1/back"
    )
    assert isinstance(outcome, Rejected)
    assert outcome.facts["status"] == 401
    with pytest.raises(Unavailable):
        house.adapter.fetch_payment(payment_reference="pi_1")
    assert house.count("payment_intent") == 0


@pytest.mark.parametrize(("base", "key"), [("ftp://x", "sk"), ("api.stripe.com", "sk"), ("https://x", "")])
def test_a_half_configured_adapter_is_refused(base: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"api_base|secret_key"):
        StripeAdapter(api_base=base, secret_key=key, webhook_secrets=[])


def test_no_card_number_is_ever_kept(house) -> None:
    for number in CARDS:
        house.paid(f"dep_{number[-4:]}_{number[4:6]}", card_number=number)
    kept = "".join(part.read_bytes().decode("latin-1") for part in _files(house.simulator.state))
    assert "4242" in kept
    assert not [number for number in CARDS if number in kept]


def _files(state: str) -> list:
    from pathlib import Path

    return list(Path(state).parent.glob("*"))


def test_a_restarted_stripe_remembers(open_house: Callable) -> None:
    before = open_house()
    reference = before.paid()
    after = open_house()
    assert after.adapter.fetch_payment(payment_reference=reference).captured == Decimal("1000.00")
    assert after.create("dep_1").facts["replayed"] is True
    assert requests.get(f"{after.url}/_sim/health", timeout=5).json() == {"name": "stripe", "state": "up"}
