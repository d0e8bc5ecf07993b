"""Random histories, played on the real ledger and on the reference ledger: same answers, balances, states, refusals."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ledger.reasons import REASONS
from tests.property import reference_ledger as reference
from tests.property.chart import ADA, BEN, CHART, PAYOUT, STATUS
from tests.property.machine import Ledgers

EVERY_ANSWER = {
    "accepted",
    "replayed",
    "insufficient_available",
    "unbalanced",
    "invalid_request",
    "invalid_transition",
    "already_posted",
    "already_voided",
    "expired",
    "not_due",
    "status_not_declared",
    "never_expires",
    "not_later",
    "over_post",
    "not_divisible",
    "currency_mismatch",
    "over_capture",
    "over_release",
    "already_captured",
    "already_released",
    "over_reversal",
    "reversal_of_reversal",
    "nothing_posted",
    "account_frozen",
    "account_closed",
    "idempotency_key_reused",
    "duplicate_reference",
}


def test_the_reference_ledger_knows_the_catalogue():
    """Its few reasons are those of the product, as far as the chart of these tests goes."""
    kinds = {kind for _, _, kind, *_ in CHART}
    for code, rules in reference.REASONS.items():
        real = REASONS[code]
        assert (real.debits & kinds, real.credits & kinds, real.passes_freeze) == rules, code


@pytest.mark.django_db
def test_the_ledger_agrees_with_the_reference_ledger():
    run_state_machine_as_test(Ledgers, settings=settings())


def ends_of_reservations(both):
    """Four reservations: posted in parts, voided, run out by the clock, ended by a status."""
    yield "accepted", lambda: both.reserve_with_fee(60, 2, 1)  # the first reservation
    yield "not_divisible", lambda: both.resolve(0, 50, None, "post")
    yield "accepted", lambda: both.resolve(0, 31, None, "post")
    yield "unbalanced", lambda: both.post_entries(0, 0, 1, 1, None)
    yield "accepted", lambda: both.post_entries(0, 0, 1, 0, None)
    yield "over_post", lambda: both.post_entries(0, 0, 50, 0, None)
    yield "over_post", lambda: both.resolve(0, 31, None, "post")
    yield "currency_mismatch", lambda: both.resolve(0, 1, None, "post", None, "USD")
    yield "nothing_posted", lambda: both.reverse_one(min(both.reserved()), None)
    yield "accepted", lambda: both.extend(0, 2)
    yield "not_later", lambda: both.extend(0, 1)
    yield "accepted", lambda: both.resolve(0, None, None, "post")
    yield "already_posted", lambda: both.resolve(0, None, None, "void")
    yield "accepted", lambda: both.reserve(200, None, ADA, None, (STATUS,))  # the second
    yield "never_expires", lambda: both.extend(1, 2)
    yield "not_due", lambda: both.resolve(1, None, None, "expire")
    yield "status_not_declared", lambda: both.resolve(1, None, None, "expire", "mt5.filled")
    yield "accepted", lambda: both.resolve(1, None, None, "expire", STATUS)
    yield "accepted", lambda: both.reserve(200, None, ADA, 1)  # the third
    yield "unchanged", lambda: both.time_is_up(0)
    yield "expired", lambda: both.resolve(2, None, None, "post")
    yield "accepted", lambda: both.resolve(2, None, None, "expire")
    yield "expired", lambda: both.resolve(2, None, None, "void")
    yield "accepted", lambda: both.reserve(50, None, ADA)  # the fourth
    yield "accepted", lambda: both.resolve(3, None, None, "void")
    yield "already_voided", lambda: both.resolve(3, None, None, "post")


def ends_of_holds(both):
    yield "accepted", lambda: both.place(100, None)
    yield "accepted", lambda: both.release(0, 50, None)
    yield "over_release", lambda: both.release(0, 100, None)
    yield "over_capture", lambda: both.capture(0, 100, None, PAYOUT)
    yield "accepted", lambda: both.capture(0, None, None, PAYOUT)
    yield "already_captured", lambda: both.release(0, None, None)
    yield "accepted", lambda: both.place(100, None)
    yield "accepted", lambda: both.release(1, None, None)
    yield "already_released", lambda: both.capture(1, 50, None, PAYOUT)


def every_answer(both):
    """A short history for each answer there is, the rare ones included."""
    transfer, debt = "CLIENT_INTERNAL_TRANSFER", "client/ada/debt EUR"
    yield "accepted", lambda: both.post(transfer, [(ADA, -100), (BEN, 100)], "k1", "s1", False)
    yield "replayed", lambda: both.again(0)
    yield "idempotency_key_reused", lambda: both.post(transfer, [(ADA, -50), (BEN, 50)], "k1", None, False)
    yield "duplicate_reference", lambda: both.post(transfer, [(ADA, -50), (BEN, 50)], None, "s1", False)
    yield "insufficient_available", lambda: both.post(transfer, [(ADA, -3000), (BEN, 3000)], None, None, False)
    yield "unbalanced", lambda: both.post(transfer, [(ADA, -101), (BEN, 100)], None, None, False)
    yield "invalid_request", lambda: both.post(transfer, [(ADA, -1), ("house/fx EUR", 1)], None, None, False)
    yield "invalid_transition", lambda: both.status(BEN, "closed", 0)
    yield from ends_of_reservations(both)
    yield "accepted", lambda: both.reverse_one(3, None, 33)
    yield "over_reversal", lambda: both.reverse_one(3, None)
    yield "over_reversal", lambda: both.reverse_one(3, None, 100)
    yield "accepted", lambda: both.reverse_one(3, None, 50)
    yield "reversal_of_reversal", lambda: both.reverse_one(max(both.ids), None)
    yield from ends_of_holds(both)
    yield "unchanged", lambda: both.status(ADA, "frozen", 0)
    yield "account_frozen", lambda: both.post(transfer, [(ADA, -1), (BEN, 1)], None, None, False)
    yield "unchanged", lambda: both.status(debt, "closed", 0)
    yield "account_closed", lambda: both.post("MANUAL_ADJUSTMENT", [(debt, -1), (BEN, 1)], None, None, False)


@pytest.mark.django_db
def test_every_answer_is_given_by_both():
    """Chance may leave a rare answer out; this history does not."""
    both = Ledgers()
    both.open_books()
    try:
        for answer, step in every_answer(both):
            before = Counter(both.seen)
            step()
            assert both.seen - before == ({} if answer == "unchanged" else {answer: 1})
            both.same_figures()
            both.same_states()
        assert both.seen.keys() >= EVERY_ANSWER
    finally:
        both.teardown()
