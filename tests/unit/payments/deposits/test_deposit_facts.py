"""Facts of a deposit: they only grow, and every order of messages joins to the same facts. No database."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.connectors.psp.base import PaymentFacts, PspEvent
from payments.deposit_checks import contradiction, needs_record, unconfirmed
from payments.deposit_facts import Facts, changes, merge, merge_payment, state
from payments.services.walking import route
from payments.states import DEPOSIT, DISPUTE

ASKED = Decimal("1000.00")
FRESH = Facts(asked=ASKED, currency="USD")
WHEN = datetime(2026, 11, 21, tzinfo=UTC)


def event(kind: str, amount: str = "1000.00", **changes: Any) -> PspEvent:
    known = {
        "event_id": f"evt_{kind}",
        "kind": kind,
        "payment_reference": "pi_1",
        "object_reference": "dp_1" if kind.startswith("dispute") else "ch_1",
        "our_reference": "",
        "amount": Decimal(amount),
        "currency": "USD",
        "occurred_at": WHEN,
    }
    return PspEvent(**{**known, **changes})


AUTHORISED = event("authorised")
FAILED = event("failed", code="insufficient_funds")
CANCELLED = event("cancelled", code="cancelled")
CAPTURED = event("captured")
PART = event("captured", "400.00")
REFUNDED = event("refunded", "300.00")
OPENED = event("dispute_opened", "700.00")
WITHDRAWN = event("dispute_funds_withdrawn", "700.00", fee=Decimal(15))
REINSTATED = event("dispute_funds_reinstated", "700.00", fee=Decimal(15))
FEE_KEPT = event("dispute_funds_reinstated", "700.00", fee=Decimal(0))
WON = event("dispute_closed", "700.00", code="won")
LOST = event("dispute_closed", "700.00", code="lost")


def after(*told: PspEvent, start: Facts = FRESH) -> Facts:
    for one in told:
        start = merge(start, one)
    return start


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        ((), "initiated"),
        ((AUTHORISED,), "authorised"),
        ((FAILED,), "failed"),
        ((FAILED, AUTHORISED), "authorised"),
        ((AUTHORISED, FAILED), "authorised"),
        ((CANCELLED, AUTHORISED), "cancelled"),
        ((FAILED, CAPTURED), "captured"),
        ((PART,), "captured"),
        ((CAPTURED, REFUNDED), "refunded"),
        ((CAPTURED, OPENED), "disputed"),
        ((CAPTURED, WITHDRAWN), "disputed"),
        ((CAPTURED, WITHDRAWN, LOST), "dispute_lost"),
        ((CAPTURED, WITHDRAWN, WON), "dispute_won"),
        ((CAPTURED, WITHDRAWN, REINSTATED), "dispute_won"),
        ((CAPTURED, REFUNDED, WITHDRAWN, REINSTATED), "dispute_won"),
        ((CAPTURED, LOST, REINSTATED), "dispute_won"),
        ((CAPTURED, OPENED, event("dispute_closed", "700.00", code="warning_closed")), "dispute_won"),
    ],
)
def test_facts_lead_to_one_state(told: Any, ends: str) -> None:
    for order in permutations(told):
        assert state(after(*order)) == ends
        assert state(after(*order, *order)) == ends


def test_a_settled_deposit_says_so_until_something_weightier_happens() -> None:
    settled = replace(after(CAPTURED), settled=True)

    assert state(settled) == "settled"
    assert state(after(REFUNDED, start=settled)) == "refunded"
    assert state(after(WITHDRAWN, start=settled)) == "disputed"
    assert state(after(WITHDRAWN, REINSTATED, start=settled)) == "dispute_won"


def test_everything_refunded_outranks_a_dispute_that_was_won() -> None:
    assert state(after(CAPTURED, WITHDRAWN, REINSTATED, event("refunded"))) == "refunded"


ALL = (AUTHORISED, FAILED, PART, CAPTURED, REFUNDED, OPENED, WITHDRAWN, REINSTATED, FEE_KEPT, WON, LOST)


@given(st.lists(st.sampled_from(ALL), max_size=12), st.randoms(use_true_random=False))
def test_any_set_of_messages_in_any_order_and_number_joins_to_the_same_facts(told: Any, dice: random.Random) -> None:
    shuffled = [*told, *dice.sample(told, dice.randint(0, len(told)))]
    dice.shuffle(shuffled)

    one, other = after(*told), after(*shuffled)

    assert one == other
    assert list(changes(one, other)) == []


@given(st.lists(st.sampled_from(ALL), max_size=12))
def test_postings_are_the_differences_and_sum_to_the_facts(told: Any) -> None:
    facts, sums = FRESH, {}
    for one in told:
        grown = merge(facts, one)
        for change in changes(facts, grown):
            assert change.amount > 0
            sums[change.kind] = sums.get(change.kind, Decimal(0)) + change.amount
        facts = grown

    assert sums.get("captured", 0) == facts.captured
    assert sums.get("refunded", 0) == facts.refunded
    assert sums.get("charged_back", 0) == facts.disputed
    assert sums.get("chargeback_won", 0) == facts.reinstated
    for name in ("chargeback_fee", "chargeback_fee_returned"):
        known = sum((one.fee_taken if name == "chargeback_fee" else one.fee_returned for one in facts.disputes), 0)
        assert sums.get(name, 0) == known


@given(st.lists(st.sampled_from(ALL), max_size=8), st.sampled_from(ALL))
def test_every_step_that_facts_demand_exists_in_the_graph(told: Any, one: PspEvent) -> None:
    facts = after(*told)
    grown = merge(facts, one)

    assert route(DEPOSIT, state(facts), state(grown)) is not None
    for dispute in grown.disputes:
        known = facts.dispute(dispute.reference)
        assert route(DISPUTE, known.state if known else "opened", dispute.state) is not None


def record(**changes: Any) -> PaymentFacts:
    known = {
        "reference": "pi_1",
        "our_reference": "dep_1",
        "status": "captured",
        "currency": "USD",
        "amount": ASKED,
        "captured": ASKED,
        "refunded": Decimal(0),
        "fee": Decimal(29),
        "charge_reference": "ch_1",
    }
    return PaymentFacts(**{**known, **changes})


def test_the_fee_is_part_of_the_capture_when_it_is_known_by_then() -> None:
    grown = merge_payment(FRESH, record())
    (captured,) = changes(FRESH, grown)
    assert (captured.kind, captured.amount, captured.fee) == ("captured", ASKED, Decimal(29))

    told = after(CAPTURED)
    (fee,) = changes(told, merge_payment(told, record()))
    assert (fee.kind, fee.amount, fee.total) == ("fee", Decimal(29), Decimal(29))


def test_two_captures_in_parts_share_the_fee() -> None:
    first = merge_payment(FRESH, record(captured=Decimal(400), fee=Decimal("11.60")))
    (rest,) = changes(first, merge_payment(first, record()))

    assert (rest.amount, rest.total, rest.fee) == (Decimal(600), ASKED, Decimal("17.40"))


def test_a_read_of_an_unpaid_payment_is_no_capture() -> None:
    read = merge_payment(FRESH, record(status="failed", captured=Decimal(0), fee=None, failure_code="card_declined"))

    assert (state(read), read.failure_code, read.fee) == ("failed", "card_declined", None)
    assert (
        merge_payment(after(AUTHORISED), record(status="initiated", captured=Decimal(0), fee=None)).stage
        == "authorised"
    )


@pytest.mark.parametrize(
    ("facts", "told", "word"),
    [
        (FRESH, CAPTURED, ""),
        (FRESH, PART, ""),
        (FRESH, event("captured", currency="EUR"), "other_currency"),
        (FRESH, event("captured", "1000.01"), "other_amount"),
        (FRESH, event("captured", "900.00", facts={"asked": "900.00"}), "other_amount"),
        (FRESH, event("captured", "900.00", facts={"asked": "1000.00"}), ""),
        (FRESH, event("failed", "999.00"), "other_amount"),
        (FRESH, event("authorised", "1000.01"), "other_amount"),
        (FRESH, event("captured", "-1.00"), "other_amount"),
        (FRESH, REFUNDED, "more_than_captured"),
        (after(CAPTURED), event("refunded", "1000.01"), "more_than_captured"),
        (after(CAPTURED), event("dispute_opened", "1000.01"), "more_than_captured"),
        (after(CAPTURED, OPENED), event("dispute_funds_withdrawn", "699.00"), "other_amount"),
        (after(CAPTURED), event("dispute_closed", "700.00", code="needs_response"), "unknown_outcome"),
    ],
)
def test_what_does_not_fit_is_named(facts: Facts, told: Any, word: str) -> None:
    assert contradiction(facts, told) == word


def test_the_providers_record_is_needed_for_large_credits_and_for_money_not_heard_of() -> None:
    limit = Decimal(600)

    assert needs_record(FRESH, CAPTURED, limit=limit)
    assert not needs_record(FRESH, PART, limit=limit)
    assert not needs_record(after(PART), CAPTURED, limit=limit)
    assert needs_record(FRESH, REFUNDED, limit=limit)
    assert not needs_record(after(CAPTURED), REFUNDED, limit=limit)
    assert needs_record(FRESH, OPENED, limit=limit)
    assert not needs_record(FRESH, FAILED, limit=limit)


@pytest.mark.parametrize(
    ("read", "word"),
    [
        (record(), ""),
        (record(our_reference=""), ""),
        (record(our_reference="dep_2"), "other_reference"),
        (record(currency="EUR"), "other_currency"),
        (record(amount=Decimal(900), captured=Decimal(900)), "other_amount"),
        (record(captured=Decimal(1001)), "other_amount"),
        (record(refunded=Decimal(1001)), "other_amount"),
        (record(captured=Decimal(0)), "not_confirmed"),
        (record(captured=Decimal("999.99")), "not_confirmed"),
    ],
)
def test_a_record_must_bear_the_message_out(read: PaymentFacts, word: str) -> None:
    assert unconfirmed(FRESH, read, ours="dep_1", event=CAPTURED) == word
