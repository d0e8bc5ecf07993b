"""The rules of the machine reach what they are there for: a rule that is never accepted, or never refused for what it
could be refused for, proves nothing.

Counted on the reference ledger alone, with the same examples every time, round after round until nothing is missing;
`test_state_machine.py` shows that the real ledger answers the same.
"""

from collections import Counter

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import get_state_machine_test, rule

from tests.property.rehearsal import Rehearsal

ROUNDS, EXAMPLES, STEPS = 12, 60, 50
NAMES = "replayed idempotency_key_reused duplicate_reference"
MUCH = f"accepted {NAMES} insufficient_available invalid_request unbalanced period_closed"
# What each verb must be answered, and what where it says more: under conditions, in a chain, with a time of its own.
REACHED = {
    "post": f"{MUCH} condition_not_met version_conflict",
    "post at": "accepted period_closed insufficient_available",
    "post lands": "accepted",
    "post conditions": "accepted condition_not_met version_conflict invalid_request period_closed",
    "post_each": f"{MUCH} condition_not_met version_conflict chain_broken",
    "post_each chain": "accepted chain_broken period_closed condition_not_met insufficient_available",
    "post_each conditions": "accepted condition_not_met version_conflict chain_broken",
    "post_each pending": "accepted chain_broken insufficient_available",
    "post_each at": "accepted period_closed",
    "post_each lands": "accepted",
    "post_each end": "accepted",
    "post_batch": "accepted period_closed chain_broken",
    "post_batch chain": "accepted",
    "post_batch pending": "accepted",
    "convert": "accepted invalid_request insufficient_available period_closed",
    "convert at": "accepted period_closed",
    "reverse": "accepted over_reversal currency_mismatch moves_hold reversal_of_reversal",
    "reverse at": "accepted",
    "reverse lands": "accepted",
    "reverse entries": "accepted over_reversal unbalanced reversal_of_reversal idempotency_key_reused",
    "reverse rest": "accepted replayed already_reversed insufficient_available idempotency_key_reused "
    "reversal_of_reversal",
    "reverse_by_hand": "accepted already_reversed reversal_of_reversal idempotency_key_reused",
    "reverse_by_hand entries": "accepted entries_mirrored not_in_original over_reversal unbalanced",
    "resolve": "accepted over_post already_posted void_after_post already_voided post_after_void expired "
    "status_not_declared unbalanced",
    "resolve at": "accepted",
    "resolve lands": "accepted",
    "extend": "accepted replayed never_expires not_later expired already_posted",
    "expire_reservations": "accepted nothing",
    "place": "accepted insufficient_available idempotency_key_reused",
    "place end": "accepted",
    "end_hold": "accepted over_release already_released capture_after_release already_captured release_after_capture "
    "expired currency_mismatch",
    "extend_hold": "accepted replayed never_expires not_later expired",
    "expire_holds": "accepted nothing",
    "set_status": "accepted invalid_transition",
    "close_day": "accepted invalid_transition",
    "close_month": "accepted invalid_transition",
}


def reached(machine, rounds=ROUNDS):
    """How often each verb was answered what, over many histories."""
    counts = Counter()

    class Counting(machine):
        def teardown(self):
            counts.update(self.reached)

    fixed = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, phases=[Phase.generate])
    for number in range(rounds):
        if number == 0 or missing(counts):
            seed(number)(get_state_machine_test(Counting, settings=fixed))()
    return counts


def missing(counts):
    wanted = {(verb, answer) for verb, answers in REACHED.items() for answer in answers.split()}
    return sorted(wanted - counts.keys())


@pytest.mark.slow
def test_every_rule_is_accepted_and_refused_for_what_it_can_be_refused_for():
    counts = reached(Rehearsal)
    print({f"{verb}: {answer}": count for (verb, answer), count in sorted(counts.items())})
    assert missing(counts) == []


def test_a_rule_that_goes_dead_is_found():
    """Days that are never closed leave nothing to be refused for it."""

    class NeverCloses(Rehearsal):
        @rule()
        def close_day(self):
            """Nothing."""

    lost = {verb for verb, answer in missing(reached(NeverCloses, rounds=1)) if answer == "period_closed"}
    assert lost == {verb for verb, answers in REACHED.items() if "period_closed" in answers.split()}


def test_every_verb_is_asked_for():
    """A new verb of the machine has a line above."""
    assert set(Rehearsal.verbs()) == {verb.split(" ", maxsplit=1)[0] for verb in REACHED}
