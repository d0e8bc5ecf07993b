"""Reading the history: every type has its bucket, every amount is exact, every moment is the real one."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest

from ledger.errors import Unavailable
from payments.connectors.platforms.mt5.deals import ServerClock
from payments.connectors.platforms.mt5.simulator import Mt5Simulator
from payments.connectors.simulation import Response

NOW = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

BUCKETS = {
    2: "cash",
    3: "credit",
    4: "charge",
    5: "correction",
    6: "bonus",
    7: "commission",
    8: "commission",
    9: "commission",
    10: "partner",
    11: "partner",
    12: "interest",
    15: "dividend",
    16: "dividend",
    17: "tax",
    18: "partner",
    19: "negative_balance_relief",
    20: "credit_removed",
    21: "unmapped",
    99: "unmapped",
}


def read(adapter, login, since=NOW - 30 * HOUR, until=NOW + 30 * HOUR):
    return list(adapter.deals(login=login, since=since, until=until))


@pytest.fixture
def fixed(make_server):
    """A server whose clock stands at NOW, three hours ahead of UTC on its wall."""
    return make_server(now=lambda: NOW)


@pytest.fixture
def reader(fixed, make_adapter):
    return make_adapter(fixed.url)


def test_every_type_of_operation_has_its_bucket_and_the_unknown_has_none(fixed, reader):
    login = fixed.open()
    for action in BUCKETS:
        fixed.desk("operation", login=login, action=action, amount="-1.25", comment=f"type {action}", reason=15)
    deals = read(reader, login)
    assert {deal.action: deal.bucket for deal in deals} == BUCKETS
    assert {(deal.profit, deal.login, deal.reason, deal.executed_at) for deal in deals} == {
        (Decimal("-1.25"), login, 15, NOW)
    }


def test_a_trade_is_an_in_and_an_out_deal_with_four_exact_amounts(fixed, reader):
    login = fixed.open("100")
    trade = fixed.desk(
        "trade", login=login, symbol="EURUSD", profit="-50.10", swap="-0.37", commission="-7", fee="-0.01"
    )
    _, opened, closed = read(reader, login)
    assert (opened.ticket, opened.bucket, opened.action) == (trade["opened"], "trade", 0)
    assert (opened.profit, opened.swap, opened.commission, opened.fee) == (0, 0, 0, 0)
    assert (closed.ticket, closed.bucket, closed.action, closed.symbol) == (trade["closed"], "trade", 1, "EURUSD")
    assert (closed.profit, closed.swap) == (Decimal("-50.10"), Decimal("-0.37"))
    assert (closed.commission, closed.fee) == (Decimal("-7.00"), Decimal("-0.01"))
    assert closed.position == opened.position == opened.ticket
    assert fixed.balance(login) == Decimal("42.52")
    assert sum(d.profit + d.swap + d.commission + d.fee for d in (opened, closed)) == Decimal("-57.48")


def test_a_cancelled_deal_comes_back_rewritten_with_a_balance_row_beside_it(fixed, reader):
    login = fixed.open("100")
    trade = fixed.desk("trade", login=login, symbol="EURUSD", profit="30")
    fixed.desk("cancel_deal", deal=int(trade["closed"]))
    rows = {deal.ticket: deal for deal in read(reader, login)}
    cancelled = rows[trade["closed"]]
    assert (cancelled.action, cancelled.bucket, cancelled.profit) == (14, "cancelled", 0)
    back = max(rows.values(), key=lambda deal: int(deal.ticket))
    assert (back.bucket, back.profit) == ("cash", Decimal("-30.00"))
    assert fixed.balance(login) == 100


def test_amounts_survive_that_no_float_could_hold(fixed, reader):
    login = fixed.open(group="real\\BTC")
    fixed.desk("operation", login=login, action=2, amount="12345678.12345678")
    assert [deal.profit for deal in read(reader, login)] == [Decimal("12345678.12345678")]


@pytest.mark.parametrize(
    "offset", [timedelta(hours=-11), timedelta(0), 2 * HOUR, 3 * HOUR, timedelta(hours=5, minutes=30)]
)
def test_the_window_is_in_real_time_and_includes_both_ends(make_server, make_adapter, offset):
    server = make_server(utc_offset=offset, now=lambda: NOW)
    login, adapter = server.open(), make_adapter(server.url, utc_offset=offset)
    for minutes in (-60, -30, 0, 30, 60):
        at = (NOW + timedelta(minutes=minutes)).isoformat()
        server.desk("operation", login=login, action=2, amount="1", comment=str(minutes), at=at)
    half = timedelta(minutes=30)
    deals = read(adapter, login, since=NOW - half, until=NOW + half)
    assert [deal.comment for deal in deals] == ["-30", "0", "30"]
    assert deals[0].executed_at == NOW - half


def test_windows_that_meet_lose_no_row(fixed, reader):
    login = fixed.open()
    for minutes in range(0, 120, 7):
        at = (NOW + timedelta(minutes=minutes, milliseconds=minutes)).isoformat()
        fixed.desk("operation", login=login, action=2, amount="1", at=at)
    tickets = set()
    for hour in range(3):
        tickets |= {deal.ticket for deal in read(reader, login, NOW + hour * HOUR, NOW + (hour + 1) * HOUR)}
    assert len(tickets) == 18


def test_a_clock_with_summer_time_places_each_deal_by_its_own_offset():
    autumn = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
    clock = ServerClock(changes=((datetime(2026, 3, 8, 7, tzinfo=UTC), 3 * HOUR), (autumn, 2 * HOUR)))
    for moment in (autumn - 48 * HOUR, autumn, autumn + 48 * HOUR, NOW):
        assert clock.from_server(clock.to_server(moment) * 1000) == moment
    assert clock.to_server(autumn + HOUR) - clock.to_server(autumn - 2 * HOUR) == 2 * 3600
    repeated = autumn - timedelta(minutes=30)
    assert clock.from_server(clock.to_server(repeated) * 1000) in (repeated, repeated + HOUR)
    assert clock.to_server(datetime(2020, 1, 1, tzinfo=UTC)) == 1577836800 + 3 * 3600


def test_a_long_history_is_read_to_its_end_in_the_order_of_tickets(fixed, reader):
    login = fixed.open()
    for number in range(1, 252):  # three pages, newest first in time
        at = (NOW - timedelta(seconds=number)).isoformat()
        fixed.simulator.books.operate(
            login=login, action=2, amount=str(number), check=False, at=datetime.fromisoformat(at)
        )
    deals = read(reader, login)
    assert [deal.profit for deal in deals] == list(range(1, 252))
    assert [int(deal.ticket) for deal in deals] == sorted(int(deal.ticket) for deal in deals)


class Restless(Mt5Simulator):
    """A server whose history changes before each of the first `changes` pages is answered."""

    changes = 0
    change = staticmethod(lambda simulator, page: None)

    def handle(self, request):
        if request.path == "/api/deal/get_page" and self.changes > 0:
            self.changes -= 1
            self.change(self, int(request.query["offset"]))
        return super().handle(request)


@pytest.fixture
def restless(make_server):
    server = make_server(kind=Restless, now=lambda: NOW)
    login = server.open()
    for _ in range(205):
        server.simulator.books.operate(login=login, action=2, amount="1", check=False)
    return server, login


def add_at(login, minutes):
    def change(simulator, _):
        at = NOW + timedelta(minutes=minutes)
        simulator.books.operate(login=login, action=2, amount="1", check=False, at=at)

    return change


@pytest.mark.parametrize("minutes", [-60, 60], ids=["before what was read", "after the end"])
def test_rows_that_arrive_between_two_pages_are_neither_lost_nor_doubled(restless, make_adapter, minutes):
    server, login = restless
    server.simulator.change, server.simulator.changes = add_at(login, minutes), 3
    deals = read(make_adapter(server.url), login)
    assert len(deals) == len({deal.ticket for deal in deals}) == 208
    assert server.simulator.changes == 0


def test_a_row_that_vanishes_between_two_pages_does_not_hide_another(restless, make_adapter):
    server, login = restless

    def delete_first(simulator, offset):
        if offset:
            with simulator.books.write() as db:
                db.execute("delete from deals where deal = (select min(deal) from deals)")

    server.simulator.change, server.simulator.changes = delete_first, 2
    assert len(read(make_adapter(server.url), login)) == 204


def test_a_history_that_never_holds_still_is_unavailable(restless, make_adapter):
    server, login = restless
    server.simulator.change, server.simulator.changes = add_at(login, -60), 10_000
    with pytest.raises(Unavailable):
        read(make_adapter(server.url), login)


class Editing(Mt5Simulator):
    """A server that sends its first row with one field changed."""

    edit: ClassVar[dict] = {}

    def handle(self, request):
        response = super().handle(request)
        if request.path != "/api/deal/get_page":
            return response
        data = json.loads(response.body)
        data["answer"][0] |= self.edit
        data["answer"][0] = {k: v for k, v in data["answer"][0].items() if v != "absent"}
        return Response.json(data)


@pytest.mark.parametrize(
    "edit",
    [
        {"Profit": "a lot"},
        {"Profit": "NaN"},
        {"Profit": "Infinity"},
        {"Profit": None},
        {"Profit": True},
        {"Storage": "absent"},
        {"Deal": "1.5"},
        {"Action": "absent"},
        {"Action": ""},
        {"TimeMsc": "0", "Time": "absent"},
    ],
)
def test_a_row_that_cannot_be_read_is_never_skipped_or_filled(make_server, make_adapter, edit):
    server = make_server(kind=Editing, now=lambda: NOW)
    server.simulator.edit = edit
    login = server.open("100")
    with pytest.raises(Unavailable):
        read(make_adapter(server.url), login)


@pytest.mark.parametrize(
    ("edit", "profit"),
    [({"Fee": "absent"}, 100), ({"Profit": 12.10}, Decimal("12.10")), ({"TimeMsc": "absent"}, 100)],
)
def test_older_and_sloppier_servers_are_read_exactly(make_server, make_adapter, edit, profit):
    server = make_server(kind=Editing, now=lambda: NOW)
    server.simulator.edit = edit
    login = server.open("100")
    (deal,) = read(make_adapter(server.url), login)
    assert (deal.fee, deal.profit, deal.executed_at) == (0, profit, NOW)
