"""What a run found, as a table for people and as JSON for programs. Pure text; writes one file and nothing else.

Must never turn a figure into a failure: a machine that is busy with other things is no defect.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.ratios import Ratio, Sample, medians

_RATIO_HEAD = ("ratio", "clients", "median", "lowest", "highest", "floor", "ambitious", "reaches")
_FIGURE_HEAD = ("figure (to read, not to divide)", "clients", "median", "unit")


def ratios_table(ratios: Iterable[Ratio]) -> str:
    """One line per ratio: the median of the paired ratios, their range, and what was promised."""
    rows = []
    for ratio in ratios:
        target = ratio.target
        promised = (number(target.floor), number(target.ambitious)) if target else ("", "")
        spread = (number(ratio.median), number(min(ratio.rounds)), number(max(ratio.rounds)))
        rows.append((ratio.title, str(ratio.clients), *spread, *promised, ratio.verdict))
    return columns([_RATIO_HEAD, *rows])


def figures_table(samples: Iterable[Sample]) -> str:
    """The medians themselves, in the order in which they were first measured."""
    rows = [
        (what, str(clients), number(value), unit)
        for (what, clients, unit), value in sorted(medians(samples).items(), key=lambda item: item[0][1])
    ]
    return columns([_FIGURE_HEAD, *rows])


def number(value: float) -> str:
    """Three digits that mean something: "0.83", "12.5", "1,240"."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 5
    return f"{value:.{digits}f}"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns under a ruled head: text to the left, numbers to the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    numeric = [all(not row[index] or row[index][0].isdigit() for row in rows[1:]) for index in range(len(widths))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def document(samples: Sequence[Sample], ratios: Sequence[Ratio], conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was measured, as plain values: conditions, every sample, every paired ratio."""
    return {
        "conditions": dict(conditions),
        "ratios": [
            {
                "title": ratio.title,
                "clients": ratio.clients,
                "median": ratio.median,
                "rounds": list(ratio.rounds),
                "floor": ratio.target.floor if ratio.target else None,
                "ambitious": ratio.target.ambitious if ratio.target else None,
                "reaches": ratio.verdict,
            }
            for ratio in ratios
        ],
        "samples": [vars(sample) for sample in samples],
    }


def write(found: Mapping[str, Any], folder: Path, stamp: str) -> Path:
    """Write `found` to `folder`/`stamp`.json, making the folder, and return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stamp}.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    return path
