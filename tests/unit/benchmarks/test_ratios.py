"""Ratios are paired inside a round; a slow round must not make a fast program look slow."""

import pytest

from tests.benchmarks.ratios import Comparison, Sample, Target, compare, medians, paired
from tests.benchmarks.targets import COMPARISONS


def sample(round: int, what: str, value: float, *, clients: int = 1) -> Sample:
    return Sample(round=round, what=what, clients=clients, value=value, unit="tps")


OURS_OVER_THEIRS = Comparison(title="ours / theirs", what="ours", against="theirs", targets={1: Target(0.5, 0.8)})


def test_a_ratio_is_taken_inside_each_round_and_never_between_medians():
    # The machine was ten times slower in round 2; ours was half of theirs all the time.
    samples = [
        *(sample(number, "theirs", value) for number, value in ((1, 1000), (2, 100), (3, 900))),
        *(sample(number, "ours", value) for number, value in ((1, 500), (2, 50), (3, 450))),
    ]
    assert paired(samples, what="ours", against="theirs", clients=1) == (0.5, 0.5, 0.5)


def test_the_median_of_the_rounds_stands_against_the_target():
    samples = [
        *(sample(number, "theirs", 100) for number in (1, 2, 3)),
        *(sample(number, "ours", value) for number, value in ((1, 10), (2, 90), (3, 85))),
    ]
    (found,) = compare(samples, [OURS_OVER_THEIRS])
    assert found.rounds == (0.1, 0.9, 0.85)
    assert found.median == 0.85
    assert found.verdict == "ambitious"


def test_a_round_without_its_pair_is_left_out():
    samples = [sample(1, "theirs", 100), sample(1, "ours", 60), sample(2, "ours", 999)]
    assert paired(samples, what="ours", against="theirs", clients=1) == (0.6,)


def test_a_ratio_whose_other_side_was_not_measured_does_not_appear():
    assert compare([sample(1, "ours", 60)], [OURS_OVER_THEIRS]) == []


def test_numbers_of_clients_are_never_mixed():
    samples = [
        sample(1, "theirs", 100, clients=8),
        sample(1, "theirs", 50, clients=1),
        sample(1, "ours", 40, clients=8),
    ]
    (found,) = compare(samples, [OURS_OVER_THEIRS])
    assert (found.clients, found.rounds) == (8, (0.4,))
    assert found.target is None, "the target speaks of one client only"
    assert found.verdict == ""


def test_one_figure_twice_in_a_round_is_refused():
    samples = [sample(1, "ours", 1), sample(1, "ours", 2), sample(1, "theirs", 1)]
    with pytest.raises(ValueError, match="measured twice in round 1"):
        paired(samples, what="ours", against="theirs", clients=1)


@pytest.mark.parametrize(
    ("target", "ratio", "verdict"),
    [
        (Target(0.65, 0.9), 0.64, "below"),
        (Target(0.65, 0.9), 0.65, "floor"),
        (Target(0.65, 0.9), 0.9, "ambitious"),
        (Target(25, 12), 25.1, "below"),  # less is better
        (Target(25, 12), 25, "floor"),
        (Target(25, 12), 12, "ambitious"),
        (Target(25, 12), 3, "ambitious"),
    ],
)
def test_a_target_knows_its_direction(target: Target, ratio: float, verdict: str):
    assert target.verdict(ratio) == verdict


def test_medians_are_kept_by_figure_clients_and_unit():
    samples = [sample(1, "ours", 1), sample(2, "ours", 9), sample(3, "ours", 2), sample(1, "ours", 7, clients=8)]
    assert medians(samples) == {("ours", 1, "tps"): 2, ("ours", 8, "tps"): 7}


def test_every_comparison_has_a_title_of_its_own():
    titles = [comparison.title for comparison in COMPARISONS]
    assert len(titles) == len(set(titles))
