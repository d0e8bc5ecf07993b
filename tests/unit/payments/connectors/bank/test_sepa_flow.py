"""Payouts from file to money over real HTTP: sent before paid, refused, returned, silent; and the bank's own books."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from payments.connectors.bank.sepa.adapter import SepaBank
from payments.connectors.bank.sepa.simulator import CLIENT_MONEY_IBAN, OWN_IBAN
from payments.connectors.outcomes import Accepted
from tests.unit.payments.connectors.bank.conftest import (
    GERMAN_IBAN,
    OTHER_IBAN,
    Desk,
    adapter,
    collect,
    news,
    payout,
    send,
    told,
)


def test_the_twelve_thousand_euro_payout_to_germany(desk: Desk, bank: SepaBank) -> None:
    outcome = send(bank, payout("WD-7Q2K", "12000.00"), message_id="PAY-20261120-0001")
    assert isinstance(outcome, Accepted)
    assert outcome.reference and outcome.facts["http_status"] == 201
    assert "WD-7Q2K" in outcome.facts["file"]
    assert told(bank) == []  # taken, and nothing said yet
    assert desk.balance() == 0

    desk.step()
    assert told(bank) == [("WD-7Q2K", "accepted", "ACTC")]
    desk.step()
    assert told(bank) == [("WD-7Q2K", "sent", "ACSP")]
    assert desk.balance() == 0  # sent is not paid

    desk.step()
    status, notified = news(bank)
    assert (status.state, status.iso_status, status.message_id) == ("settled", "ACSC", "PAY-20261120-0001")
    assert (notified.state, notified.iso_status, notified.message_id) == ("settled", "", "PAY-20261120-0001")
    assert status.amount == notified.amount == Decimal("12000.00")
    assert (status.currency, notified.end_to_end_id) == ("EUR", "WD-7Q2K")
    assert notified.bank_reference == "SIM000000000001"
    assert desk.balance() == Decimal("-12000.00")

    desk.step(5)
    assert told(bank) == []
    assert desk.balance() == Decimal("-12000.00")


def test_a_refused_payout_moves_nothing_and_says_why(desk: Desk, bank: SepaBank) -> None:
    desk.rules({"iban": OTHER_IBAN, "outcome": "reject:AC04"})
    send(bank, payout("WD-BAD", "50.00", beneficiary_iban=OTHER_IBAN), payout("WD-GOOD", "70.00"))
    desk.step(3)
    assert told(bank) == [
        ("WD-BAD", "accepted", "ACTC"),
        ("WD-GOOD", "accepted", "ACTC"),
        ("WD-BAD", "rejected", "AC04"),
        ("WD-GOOD", "sent", "ACSP"),
        ("WD-GOOD", "settled", "ACSC"),
        ("WD-GOOD", "settled", ""),
    ]
    assert desk.balance() == Decimal("-70.00")


def test_a_reason_comes_with_its_meaning_for_us_and_for_the_client(desk: Desk, bank: SepaBank) -> None:
    desk.rules({"iban": OTHER_IBAN, "outcome": "reject:AC01"}, {"iban": GERMAN_IBAN, "outcome": "reject:ZZ99"})
    send(bank, payout("WD-1", beneficiary_iban=OTHER_IBAN), payout("WD-2"))
    desk.step(2)
    reasons = {item.reason_code: item.facts.get("reason") for item in news(bank)}
    assert reasons[""] is None
    assert reasons["AC01"]["code"] == "account_number_wrong"
    assert reasons["ZZ99"]["code"] == "bank_refused"
    assert not reasons["AC01"]["retriable"] and not reasons["ZZ99"]["retriable"]


def test_a_returned_payout_is_paid_first_and_comes_back_as_a_new_credit(desk: Desk, bank: SepaBank) -> None:
    desk.rules({"iban": GERMAN_IBAN.lower(), "outcome": "return:AC06"})
    send(bank, payout("WD-1", "250.00"))
    desk.step(3)
    assert told(bank)[-1] == ("WD-1", "settled", "")
    assert desk.balance() == Decimal("-250.00")
    desk.step()
    (back,) = news(bank)
    assert (back.end_to_end_id, back.state, back.reason_code, back.amount) == (
        "WD-1",
        "returned",
        "AC06",
        Decimal("250.00"),
    )
    assert desk.balance() == 0


def test_a_silent_bank_takes_the_file_and_never_speaks(desk: Desk, bank: SepaBank) -> None:
    desk.rules({"iban": GERMAN_IBAN, "outcome": "silent"})
    assert isinstance(send(bank), Accepted)
    desk.step(10)
    assert told(bank) == []
    assert bank.knows_message(message_id="PAY-1") is True
    assert desk.balance() == 0
    assert desk.states() == ["taken"]


def test_an_unannounced_payout_shows_only_on_the_statement(desk: Desk, bank: SepaBank) -> None:
    desk.rules({"iban": GERMAN_IBAN, "outcome": "unannounced"})
    send(bank, payout("WD-1", "90.00"))
    desk.step(5)
    assert told(bank) == []
    assert desk.balance() == Decimal("-90.00")
    desk.call("/_sim/close_day", {})
    statements = collect(bank)
    assert {file.kind for file in statements} == {"camt.053"}
    assert sum(b"WD-1" in file.content for file in statements) == 1
    assert [status for file in statements for status in bank.read_status(file=file)] == []


def test_a_slow_payout_takes_longer_and_an_instant_one_less(desk: Desk, bank: SepaBank) -> None:
    desk.rules({"iban": OTHER_IBAN, "outcome": "slow"}, {"iban": "FR1420041010050500013M02606", "outcome": "settle"})
    send(bank, payout("WD-SLOW", "1.00", beneficiary_iban=OTHER_IBAN), payout("WD-NOW", "2.00", instant=True))
    desk.step(3)
    assert desk.states() == ["taken", "ACSC"]
    desk.step(30)
    assert desk.states() == ["ACSC", "ACSC"]
    assert desk.balance() == Decimal("-3.00")


def test_the_bank_never_pays_more_than_the_account_holds(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(credit_line=0)
    bank = adapter(desk.url)
    desk.call("/_sim/credit", {"amount": "100.00", "name": "Somebody", "remittance": "top up"})
    send(bank, payout("WD-1", "60.00"), payout("WD-2", "60.00"))
    desk.step(3)
    endings = [item for item in told(bank) if item[1] in ("settled", "rejected")]
    assert sorted(endings) == [
        ("WD-1", "settled", ""),
        ("WD-1", "settled", "ACSC"),
        ("WD-2", "rejected", "AM04"),
    ]
    assert desk.balance() == Decimal("40.00")


def test_a_file_taken_and_refused_later_is_refused_as_a_whole(desk: Desk, bank: SepaBank) -> None:
    desk.faults({"on": "upload", "do": "reject_later", "data": {"reason": "FF01"}})
    assert isinstance(send(bank, payout("WD-1"), payout("WD-2")), Accepted)
    desk.step(3)
    (status,) = news(bank)
    assert (status.message_id, status.end_to_end_id, status.state) == ("PAY-1", "", "rejected")
    assert status.reason_code == "FF01"
    assert (desk.fired(), desk.balance()) == ([1], 0)


def test_money_from_outside_is_announced_and_is_no_payout(desk: Desk, bank: SepaBank) -> None:
    credit = {
        "amount": "971.00",
        "currency": "USD",
        "name": "Card Payments & Co <LLC>",
        "iban": "IE29 AIBK 9311 5212 3456 78",
        "remittance": "STRIPE po_1",
        "reference": "po_1",
    }
    first = desk.call("/_sim/credit", credit)
    assert desk.call("/_sim/credit", credit) == first  # told twice, booked once
    (file,) = collect(bank)
    assert file.kind == "camt.054"
    assert b"STRIPE po_1" in file.content and b"Card Payments &amp; Co &lt;LLC&gt;" in file.content
    assert bank.read_status(file=file) == ()
    assert desk.balance("USD") == Decimal("971.00")
    assert desk.balance("USD", OWN_IBAN) == 0


@pytest.mark.parametrize(
    "credit",
    [
        {},
        [],
        {"amount": 1.5},
        {"amount": "1.005"},
        {"amount": "-1"},
        {"amount": "0"},
        {"amount": "NaN"},
        {"amount": "1", "currency": "JPY"},
        {"amount": "1", "account": GERMAN_IBAN},
        {"amount": "1", "name": "x" * 141},
        {"amount": "1", "remittance": "a\x00b"},
        {"amount": "1", "booked_on": "yesterday"},
    ],
)
def test_a_credit_that_makes_no_sense_is_refused_and_books_nothing(desk: Desk, bank: SepaBank, credit: object) -> None:
    assert desk.refusal("/_sim/credit", credit)
    assert all(account["entries"] == [] for account in desk.books()["accounts"])
    assert bank.fetch_files() == []


def test_bad_rules_and_delays_are_refused_and_change_nothing(desk: Desk) -> None:
    desk.rules({"iban": OTHER_IBAN, "outcome": "silent"})
    for bad in ([{"iban": OTHER_IBAN, "outcome": "explode"}], [{"outcome": "settle"}], {"iban": OTHER_IBAN}, [1]):
        assert desk.refusal("/_sim/rules", bad)
    assert desk.call("/_sim/rules") == [{"iban": OTHER_IBAN, "outcome": "silent", "seconds": None}]
    for bad_delay in ({"seconds": -1}, {"seconds": "2"}, {"seconds": True}, {}):
        assert desk.refusal("/_sim/delay", bad_delay)
    assert desk.call("/_sim/delay", {"seconds": 0}) == {"seconds": 0.0}
    assert desk.simulator.delay == 0


def test_the_bank_remembers_everything_over_a_restart(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.rules({"iban": OTHER_IBAN, "outcome": "return:AC01"})
    send(adapter(desk.url), payout("WD-1", "5.00", beneficiary_iban=OTHER_IBAN))
    desk.step(2)

    again = make_desk()  # another server on the same state file
    bank = adapter(again.url)
    assert bank.knows_message(message_id="PAY-1") is True
    assert [item[1] for item in told(bank)] == ["accepted", "sent"]
    again.clock.now = desk.clock.now
    again.step(2)
    assert [item[1] for item in told(bank)] == ["settled", "settled", "returned"]
    entries = next(a["entries"] for a in again.books()["accounts"] if a["iban"] == CLIENT_MONEY_IBAN and a["entries"])
    assert [entry["amount"] for entry in entries] == ["-5.00", "5.00"]
