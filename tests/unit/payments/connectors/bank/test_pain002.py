"""The bank's answers: only ACSC means paid, and what we do not know is never read as settled or refused."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InvalidRequest
from payments.connectors.bank.iso20022 import open_message
from payments.connectors.bank.sepa.pain002 import STATES, read_status

SAMPLES = Path(__file__).parents[4] / "samples" / "pain"


def plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else value.isoformat()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("pain002*.xml")), ids=lambda path: path.stem)
def test_samples(path: Path) -> None:
    found = [asdict(status) for status in read_status(open_message(path.read_bytes()))]
    expected = json.loads(path.with_name(f"{path.stem}.expected.json").read_text())
    assert json.loads(json.dumps(found, default=plain)) == expected


def report(*, group: str = "", block: str = "", single: str = "", version: str = "10", count: str = "") -> bytes:
    parts = [
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>',
        "<GrpHdr><MsgId>R</MsgId><CreDtTm>2026-11-20T08:00:00Z</CreDtTm></GrpHdr>",
        "<OrgnlGrpInfAndSts><OrgnlMsgId>PAY-1</OrgnlMsgId>",
        f"<OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>" if count else "",
        f"<GrpSts>{group}</GrpSts>" if group else "",
        "</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>WD-1</OrgnlPmtInfId>",
        f"<PmtInfSts>{block}</PmtInfSts>" if block else "",
        f"<TxInfAndSts><OrgnlEndToEndId>WD-1</OrgnlEndToEndId><TxSts>{single}</TxSts></TxInfAndSts>" if single else "",
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>",
    ]
    return "".join(parts).encode()


def states(content: bytes) -> list[tuple[str, str]]:
    return [(status.end_to_end_id, status.state) for status in read_status(open_message(content))]


@pytest.mark.parametrize("version", ["03", "10"])
@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("ACTC", "accepted"),
        ("ACWC", "accepted"),
        ("ACCP", "sent"),
        ("ACSP", "sent"),
        ("ACSC", "settled"),
        ("PDNG", "received"),
        ("PART", "received"),
        ("RCVD", "received"),
        ("RJCT", "rejected"),
    ],
)
def test_each_status_has_its_state(code: str, state: str, version: str) -> None:
    assert states(report(single=code, version=version)) == [("WD-1", state)]


def test_only_two_statuses_mean_that_money_moved() -> None:
    assert {code for code, state in STATES.items() if state == "settled"} == {"ACSC", "ACCC"}


def unknown() -> Iterator[str]:
    yield from ("BLCK", "CANC", "XXXX", "acsc", "ACSCX", "SETTLED", "RJCTX", "")


@pytest.mark.parametrize("code", unknown())
def test_an_unknown_status_settles_and_refuses_nothing(code: str) -> None:
    found = read_status(open_message(report(single=code)))
    assert {status.state for status in found} <= {"received"}
    assert all("not known" in status.facts["warning"] for status in found)


def test_the_precise_status_comes_first_and_the_file_is_named_only_when_it_adds_something() -> None:
    assert states(report(group="ACCP", single="RJCT", count="1")) == [("WD-1", "rejected")]
    assert states(report(group="ACCP", single="RJCT", count="2")) == [("WD-1", "rejected"), ("", "sent")]
    assert states(report(group="PART", single="RJCT", count="2")) == [("WD-1", "rejected")]
    assert states(report(group="ACSC", block="RJCT", count="1")) == [("WD-1", "rejected")]
    assert states(report(group="RJCT")) == [("", "rejected")]


def test_another_message_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_status(open_message(b"<Document><BkToCstmrStmt/></Document>"))
    assert refused.value.param == "file"


def test_an_amount_that_cannot_be_read_stops_the_reading() -> None:
    broken = report(single="ACSC").replace(
        b"<TxSts>ACSC</TxSts>",
        b"<TxSts>ACSC</TxSts><OrgnlTxRef><Amt><InstdAmt>1,5</InstdAmt></Amt></OrgnlTxRef>",
    )
    with pytest.raises(InvalidRequest, match="amount"):
        read_status(open_message(broken))


def test_times_without_a_zone_are_taken_as_utc() -> None:
    content = report(single="ACSC").replace(b"08:00:00Z", b"08:00:00")
    (status,) = read_status(open_message(content))
    assert status.occurred_at == datetime.fromisoformat("2026-11-20T08:00:00+00:00")
