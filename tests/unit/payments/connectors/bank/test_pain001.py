"""The payment file: what leaves us is valid, exact, and ours to recognise again."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ledger.errors import CurrencyMismatch, InvalidAmount, InvalidRequest
from payments.connectors.bank.sepa import pain001
from payments.connectors.bank.sepa.simulator import BIC, CLIENT_MONEY_IBAN
from tests.unit.payments.connectors.bank.conftest import GERMAN_IBAN, NOW, OTHER_IBAN, TODAY, payout

ROOT = Path(__file__).parents[5]
SCHEMAS = ROOT.parent / "shared" / "samples" / "xsd"
GOLDEN = ROOT / "tests" / "samples" / "pain" / "pain001_v09_payout.xml"
DEBTOR = pain001.Debtor(name="Demo Broker", iban=CLIENT_MONEY_IBAN, bic=BIC)
VERSIONS = (pain001.PAIN_001_09, pain001.PAIN_001_03)


def build(*payouts: Any, message_id: str = "PAY-20261120-0001", **changes: Any) -> bytes:
    arguments: dict[str, Any] = {"debtor": DEBTOR, "execute_on": date(2026, 11, 23), "now": NOW}
    return pain001.build(message_id=message_id, payouts=payouts or (payout(),), **arguments | changes)


def read(content: bytes, path: str) -> list[str]:
    """The texts at a path, whatever the namespace."""
    steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
    return [node.text for node in etree.fromstring(content).xpath(f"//{steps}")]


def test_the_twelve_thousand_euro_payout_to_germany() -> None:
    content = build(payout("WD-7Q2K", "12000.00", beneficiary_name="Jörg Müller & Söhne"))
    assert content == GOLDEN.read_bytes()
    assert read(content, "GrpHdr/MsgId") == ["PAY-20261120-0001"]
    assert read(content, "GrpHdr/CreDtTm") == ["2026-11-20T09:00:00Z"]
    assert read(content, "GrpHdr/NbOfTxs") == ["1"]
    assert read(content, "GrpHdr/CtrlSum") == ["12000.00"]
    assert read(content, "PmtId/EndToEndId") == read(content, "PmtInfId") == ["WD-7Q2K"]
    assert read(content, "Amt/InstdAmt") == ["12000.00"]
    assert read(content, "CdtrAcct/Id/IBAN") == [GERMAN_IBAN]
    assert read(content, "CdtrAgt/FinInstnId/BICFI") == ["COBADEFFXXX"]
    assert read(content, "Cdtr/Nm") == ["Joerg Mueller + Soehne"]
    assert read(content, "DbtrAcct/Id/IBAN") == [CLIENT_MONEY_IBAN]
    assert read(content, "ReqdExctnDt/Dt") == ["2026-11-23"]
    assert read(content, "SvcLvl/Cd") == ["SEPA"]
    assert read(content, "LclInstrm/Cd") == []


@pytest.mark.skipif(not SCHEMAS.exists(), reason="the ISO schemas are not on this machine")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("instant", [False, True])
def test_the_iso_schema_accepts_the_file(version: str, instant: bool) -> None:
    content = build(payout(instant=instant), payout("WD-2", "0.01", beneficiary_bic=""), schema=version)
    schema = etree.XMLSchema(file=str(SCHEMAS / f"{version}.xsd"))
    assert schema.validate(etree.fromstring(content)), schema.error_log


@pytest.mark.parametrize("version", VERSIONS)
def test_an_instant_payout_says_so_in_its_own_block(version: str) -> None:
    content = build(payout("WD-1", instant=True), payout("WD-2"), schema=version)
    blocks = etree.fromstring(content).xpath("//*[local-name()='PmtInf']")
    marks = [block.xpath("string(.//*[local-name()='LclInstrm'])") for block in blocks]
    assert marks == ["INST", ""]


def test_many_payouts_add_up_and_each_is_booked_singly() -> None:
    content = build(*(payout(f"WD-{n}", f"{n}.10") for n in range(1, 8)))
    assert read(content, "GrpHdr/NbOfTxs") == ["7"]
    assert read(content, "GrpHdr/CtrlSum") == ["28.70"]
    assert read(content, "PmtInf/CtrlSum") == [f"{n}.10" for n in range(1, 8)]
    assert set(read(content, "BtchBookg")) == {"false"}


def test_the_same_arguments_give_the_same_file() -> None:
    assert build() == build()


def test_without_a_bic_the_iban_is_enough_and_blanks_are_taken_out() -> None:
    content = build(payout(beneficiary_bic="", beneficiary_iban="de02 1203 0000 0000 2020 51"))
    assert read(content, "CdtrAgt/FinInstnId/BICFI") == []
    assert read(content, "CdtrAcct/Id/IBAN") == [OTHER_IBAN]


def test_an_empty_remittance_falls_back_to_our_reference() -> None:
    assert read(build(payout("WD-9", remittance=" 漢 ".strip("漢 "))), "RmtInf/Ustrd") == ["WD-9"]


BAD = {
    "wrong check digits": ({"beneficiary_iban": "DE89370400440532013001"}, InvalidRequest, "iban"),
    "no IBAN": ({"beneficiary_iban": ""}, InvalidRequest, "iban"),
    "outside SEPA": ({"beneficiary_iban": "AE070331234567890123456"}, InvalidRequest, "iban"),
    "Arabic digits": ({"beneficiary_iban": "DE٨٩370400440532013000"}, InvalidRequest, "iban"),
    "wrong BIC": ({"beneficiary_bic": "COBADEFFXX"}, InvalidRequest, "bic"),
    "BIC of nowhere": ({"beneficiary_bic": "COBAXXFFXXX"}, InvalidRequest, "bic"),
    "empty name": ({"beneficiary_name": " "}, InvalidRequest, "name"),
    "name without letters": ({"beneficiary_name": "☃ ..."}, InvalidRequest, "name"),
    "dollars": ({"currency": "USD"}, CurrencyMismatch, "currency"),
    "zero": ({"amount": Decimal("0.00")}, InvalidAmount, "amount"),
    "negative": ({"amount": Decimal("-1.00")}, InvalidAmount, "amount"),
    "too fine": ({"amount": Decimal("1.001")}, InvalidAmount, "amount"),
    "not a number": ({"amount": Decimal("NaN")}, InvalidAmount, "amount"),
    "a float": ({"amount": 1.5}, InvalidAmount, "amount"),
    "too large": ({"amount": Decimal("1000000000.00")}, InvalidAmount, "amount"),
    "long reference": ({"end_to_end_id": "W" * 36}, InvalidRequest, "end_to_end_id"),
    "empty reference": ({"end_to_end_id": ""}, InvalidRequest, "end_to_end_id"),
    "reference with a double slash": ({"end_to_end_id": "WD//1"}, InvalidRequest, "end_to_end_id"),
    "reference starting with a slash": ({"end_to_end_id": "/WD1"}, InvalidRequest, "end_to_end_id"),
    "reference with an umlaut": ({"end_to_end_id": "WÜ-1"}, InvalidRequest, "end_to_end_id"),
    "reference with an underscore": ({"end_to_end_id": "WD_1"}, InvalidRequest, "end_to_end_id"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_payout_makes_no_file(name: str) -> None:
    changes, error, param = BAD[name]
    with pytest.raises(error) as refused:
        build(replace(payout(), **changes))
    assert refused.value.param == param


@pytest.mark.parametrize("message_id", ["", "M" * 36, "M_1", " M1", "M1/", "M//1"])
def test_a_bad_message_id_makes_no_file(message_id: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        build(message_id=message_id)
    assert refused.value.param == "message_id"


def test_no_payouts_or_the_same_payout_twice_make_no_file() -> None:
    with pytest.raises(InvalidRequest) as none:
        pain001.build(message_id="M1", debtor=DEBTOR, payouts=[], execute_on=TODAY, now=NOW)
    with pytest.raises(InvalidRequest) as twice:
        build(payout("WD-1"), payout("WD-1"))
    assert (none.value.param, twice.value.param) == ("payouts", "end_to_end_id")


def test_an_unknown_version_makes_no_file() -> None:
    with pytest.raises(InvalidRequest) as refused:
        build(schema="pain.001.001.99")
    assert refused.value.param == "schema"


@given(
    cents=st.integers(min_value=1, max_value=99_999_999_999),
    name=st.text(min_size=1, max_size=200),
    remittance=st.text(max_size=300),
    instant=st.booleans(),
    later=st.integers(min_value=0, max_value=30),
)
def test_any_name_and_text_gives_a_valid_file_or_a_clear_refusal(
    cents: int, name: str, remittance: str, instant: bool, later: int
) -> None:
    """`build` validates against the schema itself: a file that comes out is a valid one."""
    amount = Decimal(cents).scaleb(-2)
    one = payout(amount=f"{amount:f}", beneficiary_name=name, remittance=remittance, instant=instant)
    try:
        content = build(one, execute_on=TODAY + timedelta(days=later))
    except InvalidRequest as refused:
        assert refused.param == "name"
        return
    assert read(content, "Amt/InstdAmt") == [f"{amount:.2f}"]
    assert 1 <= len(read(content, "Cdtr/Nm")[0]) <= 70
    assert 1 <= len(read(content, "RmtInf/Ustrd")[0]) <= 140
    assert content.decode().isascii()
