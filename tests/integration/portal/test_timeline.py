"""One feed, newest first: complete, paged without gaps, the same cost however long the history."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger import accounts, posting
from ledger.errors import InvalidRequest
from ledger.money import Money
from ledger.posting import Draft, Source, credit, debit
from portal.queries import timeline
from portal.queries.filters import Filters
from portal.queries.lines import Line
from tests.integration.portal.world import World, full_history

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def everything(world: World, limit: int = 5, **filters: object) -> list[Line]:
    """All lines, walked page by page towards the past."""
    lines: list[Line] = []
    cursor = None
    while True:
        page = timeline.page(
            world.client,
            now=NOW,
            filters=Filters(**filters),
            cursor=cursor,
            limit=limit,  # type: ignore[arg-type]
        )
        lines += page.lines
        if page.next is None:
            return lines
        cursor = page.next


@pytest.fixture
def world() -> World:
    made = World()
    full_history(made, timezone.now())
    return made


def test_every_movement_is_one_line_and_newest_comes_first(world: World) -> None:
    lines = everything(world)
    assert [line.key for line in lines] == sorted((line.key for line in lines), reverse=True)
    assert len({(line.key, line.reference) for line in lines}) == len(lines)
    kinds = [line.kind for line in lines]
    expected = {"deposit": 4, "withdrawal": 5, "transfer": 4, "trading": 1, "fee": 1, "hold": 1, "refund": 1,
                "dispute": 1, "return": 1, "correction": 1}  # fmt: skip
    assert {kind: kinds.count(kind) for kind in set(kinds)} == expected


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_pages_of_any_size_give_the_same_lines(world: World, limit: int) -> None:
    assert everything(world, limit) == everything(world, 200)


def test_paging_back_to_the_newest_gives_the_same_page(world: World) -> None:
    now = timezone.now()
    first = timeline.page(world.client, now=now, limit=4)
    second = timeline.page(world.client, now=now, cursor=first.next, limit=4)
    back = timeline.page(world.client, now=now, cursor=second.previous, limit=4)
    assert first.previous is None
    assert back.lines == first.lines
    assert back.next is not None


def test_lines_that_arrive_meanwhile_shift_nothing(world: World) -> None:
    now = timezone.now()
    first = timeline.page(world.client, now=now, limit=5)
    before = timeline.page(world.client, now=now, cursor=first.next, limit=5)
    world.deposit("1.00")
    assert timeline.page(world.client, now=now, cursor=first.next, limit=5).lines == before.lines


def test_every_line_answers_the_five_questions(world: World) -> None:
    for line in everything(world):
        assert str(line.title) and line.status
        assert line.money.amount >= 0 and line.money.currency in ("EUR", "USD")
        assert str(line.where) and str(line.next) and str(line.act)
        if not line.final:
            assert str(line.when) and str(line.late)
        for sentence in (line.title, line.where, line.next, line.when, line.late, line.act):
            assert "%(" not in str(sentence) and "None" not in str(sentence)


def test_trading_is_one_line_per_day_of_the_clients_own_zone() -> None:
    world = World(zone="Pacific/Auckland")  # UTC+13 in November
    account = world.trading_account(currency="USD")
    world.trade(account, "10.00", datetime(2026, 11, 1, 10, 30, tzinfo=UTC))  # 23:30 on the 1st there
    world.trade(account, "5.00", datetime(2026, 11, 1, 11, 30, tzinfo=UTC))  # 00:30 on the 2nd there
    world.trade(account, "-2.00", datetime(2026, 11, 1, 20, 0, tzinfo=UTC), "COMMISSION")
    lines = everything(world)
    assert [(line.day, line.money.text, line.direction) for line in lines] == [
        (date(2026, 11, 2), "3.00", "in"),
        (date(2026, 11, 1), "10.00", "in"),
    ]
    assert lines[0].details == (("Trading result", Money.of("5.00", "USD")), ("Commission", Money.of("-2.00", "USD")))


def test_a_day_keeps_its_place_when_another_trade_comes() -> None:
    world = World()
    account = world.trading_account()
    noon = timezone.now().replace(hour=9, minute=0) - timedelta(days=2)
    world.trade(account, "10.00", noon)
    (before,) = everything(world)
    world.trade(account, "-4.00", noon + timedelta(hours=1))
    (after,) = everything(world)
    assert after.key == before.key
    assert after.money == Money.of("6.00", "EUR")


def test_filters_narrow_and_search_finds_amounts_and_references(world: World) -> None:
    assert {line.kind for line in everything(world, kind="deposit")} == {"deposit"}
    assert {line.kind for line in everything(world, kind="trading")} == {"trading"}
    assert {line.money.currency for line in everything(world, currency="USD")} == {"USD"}
    assert {line.state for line in everything(world, state="yours")} == {
        "initiated", "needs_information", "funds_withdrawn",
    }  # fmt: skip
    assert {line.final for line in everything(world, state="open")} == {False}
    (paid,) = everything(world, kind="withdrawal", state="paid")
    for text in (paid.reference, "NTRF-20931", "98.50 EUR", "98,50", "€98.50", "-98.50"):
        assert [line.reference for line in everything(world, q=text)] == [paid.reference], text
    assert {line.kind for line in everything(world, q="77001")} == {"transfer"}
    assert {line.kind for line in everything(world, q="-45.75")} == {"trading"}
    assert everything(world, q="nothing like this") == []
    assert everything(world, q="100%") == []


def test_days_are_the_clients_days(world: World) -> None:
    today = timezone.localtime(timezone.now(), timezone=timezone.get_fixed_timezone(60)).date()
    assert everything(world, since=today + timedelta(days=1)) == []
    assert len(everything(world, until=today)) == len(everything(world))
    assert {line.kind for line in everything(world, until=today - timedelta(days=1))} == {"trading"}


def test_another_clients_lines_never_appear(world: World) -> None:
    other = World()
    full_history(other, timezone.now())
    mine = {line.reference for line in everything(world)}
    assert mine.isdisjoint({line.reference for line in everything(other)})
    for line in everything(other):
        assert everything(world, q=line.reference) == []


@pytest.mark.parametrize("cursor", ["x", "n.1.2", "n.99999999999999999999." + "0" * 32, "q.1." + "0" * 32, "n.1."])
def test_a_cursor_that_nobody_gave_out_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        timeline.page(world.client, now=timezone.now(), cursor=cursor)


def _many_trades(world: World, days: int, per_day: int) -> None:
    account = world.trading_account(currency="EUR")
    trading = world.account(f"trading/mt5/{account.login}", "EUR")
    house = accounts.ref("house/trading-pnl", "EUR")
    start = datetime(2025, 1, 1, 8, tzinfo=UTC)
    posting.post_batch(
        [
            Draft(
                reason="TRADE_PNL",
                legs=[credit(trading, Decimal("1.00")), debit(house, Decimal("1.00"))],
                effective_at=start + timedelta(days=day, minutes=number),
                source=Source("mt5", "deal", f"{day}-{number}"),
            )
            for day in range(days)
            for number in range(per_day)
        ]
    )


@pytest.mark.slow
def test_ten_thousand_lines_cost_no_more_than_ten() -> None:
    world = World()
    _many_trades(world, days=500, per_day=20)
    for _ in range(300):
        world.deposit("10.00")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    page = timeline.page(world.client, now=timezone.now())
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        page = timeline.page(world.client, now=timezone.now())
    elapsed = time.perf_counter() - started
    assert len(queries) == 1
    assert len(page.lines) == 25
    assert elapsed < 0.3
    assert len(everything(world, limit=200)) == 800
