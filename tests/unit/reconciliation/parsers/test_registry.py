"""The door into the parsers: content decides, hostile files are refused quickly, clearly and without a trace."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidRequest
from reconciliation.parsers import registry

SAMPLES = Path(__file__).parents[3] / "samples"
DAY = (SAMPLES / "camt" / "camt053_v08_day.xml").read_bytes()
STA = (SAMPLES / "mt940" / "german_structured.sta").read_bytes()
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)
HOSTILE = {
    "empty": (b"", "empty"),
    "blank": (b" \n\t ", "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "neither"),
    "words": (b"Dear bank, please", "neither"),
    "a spreadsheet": (b"PK\x03\x04" + b"\x00" * 100, "neither"),
    "zeros": (b"\x00" * 1000, "neither"),
    "CSV": (b"date;amount\n2026-11-20;12,00\n", "neither"),
    "JSON": (b'{"statements": []}', "neither"),
    "HTML": (b"<html><body>Sign in<br></body></html>", "broken"),
    "other XML": (b"<invoice><total>5</total></invoice>", "not an ISO 20022"),
    "too large": (b"<a>" + b" " * (10 * 1024 * 1024), "larger than 10 MB"),
    "too large text": (b":20:" + b"x" * (10 * 1024 * 1024), "larger than 10 MB"),
    "billion laughs": (LAUGHS + DAY.split(b"?>", 1)[1].replace(b"Client One", b"&j;"), "document type"),
    "external entity": (
        b'<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        + DAY.split(b"?>", 1)[1].replace(b"Client One", b"&x;"),
        "document type",
    ),
    "external DTD": (
        b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">' + DAY.split(b"?>", 1)[1],
        "document type",
    ),
    "truncated": (DAY[: len(DAY) // 2], "broken or cut off"),
    "latin-1 without saying so": (DAY.replace(b"Client One", b"Jos\xe9"), "broken"),
    "deep": (b"<Document>" + b"<a>" * 100_000, "nested"),
    "a payment status": (
        b"<Document><CstmrPmtStsRpt><OrgnlGrpInfAndSts/></CstmrPmtStsRpt></Document>",
        "pain.002, not a statement",
    ),
    "a payment file": (b"<Document><CstmrCdtTrfInitn/></Document>", "pain.001, not a statement"),
    "a message without statements": (b"<Document><BkToCstmrStmt/></Document>", "no statement"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_foreign_files_are_refused_with_a_clear_sentence(name: str) -> None:
    content, sentence = HOSTILE[name]
    started = time.monotonic()
    with pytest.raises(InvalidRequest, match=sentence) as refused:
        registry.parse(content=content, name="upload.xml")
    assert refused.value.param == "file"
    assert refused.value.detail.startswith("upload.xml: ")
    assert time.monotonic() - started < 5


def test_the_name_decides_nothing() -> None:
    for name in ("x.sta", "x.xml", "x", "", "../../etc/passwd", "camt.054.xml"):
        assert registry.parse(content=DAY, name=name)[0].format == "camt.053.001.08"
        assert registry.parse(content=STA, name=name)[0].format == "mt940"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + DAY,
        b"\r\n\r\n" + DAY,
        DAY.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        DAY.decode().replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').encode("latin-1"),
        DAY.replace(b"\n", b"\r\n"),
    ],
)
def test_the_same_statement_in_other_clothes_reads_the_same(content: bytes) -> None:
    assert registry.parse(content=content, name="x") == registry.parse(content=DAY, name="x")


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + STA, STA.replace(b"\n", b"\r\n"), b"\r\n" + STA, b"\x01" + STA])
def test_the_same_mt940_in_other_clothes_reads_the_same(content: bytes) -> None:
    assert registry.parse(content=content, name="x") == registry.parse(content=STA, name="x")


@pytest.mark.parametrize("version", ["01", "02", "06", "10", "13"])
def test_any_version_of_camt_is_recognised(version: str) -> None:
    content = DAY.replace(b"camt.053.001.08", f"camt.053.001.{version}".encode())
    assert registry.parse(content=content, name="x")[0].format == f"camt.053.001.{version}"


def test_a_private_namespace_is_recognised_by_its_elements() -> None:
    content = DAY.replace(b"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", b"urn:our-bank:statements")
    assert registry.parse(content=content, name="x")[0].format == "camt.053"


def test_a_large_honest_file_is_read_in_seconds() -> None:
    start, end = DAY.index(b"<Ntry>"), DAY.index(b"</Ntry>") + len(b"</Ntry>")
    many = 5000
    content = DAY[:start] + DAY[start:end] * many + DAY[end:]
    started = time.monotonic()
    (found,) = registry.parse(content=content, name="x")
    assert len(found.records) == many + 3
    assert time.monotonic() - started < 20


@given(content=st.binary(max_size=300))
def test_noise_is_refused_and_nothing_else_happens(content: bytes) -> None:
    with pytest.raises(InvalidRequest):
        registry.parse(content=content, name="noise")


@given(data=st.data(), sample=st.sampled_from([DAY, STA]))
def test_a_damaged_statement_is_read_or_refused_and_nothing_else_happens(data: st.DataObject, sample: bytes) -> None:
    at = data.draw(st.integers(min_value=0, max_value=len(sample) - 1))
    length = data.draw(st.integers(min_value=0, max_value=20))
    content = sample[:at] + data.draw(st.binary(max_size=5)) + sample[at + length :]
    try:
        found = registry.parse(content=content, name="damaged")
    except InvalidRequest as refused:
        assert refused.param == "file"
    else:
        assert found
