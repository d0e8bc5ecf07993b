"""What the ledger answers: balances of one and of many, pages of entries, the trial balance."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger import ids, queries
from ledger.errors import InvalidRequest, NotFound
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_balances_of_an_owner_are_those_of_all_its_accounts():
    books.receive("100")
    books.receive("7", to=books.wallet(currency="USD"))
    books.hold("30")
    books.send("20", to=books.trading(), pending=True)
    found = {(each.code, each.currency): each for each in queries.balances_of(books.ADA)}
    assert {key: (books.plain(each.balance), books.plain(each.available)) for key, each in found.items()} == {
        ("client/cl_ada/held", "EUR"): ("30", "30"),
        ("client/cl_ada/trading/mt5/1001", "EUR"): ("0", "0"),
        ("client/cl_ada/wallet", "EUR"): ("70", "50"),
        ("client/cl_ada/wallet", "USD"): ("7", "7"),
    }
    assert found["client/cl_ada/wallet", "EUR"].pending_out == 20
    assert found["client/cl_ada/trading/mt5/1001", "EUR"].pending_in == 20


def test_many_owners_cost_one_query():
    books.receive("1")
    books.receive("2", to=books.wallet(books.BEN))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = queries.balances_of_many([books.ADA, books.BEN, "cl_nobody", ""])
    assert len(asked) == 1
    assert [[books.plain(each.balance) for each in found[owner]] for owner in found] == [["1"], ["2"], [], []]


def test_unknown_accounts_are_not_found():
    for ask in (queries.balance_of, queries.as_of):
        with pytest.raises(NotFound):
            ask(987654321)


def test_as_of_tells_what_had_happened_from_what_was_known():
    """Monday 100, Wednesday 50; on Thursday we learn of 20 that came on Tuesday."""
    books.receive("100", effective_at=DAY)
    known_first = books.receive("50", effective_at=DAY + timedelta(days=2)).recorded_at
    books.receive("20", effective_at=DAY + timedelta(days=1))
    tuesday = DAY + timedelta(days=1)
    for account in (books.wallet().id, books.bank().id):
        ask = lambda account=account, **when: books.plain(queries.as_of(account, **when).balance)  # noqa: E731
        assert ask() == "170"
        assert ask(effective_at=tuesday) == "120"
        assert ask(effective_at=tuesday - timedelta(microseconds=1)) == "100"
        assert ask(recorded_at=known_first) == "150"
        assert ask(effective_at=tuesday, recorded_at=known_first) == "100"
        assert ask(effective_at=DAY - timedelta(days=1)) == "0"
        assert ask(recorded_at=DAY) == "0"


@pytest.fixture
def twelve():
    """Twelve receipts, two of them at the same moment, two backdated."""
    for number, day in enumerate([0, 1, 2, 2, 3, 4, 1, 5, 6, 0, 7, 8], start=1):
        books.receive(str(number), effective_at=DAY + timedelta(days=day), description=f"n{number}")
    return [12, 11, 9, 8, 6, 5, 4, 3, 7, 2, 10, 1]


@pytest.mark.parametrize("account", [books.wallet, books.bank])
@pytest.mark.parametrize("limit", [1, 5, 11, 12, 13])
def test_pages_show_every_entry_once_newest_first_and_lead_back(twelve, account, limit):
    account_id, seen, cursor, pages = account().id, [], None, []
    while True:
        page = queries.entries_of(account_id, cursor=cursor, limit=limit)
        pages.append(page)
        seen += [int(abs(row.amount)) for row in page.rows]
        if page.next is None:
            break
        cursor = page.next
    assert seen == twelve
    assert pages[0].previous is None
    back = pages[-1]
    for page in reversed(pages[:-1]):
        back = queries.entries_of(account_id, cursor=back.previous, limit=limit)
        assert [row.id for row in back.rows] == [row.id for row in page.rows]
    assert back.previous is None


def test_what_arrives_meanwhile_neither_repeats_nor_hides_a_row(twelve):
    first = queries.entries_of(books.wallet().id, limit=4)
    books.receive("99", effective_at=DAY + timedelta(days=9))
    books.receive("98", effective_at=DAY + timedelta(days=8))
    second = queries.entries_of(books.wallet().id, limit=4, cursor=first.next)
    assert [int(row.amount) for row in second.rows] == twelve[4:8]


def test_a_page_tells_each_entrys_story(twelve):
    row = queries.entries_of(books.wallet().id, limit=1).rows[0]
    assert (row.reason, row.title, row.description, row.phase, row.layer) == (
        "BANK_RECEIPT", "Bank transfer received", "n12", "single", 0,
    )  # fmt: skip
    assert (row.change, row.seq, row.balance_after, row.backdated) == (12, 12, 78, False)


def test_pages_can_be_limited_to_a_time(twelve):
    page = queries.entries_of(
        books.bank().id, effective_from=DAY + timedelta(days=1), effective_before=DAY + timedelta(days=3)
    )
    assert [int(row.change) for row in page.rows] == [4, 3, 7, 2]


@pytest.mark.parametrize(
    "cursor", ["", "x", "n1", "n1_", "p_1", "n1_99999999999999999999", "n-99999999999999999_1", "n١_1"]
)
def test_cursors_that_are_not_ours_are_refused(twelve, cursor):
    if not cursor:
        assert queries.entries_of(books.wallet().id, cursor=cursor).rows
        return
    with pytest.raises(InvalidRequest):
        queries.entries_of(books.wallet().id, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_limits_have_limits(limit):
    with pytest.raises(InvalidRequest):
        queries.entries_of(books.wallet().id, limit=limit)


def test_the_trial_balance_has_equal_sides_in_every_currency():
    books.receive("100", effective_at=DAY)
    books.receive("70", to=books.wallet(books.BEN, "JPY"), effective_at=DAY)
    books.send("30", effective_at=DAY + timedelta(days=1))
    rows = queries.trial_balance()
    for currency in ("EUR", "JPY"):
        ours = [row for row in rows if row.currency == currency]
        assert sum(row.debit for row in ours) == sum(row.credit for row in ours) > 0
    assert queries.trial_balance(currency="JPY") == [row for row in rows if row.currency == "JPY"]
    then = {row.code: row.balance for row in queries.trial_balance(currency="EUR", effective_at=DAY)}
    assert then == {"bank/sepa/client-money": 100, "client/cl_ada/wallet": 100, "client/cl_ben/wallet": 0}


def test_lines_of_a_reservation_leave_the_posted_balance():
    books.receive("100")
    pending = books.send("40", pending=True)
    line = queries.lines_of(pending.id)[0]
    assert (line.layer, line.balance_before, line.balance_after) == (1, Decimal(100), Decimal(100))
    assert queries.lines_of(ids.new_id()) == []
