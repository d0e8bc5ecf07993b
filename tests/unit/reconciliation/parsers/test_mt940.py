"""MT940 rules one by one, and the traps of the package behind it."""

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.errors import InvalidRequest
from reconciliation.parsers import registry
from reconciliation.parsers.base import ParsedStatement

HEAD = (":20:REF", ":25:DE07999900000000000001", ":28C:1/1", ":60F:C261119EUR100,00")


def parse(*lines: str, end: str = ":62F:C261120EUR100,00") -> ParsedStatement:
    (found,) = registry.parse(content="\n".join((*HEAD, *lines, end)).encode(), name="s.sta")
    return found


def amounts(*lines: str) -> list[str]:
    return [f"{record.amount:f}" for record in parse(*lines).records]


@pytest.mark.parametrize(
    ("mark", "amount"),
    [("C", "5.00"), ("D", "-5.00"), ("RC", "-5.00"), ("RD", "5.00"), ("CR", "5.00"), ("DR", "-5.00")],
)
def test_signs(mark: str, amount: str) -> None:
    assert amounts(f":61:2611201120{mark}5,00NTRFNONREF") == [amount]


def test_a_line_without_a_transaction_type_is_not_overwritten_by_the_next() -> None:
    lines = (":61:2611201120C1,00", ":86:first", ":61:2611201120C2,00", ":61:2611201120C3,00NTRFNONREF")
    assert amounts(*lines) == ["1.00", "2.00", "3.00"]
    assert [record.remittance for record in parse(*lines).records] == ["first", "", ""]


def test_words_after_the_closing_balance_belong_to_no_line() -> None:
    content = "\n".join(
        (
            *HEAD,
            ":61:2611201120C5,00NTRFX",
            ":86:mine",
            ":62F:C261120EUR105,00",
            ":64:C261120EUR1,",
            ":86:not mine",
            "-}",
        )
    )
    (found,) = registry.parse(content=content.encode(), name="s.sta")
    assert (found.records[0].remittance, found.ties) == ("mine", True)


def test_a_line_after_the_closing_balance_is_not_lost_in_silence() -> None:
    content = "\n".join((*HEAD, ":62F:C261120EUR100,00", ":61:2611201120C5,00NTRFX"))
    (found,) = registry.parse(content=content.encode(), name="s.sta")
    assert not found.ties
    assert any("1 lines, 0 could be read" in warning for warning in found.warnings)


@pytest.mark.parametrize("day", ["2402300229", "2402290230", "2302290228", "2602310228"])
def test_the_thirtieth_of_february_is_the_last_day_of_february(day: str) -> None:
    (record,) = parse(f":61:{day}C1,00NTRFNONREF").records
    assert record.value_on is not None and record.booked_on is not None
    assert {record.value_on.month, record.booked_on.month} == {2}
    assert max(record.value_on.day, record.booked_on.day) in (28, 29)


def test_a_booking_in_the_new_year_with_a_value_in_the_old_one() -> None:
    (record,) = parse(":61:2512310102C1,00NTRFNONREF").records
    assert str(record.value_on) == "2025-12-31"
    assert str(record.booked_on) == "2026-01-02"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("receipt", "NTRF"),
        ("fee", "NCHG"),
        ("interest", "NINT"),
        ("direct_debit", "NDDT"),
        ("return", "NRTI"),
        ("other", "N192"),
    ],
)
def test_kinds_come_from_the_transaction_type(kind: str, code: str) -> None:
    assert parse(f":61:2611201120C1,00{code}NONREF").records[0].kind == kind


def test_a_statement_that_does_not_tie_is_read_with_a_warning() -> None:
    found = parse(":61:2611201120C5,00NTRFNONREF")
    assert not found.ties
    assert found.warnings == (
        "The statement does not tie: opening 100.00 plus entries 5.00 is 105.00, closing is 100.00, difference -5.00.",
    )


@pytest.mark.parametrize(
    ("text", "reference", "name", "iban"),
    [
        (
            "166?00X?20EREF+WD-1?21SVWZ+hello?31DE02120300000000202051?32Client",
            "WD-1",
            "Client",
            "DE02120300000000202051",
        ),
        ("166?00X?20EREF+NOTPROVIDED?32Client?33 Two", "", "Client Two", ""),
        (
            "/TRTP/SEPA OVERBOEKING/IBAN/DE02120300000000202051/BIC/X/NAME/Client/REMI/y/EREF/WD-1",
            "WD-1",
            "Client",
            "DE02120300000000202051",
        ),
        (
            "/EREF/NOTPROVIDED//CNTP/DE02120300000000202051/B/Client///REMI/USTD//z/",
            "",
            "Client",
            "DE02120300000000202051",
        ),
        ("free words EREF: WD-1 and more", "WD-1", "", ""),
        ("free words without anything", "", "", ""),
    ],
)
def test_the_text_field_in_the_dialects_of_banks(text: str, reference: str, name: str, iban: str) -> None:
    (record,) = parse(":61:2611201120C1,00NTRFNONREF", f":86:{text}").records
    assert (record.end_to_end_id, record.counterparty_name, record.counterparty_iban) == (reference, name, iban)


def test_code_words_may_be_cut_by_the_line_end() -> None:
    (record,) = parse(":61:2611201120C1,00NTRFEREF", ":86:/ER", "EF/WD-", "1//REMI/USTD//x/").records
    assert (record.end_to_end_id, record.remittance) == ("WD-1", "x")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("DE07999900000000000001", "DE07999900000000000001"),
        ("DE07 9999 0000 0000 0000 01", "DE07999900000000000001"),
        ("DE07999900000000000001EUR", "DE07999900000000000001"),
        ("99990000/0000000001", "99990000/0000000001"),
        ("517852257", "517852257"),
    ],
)
def test_the_account_is_an_iban_where_there_is_one(written: str, read: str) -> None:
    content = "\n".join((HEAD[0], f":25:{written}", *HEAD[2:], ":62F:C261120EUR100,00"))
    (found,) = registry.parse(content=content.encode(), name="s.sta")
    assert found.account_iban == read


def test_content_that_names_a_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's own `parse` would read a file whose name the content happens to be."""
    secret = tmp_path / "secret.sta"
    secret.write_text("\n".join((*HEAD, ":62F:C261120EUR100,00")))
    monkeypatch.chdir(tmp_path)
    for content in (b"secret.sta", str(secret).encode()):
        with pytest.raises(InvalidRequest, match="neither"):
            registry.parse(content=content, name="x")


BROKEN = {
    "a month that does not exist": ":61:2613201120C1,00NTRFX",
    "a day that does not exist": ":61:2611311131C1,00NTRFX",
    "no amount": ":61:2611201120CNTRFX",
    "two commas": ":61:2611201120C1,0,0NTRFX",
    "no mark": ":61:26112011201,00NTRFX",
    "nothing": ":61:",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_lines_refuse_the_file_and_quote_no_client_data(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidRequest, match="Statement 1 is broken MT940") as refused:
        parse(BROKEN[name], ":86:secret words")
    assert refused.value.param == "file"
    assert "secret" not in refused.value.detail
    assert caplog.text == ""


def test_a_file_of_endless_statements_is_refused() -> None:
    content = "\n".join(HEAD) + "\n" + ":20:X\n" * 10_001
    with pytest.raises(InvalidRequest, match="more than 10000 statements"):
        registry.parse(content=content.encode(), name="x")


def test_amounts_are_exact() -> None:
    assert [record.amount for record in parse(":61:2611201120C0,1NTRFX", ":61:2611201120C3,NTRFX").records] == [
        Decimal("0.1"),
        Decimal(3),
    ]
