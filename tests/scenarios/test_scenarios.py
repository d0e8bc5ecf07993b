"""Every scenario of the tables beside this file, played on the ledger; a failure quotes its line of the table."""

from collections import Counter
from pathlib import Path

import pytest

from tests.scenarios import cells, playing, reading, verbs

TABLES = sorted((Path(__file__).parent / "tables").glob("*.md"))
SCENARIOS = [scenario for path in TABLES for scenario in reading.read(path, file=f"tests/scenarios/tables/{path.name}")]
ROWS_LEAST = 250


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


def test_there_are_enough_rows_and_every_word_is_used():
    steps = [step for scenario in SCENARIOS for step in scenario.steps]
    assert len(steps) >= ROWS_LEAST
    used = Counter(each.verb for step in steps for each in [step, *step.items])
    assert set(used) == set(verbs.VERBS)
