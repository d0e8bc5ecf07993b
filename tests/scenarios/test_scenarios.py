"""Every scenario of the tables beside this file, played on the ledger; a failure quotes its line of the table."""

from pathlib import Path

import pytest

from tests.scenarios import cells, playing, reading, verbs

TABLES = sorted((Path(__file__).parent / "tables").glob("*.md"))
SCENARIOS = [scenario for path in TABLES for scenario in reading.read(path, file=f"tests/scenarios/tables/{path.name}")]
ROWS_LEAST = 700
# What the books are known for: each has a table with so many rows that name what accounts hold afterwards, and so many
# whose answer is no.
TOPICS = {"limits", "two_phase", "expiry", "chains", "reversals", "fx", "periods", "idempotency"}
TOPIC_LEAST, REFUSED_LEAST = 25, 15
# Each of these must be met in some table: what the books refuse, by its public code.
REFUSALS = {
    "account_closed",
    "account_frozen",
    "chain_broken",
    "condition_not_met",
    "currency_mismatch",
    "duplicate_reference",
    "idempotency_key_reused",
    "insufficient_available",
    "invalid_request",
    "invalid_transition",
    "not_found",
    "over_capture",
    "over_reversal",
    "period_closed",
    "quote_expired",
    "quote_used",
    "rate_stale",
    "unbalanced",
    "unsupported_pair",
    "version_conflict",
}


@pytest.mark.django_db
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_scenario(scenario):
    wrong, played = "", 0
    try:
        played = playing.play(scenario)
    except cells.TableError as error:
        wrong = str(error)
    if wrong:
        pytest.fail(wrong, pytrace=False)
    assert played == len(scenario.steps)


def test_there_are_enough_rows_and_they_use_every_verb_and_meet_every_refusal():
    steps = [step for scenario in SCENARIOS for step in scenario.steps]
    assert len(steps) >= ROWS_LEAST
    everything = [each for step in steps for each in [step, *step.items]]
    assert {each.verb for each in everything} == set(verbs.VERBS)
    assert {each.outcome for each in everything if each.outcome} == REFUSALS | verbs.MAKE


def test_every_topic_is_told_in_full():
    for topic in sorted(TOPICS):
        steps = [step for scenario in SCENARIOS if Path(scenario.place.file).stem == topic for step in scenario.steps]
        everything = [each for step in steps for each in [step, *step.items]]
        assert sum(bool(step.balances) for step in steps) >= TOPIC_LEAST, topic
        assert sum(each.outcome in REFUSALS for each in everything) >= REFUSED_LEAST, topic
