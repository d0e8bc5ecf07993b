"""A payout explains itself line by line, to the last unit, however many pages it takes."""

import json
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InvalidRequest, Unavailable
from payments.connectors.psp.stripe import facts

SHARED = Path(__file__).parents[6].parent / "shared" / "samples" / "stripe"


def payout_of(house, currency: str = "usd") -> dict[str, Any]:
    made = house.tell("payout", currency=currency)["data"]
    assert len(made) == 1
    return made[0]


def test_payments_refunds_and_disputes_add_up_to_the_payout(house) -> None:
    kept, refunded, disputed = (house.paid(f"dep_{n}", "1000.00") for n in (1, 2, 3))
    house.adapter.refund(payment_reference=refunded, refund_reference="ref_1", amount=Decimal("250.00"), currency="USD")
    house.tell("dispute", payment_intent=disputed)
    payout = payout_of(house)
    lines = list(house.adapter.settlement_lines(payout_reference=payout["id"]))
    assert [(line.kind, line.payment_reference, line.gross, line.fee, line.net) for line in lines] == [
        ("charge", kept, Decimal("1000.00"), Decimal("29.00"), Decimal("971.00")),
        ("charge", refunded, Decimal("1000.00"), Decimal("29.00"), Decimal("971.00")),
        ("charge", disputed, Decimal("1000.00"), Decimal("29.00"), Decimal("971.00")),
        ("refund", refunded, Decimal("-250.00"), Decimal("0.00"), Decimal("-250.00")),
        ("dispute", disputed, Decimal("-1000.00"), Decimal("15.00"), Decimal("-1015.00")),
        ("payout", "", Decimal("-1648.00"), Decimal("0.00"), Decimal("-1648.00")),
    ]
    assert sum(line.net for line in lines) == 0
    assert payout["amount"] == 164800


def test_a_partial_capture_settles_its_part(house) -> None:
    reference = house.paid(card_number="4000000000003220")
    house.tell("capture", payment_intent=reference, amount_to_capture=33333)
    lines = house.adapter.settlement_lines(payout_reference=payout_of(house)["id"])
    charges = [line for line in lines if line.kind == "charge"]
    assert {line.payment_reference for line in charges} == {reference}
    assert sum(line.gross for line in charges) == Decimal("333.33")
    assert sum(line.fee for line in charges) == Decimal("9.67")


def test_a_long_payout_comes_in_pages_and_misses_nothing(house) -> None:
    references = {house.paid(f"dep_{number}", "10.00") for number in range(205)}
    payout = payout_of(house)
    first = house.api("GET", "/v1/balance_transactions", params={"payout": payout["id"], "limit": "100"}).json()
    assert (len(first["data"]), first["has_more"]) == (100, True)
    lines = house.adapter.settlement_lines(payout_reference=payout["id"])
    assert len(lines) == len({line.reference for line in lines}) == 206
    assert {line.payment_reference for line in lines if line.kind == "charge"} == references
    assert sum(line.net for line in lines) == 0


def test_a_line_is_paid_out_once(house) -> None:
    house.paid("dep_1")
    first = payout_of(house)
    assert house.tell("payout")["data"] == []
    house.paid("dep_2")
    second = payout_of(house)
    seen = [
        line.reference
        for payout in (first, second)
        for line in house.adapter.settlement_lines(payout_reference=payout["id"])
    ]
    assert len(seen) == len(set(seen)) == 4


def test_each_currency_has_a_payout_of_its_own(house) -> None:
    house.paid("dep_1", "1000.00", "USD")
    house.paid("dep_2", "150000", "JPY")
    house.paid("dep_3", "100.000", "KWD")
    made = {payout["currency"]: payout for payout in house.tell("payout")["data"]}
    assert {code: payout["amount"] for code, payout in made.items()} == {"usd": 97100, "jpy": 145650, "kwd": 97100}
    yen = house.adapter.settlement_lines(payout_reference=made["jpy"]["id"])
    assert (yen[0].gross, yen[0].fee, yen[0].currency) == (Decimal(150000), Decimal(4350), "JPY")
    dinar = house.adapter.settlement_lines(payout_reference=made["kwd"]["id"])
    assert (dinar[0].net, dinar[0].currency) == (Decimal("97.100"), "KWD")


