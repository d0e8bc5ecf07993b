"""Sample statements in each format, with what finance expects to read in them; and real ones where at hand."""

import json
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reconciliation.parsers import registry
from reconciliation.parsers.base import KINDS

ROOT = Path(__file__).parents[4]
SAMPLES = sorted(
    path
    for folder in ("camt", "mt940")
    for path in (ROOT / "tests" / "samples" / folder).iterdir()
    if path.suffix != ".json"
)
REAL = sorted(
    path for pattern in ("camt/*.xml", "mt940/*.sta") for path in (ROOT.parent / "shared" / "samples").glob(pattern)
)


def plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else value.isoformat()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    found = [asdict(statement) for statement in registry.parse(content=path.read_bytes(), name=path.name)]
    expected = json.loads(path.with_name(f"{path.stem}.expected.json").read_text())
    assert json.loads(json.dumps(found, default=plain)) == expected


def test_every_sample_has_its_expectation_and_there_are_some() -> None:
    assert len(SAMPLES) >= 8
    assert {path.stem for path in SAMPLES} == {
        path.name.removesuffix(".expected.json")
        for folder in ("camt", "mt940")
        for path in (ROOT / "tests" / "samples" / folder).glob("*.expected.json")
    }


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_statements_are_read_whole(path: Path) -> None:
    content = path.read_bytes()
    statements = registry.parse(content=content, name=path.name)
    records = [record for statement in statements for record in statement.records]
    lines = content.count(b":61:") or content.count(b"<Ntry>")
    assert len(records) >= lines
    for statement in statements:
        assert statement.account_iban and statement.currency
        assert [record.position for record in statement.records] == list(range(1, len(statement.records) + 1))
        assert statement.ties or any("does not tie" in warning for warning in statement.warnings)
    for record in records:
        assert isinstance(record.amount, Decimal) and record.amount.is_finite()
        assert record.booked_on and record.kind in KINDS
        json.dumps(record.raw)
