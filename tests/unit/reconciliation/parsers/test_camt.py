"""camt rules one by one: bundles, balances, what is left out, and that nothing is repaired."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.errors import InvalidRequest
from reconciliation.parsers import registry
from reconciliation.parsers.base import ParsedStatement

BALANCE = (
    "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    '<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>'
)
ENTRY = (
    '<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts>BOOK</Sts>'
    "<BookgDt><Dt>2026-11-20</Dt></BookgDt>{code}{details}</Ntry>"
)


def balance(code: str, amount: str, mark: str = "CRDT", currency: str = "EUR") -> str:
    return BALANCE.format(code=code, amount=amount, mark=mark, currency=currency)


def entry(amount: str, mark: str = "CRDT", details: str = "", code: str = "") -> str:
    return ENTRY.format(amount=amount, mark=mark, details=f"<NtryDtls>{details}</NtryDtls>", code=code)


def detail(reference: str, amount: str = "", mark: str = "", **more: Any) -> str:
    money = f'<Amt Ccy="{more.get("currency", "EUR")}">{amount}</Amt>' if amount else ""
    direction = f"<CdtDbtInd>{mark}</CdtDbtInd>" if mark else ""
    refs = f"<Refs>{more.get('refs', '')}<EndToEndId>{reference}</EndToEndId></Refs>"
    return f"<TxDtls>{refs}{money}{direction}{more.get('extra', '')}</TxDtls>"


def statement(*parts: str, head: str = "") -> bytes:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.04">'
        "<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>"
        f"<Stmt><Id>S</Id>{head}<Acct><Id><IBAN>DE07999900000000000001</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{''.join(parts)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def parse(*parts: str, head: str = "") -> ParsedStatement:
    (found,) = registry.parse(content=statement(*parts, head=head), name="s.xml")
    return found


def test_a_bundle_that_adds_up_is_split() -> None:
    found = parse(entry("30.00", "DBIT", detail("A", "10.00") + detail("B", "25.00") + detail("C", "5.00", "CRDT")))
    assert [(record.end_to_end_id, record.amount) for record in found.records] == [
        ("A", Decimal("-10.00")),
        ("B", Decimal("-25.00")),
        ("C", Decimal("5.00")),
    ]


@pytest.mark.parametrize(
    "details",
    [
        detail("A", "10.00") + detail("B", "19.99"),
        detail("A", "10.00") + detail("B"),
        detail("A") + detail("B"),
        detail("A", "10.00") + detail("B", "20.00", currency="USD"),
        detail("A", "15.00") + detail("B", "15.00", "DBIT"),
    ],
)
def test_a_bundle_that_does_not_add_up_stays_one_record_with_a_warning(details: str) -> None:
    found = parse(entry("30.00", "CRDT", details))
    (record,) = found.records
    assert (record.amount, record.end_to_end_id) == (Decimal("30.00"), "")
    assert [item["end_to_end_id"] for item in record.raw["details"]] == ["A", "B"]
    assert any("do not add up to 30.00" in warning for warning in found.warnings)


def test_a_single_detail_lends_its_references_and_the_entry_its_amount() -> None:
    found = parse(entry("9.50", "CRDT", detail("A", "10.00")))
    (record,) = found.records
    assert (record.amount, record.end_to_end_id) == (Decimal("9.50"), "A")
    assert any("says 10.00, the entry 9.50" in warning for warning in found.warnings)


def test_equal_details_keep_their_own_numbers() -> None:
    found = parse(entry("2.00", "CRDT", detail("A", "1.00") * 2))
    assert [record.raw["detail"] for record in found.records] == ["1/2", "2/2"]


@pytest.mark.parametrize(
    ("parts", "opening", "closing", "ties"),
    [
        ((balance("OPBD", "10.00"), balance("CLBD", "15.00")), "10.00", "15.00", True),
        ((balance("PRCD", "10.00"), balance("CLBD", "15.00")), "10.00", "15.00", True),
        ((balance("PRCD", "99.00"), balance("OPBD", "10.00"), balance("CLBD", "15.00")), "10.00", "15.00", True),
        ((balance("ITBD", "10.00"), balance("ITBD", "15.00")), "10.00", "15.00", True),
        ((balance("OPBD", "10.00"), balance("ITBD", "7"), balance("ITBD", "15.00")), "10.00", "15.00", True),
        ((balance("OPBD", "10.00", "DBIT"), balance("CLBD", "5.00", "DBIT")), "-10.00", "-5.00", True),
        ((balance("OPBD", "1", currency="USD"), balance("OPBD", "10"), balance("CLBD", "15")), "10", "15", True),
        ((balance("OPBD", "10.00"), balance("CLBD", "14.99")), "10.00", "14.99", False),
        ((balance("OPBD", "10.00"), balance("CLAV", "15.00")), "10.00", None, False),
        ((balance("CLBD", "15.00"),), None, "15.00", False),
        ((), None, None, False),
    ],
)
def test_opening_and_entries_give_the_closing_or_a_warning(
    parts: tuple[str, ...], opening: str | None, closing: str | None, ties: bool
) -> None:
    found = parse(*parts, entry("5.00"))
    assert found.opening == (None if opening is None else Decimal(opening))
    assert found.closing == (None if closing is None else Decimal(closing))
    assert found.ties is ties
    assert bool(found.warnings) is not ties
    assert len(found.records) == 1  # never refused, never repaired


def test_the_warning_names_the_difference() -> None:
    found = parse(balance("OPBD", "10.00"), balance("CLBD", "14.99"), entry("5.00"))
    assert found.warnings == (
        "The statement does not tie: opening 10.00 plus entries 5.00 is 15.00, closing is 14.99, difference -0.01.",
    )


def test_large_sums_are_exact() -> None:
    huge = "999999999999999999"
    found = parse(balance("OPBD", "0.00001"), balance("CLBD", f"{huge}.00001"), entry(f"{huge}.00000"))
    assert found.ties


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("RCDT/ESCT", "receipt"),
        ("RRCT/ESCT", "receipt"),
        ("ICDT/ESCT", "payout"),
        ("IRCT/ESCT", "payout"),
        ("ICDT/RRTN", "return"),
        ("IDDT/ESDD", "direct_debit"),
        ("MDOP/CHRG", "fee"),
        ("RCDT/COMM", "fee"),
        ("MCOP/INTR", "interest"),
        ("XXXX/YYYY", "other"),
    ],
)
def test_kinds_come_from_the_bank_transaction_code(code: str, kind: str) -> None:
    family, sub = code.split("/")
    node = f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    assert parse(entry("1.00", code=node)).records[0].kind == kind


def test_a_return_points_at_the_original() -> None:
    back = detail("WD-1", "1.00", extra="<RtrInf><Rsn><Prtry>OWN7</Prtry></Rsn></RtrInf>")
    (record,) = parse(entry("1.00", "CRDT", back)).records
    assert (record.kind, record.is_return, record.return_reason) == ("return", True, "OWN7")
    assert record.original_end_to_end_id == record.end_to_end_id == "WD-1"


def test_references_that_say_nothing_are_empty() -> None:
    refs = "<MsgId>NONREF</MsgId><InstrId>notprovided</InstrId>"
    (record,) = parse(entry("1.00", "CRDT", detail("NOTPROVIDED", refs=refs))).records
    assert (record.end_to_end_id, record.message_id, record.instruction_id) == ("", "", "")


@pytest.mark.parametrize(
    "head", ["<StmtPgntn><PgNb>2</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>", "<ElctrncSeqNb>9</ElctrncSeqNb>"]
)
def test_a_page_of_more_pages_warns(head: str) -> None:
    found = parse(balance("OPBD", "1"), balance("CLBD", "1"), head=head)
    assert any("page 2" in warning for warning in found.warnings) is ("PgNb" in head)


def test_several_statements_in_one_file_are_kept_apart() -> None:
    one = statement(balance("OPBD", "1"), balance("CLBD", "1")).decode()
    start, end = one.index("<Stmt>"), one.index("</Stmt>") + len("</Stmt>")
    double = (one[:end] + one[start:end].replace("<Id>S</Id>", "<Id>T</Id>") + one[end:]).encode()
    assert [found.statement_id for found in registry.parse(content=double, name="x")] == ["S", "T"]


@pytest.mark.parametrize(
    "broken",
    [
        entry("1,00"),
        entry("-1.00"),
        entry("1e3"),
        entry("NaN"),
        entry(""),
        entry("1.00", "XXXX"),
        entry("1.00", ""),
        entry("1.00", "CRDT", detail("A", "x")),
        entry("1.00", "CRDT", detail("A", "1.00", "MAYBE")),
        balance("OPBD", "ten"),
        balance("OPBD", "1.00", "PLUS"),
    ],
)
def test_money_that_cannot_be_read_exactly_refuses_the_file_and_says_where(broken: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(balance("OPBD", "1"), broken)
    assert refused.value.param == "file"
    assert refused.value.detail.startswith(("s.xml: Entry 1", "s.xml: Balance OPBD"))