def test_a_failed_payout_is_paid_again(house) -> None:
    house.paid()
    first = payout_of(house)
    house.tell("payout_fail", payout=first["id"])
    second = payout_of(house)
    assert second["amount"] == first["amount"]
    lines = house.adapter.settlement_lines(payout_reference=second["id"])
    assert [(line.kind, line.net) for line in lines] == [
        ("payout", Decimal("971.00")),
        ("payout", Decimal("-971.00")),
    ]


def test_a_manual_payout_cannot_be_itemised_and_says_so(house) -> None:
    house.paid()
    made = house.api("POST", "/v1/payouts", data={"amount": "50000", "currency": "usd"}).json()
    with pytest.raises(InvalidRequest, match="automatic") as refusal:
        house.adapter.settlement_lines(payout_reference=made["id"])
    assert refusal.value.param == "payout"
    assert payout_of(house)["amount"] == 47100


def test_more_than_the_balance_cannot_be_paid_out(house) -> None:
    house.paid()
    answer = house.api("POST", "/v1/payouts", data={"amount": "97101", "currency": "usd"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "balance_insufficient")
    assert house.count("payout") == 0
    assert house.api("GET", "/v1/balance").json()["available"] == [{"currency": "usd", "amount": 97100}]


def test_an_unreachable_list_is_unavailable_not_half_a_list(house) -> None:
    for number in range(105):
        house.paid(f"dep_{number}", "10.00")
    payout = payout_of(house)
    house.break_it({"on": "list_lines", "do": "error", "after": 1})  # the second page
    with pytest.raises(Unavailable):
        house.adapter.settlement_lines(payout_reference=payout["id"])
    assert house.fired() == [1]


def test_payouts_run_by_the_clock_when_told(open_house: Callable) -> None:
    now = [1_795_262_400.0]
    house = open_house(clock=lambda: now[0], auto_payout_seconds=60)
    house.paid()
    house.simulator.background()
    assert house.count("payout") == 0
    now[0] += 61
    house.simulator.background()
    assert house.count("payout") == 1


def test_the_bank_is_told_of_each_payout_until_it_hears(open_house: Callable) -> None:
    heard: list[dict[str, Any]] = []
    refusals = [503]

    class Bank(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = refusals.pop() if refusals else 200
            if status == 200:
                heard.append({"path": self.path, **body})
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Bank) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        house = open_house(bank_url=f"http://127.0.0.1:{server.server_address[1]}")
        house.paid()
        payout = payout_of(house)
        deadline = time.monotonic() + 8
        while not heard and time.monotonic() < deadline:
            time.sleep(0.05)
        server.shutdown()
        thread.join()
    assert heard == [
        {
            "path": "/_sim/credit",
            "amount": "971.00",
            "currency": "USD",
            "remittance": f"STRIPE {payout['id']}",
            "name": "STRIPE PAYMENTS",
            "reference": payout["id"],
        }
    ]


def line(**changes: Any) -> dict[str, Any]:
    return {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 1000,
        "fee": 29,
        "net": 971,
        "currency": "usd",
        "type": "charge",
        "reporting_category": "charge",
        "source": "ch_1",
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "charge"),
        ({"reporting_category": "risk_reserved_funds", "type": "reserve_transaction"}, "reserve"),
        ({"reporting_category": "fee", "type": "stripe_fee"}, "fee"),
        (
            {"reporting_category": None, "type": "adjustment", "source": "dp_1", "amount": -1000, "net": -1029},
            "dispute",
        ),
        ({"reporting_category": None, "type": "adjustment", "source": "dp_1"}, "dispute_reversal"),
    ],
)
def test_kinds_of_lines(changes: dict[str, Any], kind: str) -> None:
    assert facts.settlement_line(line(**changes)).kind == kind


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"reporting_category": "climate_order_purchase"}, "reporting_category"),
        ({"reporting_category": None, "type": "adjustment"}, "type"),
        ({"net": 970}, "net"),
        ({"fee": 29.0}, "fee"),
        ({"amount": None}, "amount"),
    ],
)
def test_a_line_we_do_not_understand_is_refused_by_name(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        facts.settlement_line(line(**changes))
    assert refusal.value.param == param


def test_a_recorded_balance_transaction_is_understood() -> None:
    path = SHARED / "balance_transaction_txn_fake_ch_fakefakefakefakefake0001.json"
    if not path.exists():
        pytest.skip("the shared samples are not beside this checkout")
    read = facts.settlement_line(json.loads(path.read_text()))
    assert (read.kind, read.gross, read.fee, read.net) == ("charge", Decimal(20), Decimal("0.88"), Decimal("19.12"))
