"""The mailbox: files come again until they are acknowledged, arrive whole or not at all, and may come twice."""

from decimal import Decimal

import pytest

from ledger.errors import InvalidRequest, Unavailable
from payments.connectors.bank.base import BankFile
from payments.connectors.bank.sepa.adapter import SepaBank
from tests.unit.payments.connectors.bank.conftest import Desk, adapter, collect, payout, send, told
from tests.unit.payments.connectors.bank.test_sepa_hand_over import answering, http


def credits(desk: Desk, *amounts: str) -> None:
    for amount in amounts:
        desk.call("/_sim/credit", {"amount": amount, "name": "Somebody"})


def test_files_come_again_until_they_are_acknowledged(desk: Desk, bank: SepaBank) -> None:
    credits(desk, "1.00", "2.00", "3.00")
    first = bank.fetch_files()
    assert [file.kind for file in first] == ["camt.054"] * 3
    assert bank.fetch_files() == first
    bank.acknowledge_file(reference=first[0].reference)
    bank.acknowledge_file(reference=first[0].reference)  # harmless
    assert bank.fetch_files() == first[1:]
    assert [file.reference for file in bank.fetch_files(limit=1)] == [first[1].reference]
    with pytest.raises(Unavailable):
        bank.acknowledge_file(reference="F99999999")


@pytest.mark.parametrize("on", ["list", "download"])
@pytest.mark.parametrize("fault", ["drop", "http_500", "lag"])
def test_a_mailbox_that_fails_loses_nothing(desk: Desk, on: str, fault: str) -> None:
    bank = adapter(desk.url, timeout=0.4)
    credits(desk, "1.00")
    desk.faults({"on": on, "do": fault, "seconds": 1.0})
    with pytest.raises(Unavailable):
        bank.fetch_files()
    assert desk.fired() == [1]
    assert len(bank.fetch_files()) == 1


def test_what_was_fetched_before_the_line_broke_is_kept(desk: Desk, bank: SepaBank) -> None:
    credits(desk, "1.00", "2.00", "3.00")
    desk.faults({"on": "download", "do": "drop", "after": 2})
    assert len(collect(bank)) == 2
    assert desk.fired() == [1]
    assert len(collect(bank)) == 1


def test_a_slow_mailbox_is_waited_for(desk: Desk, bank: SepaBank) -> None:
    credits(desk, "1.00")
    desk.faults({"on": "list", "do": "lag", "seconds": 0.3}, {"on": "download", "do": "lag", "seconds": 0.3})
    assert len(bank.fetch_files()) == 1
    assert desk.fired() == [1, 1]


@pytest.mark.parametrize("on", ["list", "download"])
def test_a_file_delivered_twice_has_two_references_and_the_same_bytes(desk: Desk, bank: SepaBank, on: str) -> None:
    desk.call("/_sim/close_day", {})
    collect(bank)
    credits(desk, "7.00")
    desk.faults({"on": on, "do": "duplicate"})
    files = collect(bank) + collect(bank)
    assert desk.fired() == [1]
    assert len(files) == 2
    assert files[0].reference != files[1].reference
    assert files[0].content == files[1].content
    assert desk.balance() == Decimal("7.00")


def test_the_same_news_twice_reads_the_same(desk: Desk, bank: SepaBank) -> None:
    send(bank, payout("WD-1", "1.00"))
    desk.step(3)
    desk.faults({"on": "list", "do": "duplicate"})
    assert told(bank) == [
        ("WD-1", "accepted", "ACTC"),
        ("WD-1", "sent", "ACSP"),
        ("WD-1", "settled", "ACSC"),
        ("WD-1", "settled", ""),
        ("WD-1", "accepted", "ACTC"),
    ]
    assert desk.fired() == [1]


@pytest.mark.parametrize(
    "body", ["", "{}", '{"files": null}', '{"files": [1]}', '{"files": [{"name": "x"}]}', "[]", "<html>"]
)
def test_a_listing_that_makes_no_sense_is_no_empty_mailbox(body: str) -> None:
    with answering(http("200 OK", body)) as url, pytest.raises(Unavailable):
        adapter(url, timeout=3).fetch_files()


def test_a_damaged_file_is_not_taken() -> None:
    listing = '{"files": [{"reference": "F1"}]}'
    raw = http("200 OK", listing, extra=f"X-Content-SHA256: {'0' * 64}\r\n")
    with answering(raw) as url, pytest.raises(Unavailable, match="damaged"):
        adapter(url, timeout=3).fetch_files()


def test_a_file_of_unknown_kind_is_delivered_and_reading_it_is_refused(bank: SepaBank) -> None:
    """Never silently empty: a cut-off pain.002 must not look like no news."""
    for content in (b"hello", b"", b"<Document><CstmrPmtStsRpt>", b"<!DOCTYPE x><x/>"):
        file = BankFile(reference="F1", name="x", kind="unknown", content=content)
        with pytest.raises(InvalidRequest) as refused:
            bank.read_status(file=file)
        assert refused.value.param == "file"
