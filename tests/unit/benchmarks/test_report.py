"""The table says what was promised beside what was found; the JSON holds every figure that led to it."""

import json
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.ratios import Ratio, Sample, Target

REACHED = Ratio(title="ours / theirs", clients=8, rounds=(0.5, 0.7, 0.6), target=Target(0.4, 0.7))
UNPROMISED = Ratio(title="ours / nobody's", clients=16, rounds=(12.34,), target=None)
SAMPLES = [
    Sample(round=1, what="ours", clients=8, value=1234.5, unit="tps"),
    Sample(round=2, what="ours", clients=8, value=1300.0, unit="tps"),
    Sample(round=1, what="bytes", clients=1, value=640.0, unit="bytes"),
]


def test_a_line_shows_the_median_its_range_and_how_far_it_gets():
    head, ruler, line = report.ratios_table([REACHED]).splitlines()
    assert head.split() == ["ratio", "clients", "median", "lowest", "highest", "floor", "ambitious", "reaches"]
    assert set(ruler) == {"-", " "}
    assert line.split() == ["ours", "/", "theirs", "8", "0.60", "0.50", "0.70", "0.40", "0.70", "floor"]


def test_nothing_is_said_about_a_ratio_that_nobody_promised():
    line = report.ratios_table([UNPROMISED]).splitlines()[-1]
    assert line.split() == ["ours", "/", "nobody's", "16", "12.3", "12.3", "12.3"]


def test_columns_stand_under_each_other():
    lines = report.ratios_table([REACHED, UNPROMISED]).splitlines()
    ends = [line.index("clients") + len("clients") for line in lines[:1]]
    assert [line[ends[0] - 2 : ends[0]].strip() for line in lines[2:]] == ["8", "16"]


def test_an_empty_run_still_prints_its_head():
    assert report.ratios_table([]).startswith("ratio")


def test_figures_are_grouped_by_clients_in_the_order_they_were_taken():
    rows = [line.split() for line in report.figures_table(SAMPLES).splitlines()[2:]]
    assert rows == [["bytes", "1", "640", "bytes"], ["ours", "8", "1,267", "tps"]]


def test_numbers_keep_the_digits_that_mean_something():
    shown = {value: report.number(value) for value in (0, 0.00042, 0.8349, 7.125, 12.34, 1234.5)}
    assert list(shown.values()) == ["0", "0.00042", "0.83", "7.12", "12.3", "1,234"]


def test_the_document_holds_conditions_ratios_and_samples_and_is_written_as_json(tmp_path: Path):
    found = report.document(SAMPLES, [REACHED, UNPROMISED], {"processors": 2})
    path = report.write(found, tmp_path / "bench", "20260101T000000Z")
    assert path == tmp_path / "bench" / "20260101T000000Z.json"
    kept = json.loads(path.read_text())
    assert kept["conditions"] == {"processors": 2}
    assert [ratio["reaches"] for ratio in kept["ratios"]] == ["floor", ""]
    assert kept["ratios"][0]["rounds"] == [0.5, 0.7, 0.6]
    assert kept["samples"][0] == {"round": 1, "what": "ours", "clients": 8, "value": 1234.5, "unit": "tps"}
