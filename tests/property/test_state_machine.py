"""Random histories, played on the real ledger and on the reference ledger: same answers, balances, states, refusals."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ledger.chart import KINDS
from ledger.reasons import REASONS
from tests.property.answers import played
from tests.property.chart import CHART
from tests.property.machine import Ledgers
from tests.property.reference_rules import LIVE
from tests.property.reference_rules import REASONS as REFERENCE_REASONS

EVERY_ANSWER = {
    "accepted",
    "replayed",
    "nothing",
    "condition_not_met",
    "version_conflict",
    "chain_broken",
    "period_closed",
    "moves_hold",
    "insufficient_available",
    "unbalanced",
    "invalid_request",
    "invalid_transition",
    "already_posted",
    "void_after_post",
    "already_voided",
    "post_after_void",
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
    "release_after_capture",
    "already_released",
    "capture_after_release",
    "over_reversal",
    "already_reversed",
    "entries_mirrored",
    "not_in_original",
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
    for code, rules in REFERENCE_REASONS.items():
        real = REASONS[code]
        assert (real.debits & kinds, real.credits & kinds, real.passes_freeze) == rules, code
    assert {kind for kind in kinds if KINDS[kind].running} == LIVE & kinds


@pytest.mark.django_db
def test_the_ledger_agrees_with_the_reference_ledger():
    run_state_machine_as_test(Ledgers, settings=settings())


@pytest.mark.django_db
def test_every_answer_is_given_by_both():
    """Chance may leave a rare answer out; this history does not."""
    both = Ledgers()
    played(both)
    assert both.seen.keys() >= EVERY_ANSWER
