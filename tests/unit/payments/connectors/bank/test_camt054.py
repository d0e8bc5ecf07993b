"""Notifications as payout states: booked debits pay, returned credits come back, the rest is not ours to judge."""

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.errors import InvalidRequest
from payments.connectors.bank.iso20022 import open_message
from payments.connectors.bank.sepa.camt054 import read_status

SAMPLE = Path(__file__).parents[4] / "samples" / "camt" / "camt054_v08_returned.xml"


def test_the_sample_day_of_notifications() -> None:
    found = read_status(open_message(SAMPLE.read_bytes()))
    short = [(item.end_to_end_id, item.state, item.reason_code, item.amount) for item in found]
    # The receipt we gave back (debit with return information) and the client's own credit are no payouts.
    assert short == [
        ("WD-A", "settled", "", Decimal("100.00")),
        ("WD-B", "returned", "AC06", Decimal("195.00")),
        ("WD-C", "received", "", Decimal("44.00")),
    ]
    settled, returned, announced = found
    assert (settled.message_id, settled.bank_reference) == ("PAY-1", "REF-1")
    assert settled.occurred_at is not None and settled.occurred_at.isoformat() == "2026-11-20T00:00:00+00:00"
    assert returned.reason_text == "BLOCKED FEE 5 EUR"
    assert returned.occurred_at is not None and returned.occurred_at.isoformat() == "2026-11-20T08:59:58+00:00"
    assert "not booked" in announced.facts["warning"]


def notification(entry: str) -> bytes:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn>'
        f"<Acct><Id><IBAN>X</IBAN></Id></Acct><Ntry>{entry}</Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


DETAIL = "<NtryDtls><TxDtls><Refs><EndToEndId>WD-1</EndToEndId></Refs>{more}</TxDtls></NtryDtls>"


def entry(mark: str, *, status: str = "<Sts><Cd>BOOK</Cd></Sts>", more: str = "", details: str = DETAIL) -> bytes:
    amount = '<Amt Ccy="EUR">5.00</Amt>'
    return notification(f"{amount}<CdtDbtInd>{mark}</CdtDbtInd>{status}{details.format(more=more)}")


def test_the_reversal_of_our_debit_brings_the_money_back() -> None:
    (found,) = read_status(open_message(entry("CRDT", status="<RvslInd>true</RvslInd><Sts>BOOK</Sts>")))
    assert (found.state, found.facts["reversal"]) == ("returned", True)


@pytest.mark.parametrize("status", ["<Sts>PDNG</Sts>", "<Sts>INFO</Sts>", "<Sts><Cd>FUTR</Cd></Sts>", ""])
def test_what_is_not_booked_is_not_settled(status: str) -> None:
    (found,) = read_status(open_message(entry("DBIT", status=status)))
    assert found.state == "received"


def test_a_debit_without_a_reference_of_ours_says_nothing() -> None:
    for reference in ("NOTPROVIDED", "notprovided", ""):
        content = entry("DBIT").replace(b"WD-1", reference.encode())
        assert read_status(open_message(content)) == ()
    assert read_status(open_message(entry("DBIT", details=""))) == ()


def test_a_bundled_debit_settles_each_of_its_payouts_with_its_own_amount() -> None:
    detail = '<TxDtls><Refs><EndToEndId>WD-{n}</EndToEndId></Refs><Amt Ccy="EUR">{n}.00</Amt></TxDtls>'
    details = f"<NtryDtls>{detail.format(n=2)}{detail.format(n=3)}</NtryDtls>"
    found = read_status(open_message(entry("DBIT", details=details)))
    assert [(item.end_to_end_id, item.amount) for item in found] == [
        ("WD-2", Decimal("2.00")),
        ("WD-3", Decimal("3.00")),
    ]


@pytest.mark.parametrize("mark", ["", "DEBIT", "crdt"])
def test_a_direction_that_cannot_be_read_stops_the_reading(mark: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_status(open_message(entry(mark)))
    assert refused.value.param == "file"


@pytest.mark.parametrize("amount", ["-5.00", "5,00", "5e3", "NaN", "", "١", "0x10", "1 000.00"])
def test_an_amount_that_cannot_be_read_stops_the_reading(amount: str) -> None:
    with pytest.raises(InvalidRequest, match="amount"):
        read_status(open_message(entry("DBIT").replace(b"5.00", amount.encode())))
