"""The simulated bank itself: what it refuses at the door, that its statements add up and are valid ISO 20022."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import pytest
from lxml import etree

from payments.connectors.bank.sepa import pain001
from payments.connectors.bank.sepa.adapter import SepaBank
from payments.connectors.bank.sepa.simulator import BIC, CLIENT_MONEY_IBAN, OWN_IBAN
from tests.unit.payments.connectors.bank.conftest import NOW, OTHER_IBAN, TODAY, Desk, adapter, collect, payout, send

SCHEMAS = Path(__file__).parents[5].parent / "shared" / "samples" / "xsd"
DEBTOR = pain001.Debtor(name="Demo Broker", iban=CLIENT_MONEY_IBAN, bic=BIC)


def file() -> bytes:
    payouts = (payout("WD-1", "10.00"), payout("WD-2", "20.00"))
    return pain001.build(message_id="PAY-1", debtor=DEBTOR, payouts=payouts, execute_on=TODAY, now=NOW)


def upload(desk: Desk, content: bytes, *, method: str = "POST", message_id: str = "PAY-1") -> tuple[int, str]:
    query = urlencode({"order_type": "CCT", "message_id": message_id})
    request = urllib.request.Request(f"{desk.url}/files?{query}", data=content, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.loads(response.read())["message_id"]
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())["code"]


def altered(old: str, new: str) -> bytes:
    content = file().decode()
    assert old in content
    return content.replace(old, new, 1).encode()


REFUSED = {
    "empty": (b"", "invalid_file"),
    "no XML": (b"hello", "invalid_file"),
    "cut off": (file()[:-40], "invalid_file"),
    "hostile": (b'<!DOCTYPE x [<!ENTITY a "b">]>' + file().split(b"?>", 1)[1], "invalid_file"),
    "another message": (altered("pain.001.001.09", "pain.001.001.12"), "invalid_file"),
    "an unknown element": (altered("<ChrgBr>", "<Tip>1</Tip><ChrgBr>"), "invalid_file"),
    "a long reference": (altered(">WD-1</EndToEndId>", f">{'W' * 36}</EndToEndId>"), "invalid_file"),
    "dollars": (altered('Ccy="EUR"', 'Ccy="USD"'), "invalid_file"),
    "wrong count": (altered("<NbOfTxs>2<", "<NbOfTxs>3<"), "wrong_totals"),
    "wrong sum": (altered("<CtrlSum>30.00<", "<CtrlSum>30.01<"), "wrong_totals"),
    "wrong count in a block": (altered("<NbOfTxs>1<", "<NbOfTxs>2<"), "wrong_totals"),
    "wrong sum in a block": (altered("<CtrlSum>10.00<", "<CtrlSum>10.01<"), "wrong_totals"),
    "another amount": (altered('"EUR">10.00<', '"EUR">1000.00<'), "wrong_totals"),
    "somebody else's account": (altered(CLIENT_MONEY_IBAN, OTHER_IBAN), "unknown_account"),
    "another message id": (altered(">PAY-1</MsgId>", ">PAY-2</MsgId>"), "message_id_differs"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_and_nothing_of_it_stays(desk: Desk, bank: SepaBank, name: str) -> None:
    content, code = REFUSED[name]
    assert upload(desk, content) == (422, code)
    assert desk.books()["payments"] == []
    assert bank.knows_message(message_id="PAY-1") is False
    assert upload(desk, file()) == (201, "PAY-1")  # the id was not used up


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_good_file_is_taken_once(desk: Desk, method: str) -> None:
    assert upload(desk, file(), method=method) == (201, "PAY-1")
    assert upload(desk, file(), method=method) == (409, "duplicate_message")
    assert len(desk.books()["payments"]) == 2


def test_unknown_doors_are_named(desk: Desk) -> None:
    for path in ("/", "/files/F1/x", "/messages"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            desk.call(path)
        with refused.value as answer:
            assert answer.code == 404


def closing_files(desk: Desk, bank: SepaBank, day: str | None = None) -> dict[tuple[str, str], etree._Element]:
    desk.call("/_sim/close_day", {"date": day} if day else {})
    found = {}
    for item in collect(bank):
        if item.kind == "camt.053":
            tree = etree.fromstring(item.content)
            found[value(tree, "Acct/Id/IBAN"), value(tree, "Acct/Ccy")] = tree
    return found


def value(tree: etree._Element, path: str) -> str:
    steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
    return str(tree.xpath(f"string(//{steps})"))


def balances(tree: etree._Element) -> dict[str, Decimal]:
    found = {}
    for node in tree.xpath("//*[local-name()='Bal']"):
        code, amount, mark = (node.xpath(f"string(.//*[local-name()='{name}'])") for name in ("Cd", "Amt", "CdtDbtInd"))
        found[code] = Decimal(amount) if mark == "CRDT" else -Decimal(amount)
    return found


def test_each_statement_opens_where_the_last_one_closed_and_adds_up(desk: Desk, bank: SepaBank) -> None:
    desk.call("/_sim/credit", {"amount": "100.00", "name": "One"})
    first = closing_files(desk, bank)
    assert set(first) == {
        (iban, code) for iban in (CLIENT_MONEY_IBAN, OWN_IBAN) for code in ("EUR", "USD", "GBP", "CHF")
    }
    send(bank, payout("WD-1", "250.00"))
    desk.step(3)
    desk.call("/_sim/credit", {"amount": "0.01", "currency": "GBP"})
    desk.call("/_sim/credit", {"amount": "30.00", "account": OWN_IBAN})
    second = closing_files(desk, bank)

    euros = (first[CLIENT_MONEY_IBAN, "EUR"], second[CLIENT_MONEY_IBAN, "EUR"])
    assert [balances(tree) for tree in euros] == [
        {"OPBD": Decimal(0), "CLBD": Decimal("100.00")},
        {"OPBD": Decimal("100.00"), "CLBD": Decimal("-150.00")},
    ]
    assert [value(tree, "Stmt/ElctrncSeqNb") for tree in euros] == ["1", "2"]
    assert [len(tree.xpath("//*[local-name()='Ntry']")) for tree in euros] == [1, 1]
    assert balances(second[CLIENT_MONEY_IBAN, "GBP"])["CLBD"] == Decimal("0.01")
    assert balances(second[OWN_IBAN, "EUR"]) == {"OPBD": Decimal(0), "CLBD": Decimal("30.00")}
    assert desk.balance() == Decimal("-150.00")


def test_a_past_day_can_be_booked_and_closed(desk: Desk, bank: SepaBank) -> None:
    desk.call("/_sim/credit", {"amount": "5.00", "booked_on": "2026-10-01"})
    tree = closing_files(desk, bank, "2026-10-02")[CLIENT_MONEY_IBAN, "EUR"]
    assert value(tree, "FrToDt/FrDtTm") == "2026-10-01T00:00:00Z"
    assert value(tree, "FrToDt/ToDtTm") == "2026-10-02T23:59:59Z"
    assert value(tree, "Ntry/BookgDt/Dt") == "2026-10-01"
    assert desk.refusal("/_sim/close_day", {"date": "soon"})


def test_the_bank_can_close_its_day_by_itself_and_only_speaks_of_what_moved(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(close_every=3)
    bank = adapter(desk.url)
    desk.call("/_sim/credit", {"amount": "5.00", "currency": "CHF"})
    desk.step(2)
    assert [item.kind for item in collect(bank)] == ["camt.054"]
    desk.step()
    (statement,) = collect(bank)
    assert statement.kind == "camt.053" and b"CHF" in statement.content
    desk.step(10)
    assert collect(bank) == []


@pytest.mark.skipif(not SCHEMAS.exists(), reason="the ISO schemas are not on this machine")
def test_everything_the_bank_says_about_accounts_is_valid_iso_20022(desk: Desk, bank: SepaBank) -> None:
    desk.rules({"iban": OTHER_IBAN, "outcome": "return:MD07"})
    desk.call("/_sim/credit", {"amount": "1.00", "name": "Ä & <B>", "remittance": "x" * 140, "iban": OTHER_IBAN})
    desk.call("/_sim/credit", {"amount": "2.00"})
    send(
        bank,
        payout("WD-1", "10.00"),
        payout("WD-2", "20.00", beneficiary_iban=OTHER_IBAN),
        payout("WD-3", instant=True),
    )
    desk.step(5)
    desk.call("/_sim/close_day", {})
    checked: dict[str, int] = {}
    for item in collect(bank):
        if item.kind == "pain.002":
            continue  # its schema is not among the samples
        tree = etree.fromstring(item.content)
        name = etree.QName(tree).namespace.rpartition(":")[2]
        schema = etree.XMLSchema(file=str(SCHEMAS / f"{name}.xsd"))
        assert schema.validate(tree), schema.error_log
        checked[name] = checked.get(name, 0) + 1
    assert checked["camt.053.001.08"] == 8
    assert checked["camt.054.001.08"] >= 4


def test_the_bank_runs_on_the_real_clock_too(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(clock=lambda: datetime.now(UTC), delay=0.0)
    bank = adapter(desk.url)
    send(bank, payout("WD-1", "1.00"))
    desk.simulator.background()
    desk.simulator.background()
    desk.simulator.background()
    assert desk.states() == ["ACSC"]
