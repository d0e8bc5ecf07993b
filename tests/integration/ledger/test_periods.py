"""Closing business days and months: what is closed stays as it was, whatever is learned later."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger import invariants, periods, posting, queries
from ledger.errors import InvalidRequest, InvalidTransition, NotFound, PeriodClosed
from ledger.models import Event, LegalEntity, Period, PeriodAccount, Transaction
from ledger.posting import Draft, credit, debit
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday, noon
NOW = datetime(2026, 4, 20, tzinfo=UTC)


class Closer(books.Somebody):
    """Somebody who may close."""

    id = "usr_closer"

    def require(self, permission):
        assert permission == "ledger.close_period"


def close(label):
    with transaction.atomic():
        return periods.close(period_id=periods.name(label=label).pk, actor=Closer(), now=NOW)


def in_zone(zone):
    LegalEntity.objects.update(zone=zone)


def account(ref):
    from ledger.models import Account

    return Account.objects.get(pk=ref.id)


def test_a_closed_day_takes_nothing_more_and_says_so():
    books.receive("100", effective_at=NOON)
    closed = close("2026-03-02")
    assert (closed.state, closed.closed_by, closed.entries) == ("closed", "usr_closer", 2)
    with pytest.raises(PeriodClosed) as refusal:
        books.receive("5", effective_at=NOON + timedelta(hours=1))
    assert refusal.value.param == "effective_at"
    assert refusal.value.data["closed_before"] == "2026-03-03T00:00:00Z"
    assert "2026-03-03" in refusal.value.detail
    assert (books.balance(books.wallet()), Transaction.objects.count()) == ("100", 1)
    books.receive("5", effective_at=NOON + timedelta(hours=12))
    assert books.balance(books.wallet()) == "105"
    assert Event.objects.filter(type="period.closed", object_ref=closed.public_id).count() == 1
    assert invariants.run().clean


def test_statements_of_a_closed_period_are_the_same_bytes_whatever_comes_later():
    books.receive("100", effective_at=NOON - timedelta(days=1), source=books.source('r"1, =x'))
    books.receive("40", effective_at=NOON)
    pending = books.send("30", to=books.trading(), pending=True, effective_at=NOON)
    books.settle(pending, effective_at=NOON + timedelta(hours=1))
    close("2026-03-01")
    closed = close("2026-03-02")
    first = {ref: periods.statement(account=account(ref), period=closed) for ref in (books.wallet(), books.bank())}
    trial = periods.trial_balance(closed)
    wallet = first[books.wallet()]
    assert (books.plain(wallet.opening), books.plain(wallet.closing), wallet.entries) == ("100", "110", 4)
    for statement in first.values():
        assert hashlib.sha256(statement.body).hexdigest() == statement.digest
    assert hashlib.sha256(trial).hexdigest() == closed.trial_digest

    books.receive("7")
    books.receive("9", effective_at=NOON, metadata=periods.landing())
    books.receive("3", to=books.wallet(books.BEN, "USD"), effective_at=NOON + timedelta(days=1))
    for ref, before in first.items():
        assert periods.statement(account=account(ref), period=closed) == before
    assert periods.trial_balance(closed) == trial
    assert invariants.run().clean


def test_an_account_that_did_nothing_has_a_statement_too():
    books.receive("100", effective_at=NOON)
    books.receive("1", to=books.wallet(books.BEN), effective_at=NOON + timedelta(days=1))
    close("2026-03-02")
    second = close("2026-03-03")
    idle = periods.statement(account=account(books.wallet()), period=second)
    assert (books.plain(idle.opening), books.plain(idle.closing), idle.entries, idle.digest) == ("100", "100", 0, None)


def test_what_is_learned_later_lands_in_the_next_open_day_and_points_back():
    books.receive("100", effective_at=NOON)
    closed = close("2026-03-02")
    late = NOON + timedelta(hours=2)
    posted = books.receive(
        "5", effective_at=late, metadata=periods.landing({"why": "late wire"}), source=books.source("w")
    )
    landed = Transaction.objects.get(pk=posted.id)
    assert landed.effective_at == closed.ends_at
    assert landed.metadata == {
        "why": "late wire",
        "corrects": {"period": "2026-03-02", "effective_at": "2026-03-02T14:00:00.000000Z"},
    }
    assert [each.pk for each in periods.corrections(closed)] == [posted.id]
    # Said again, it is the same answer, although the same words would be written otherwise today.
    close("2026-03-03")
    again = books.receive(
        "5", effective_at=late, metadata=periods.landing({"why": "late wire"}), source=books.source("w")
    )
    assert (again.id, again.replayed) == (posted.id, True)
    assert queries.as_of(books.wallet().id, effective_at=NOON + timedelta(hours=3)).balance == 100
    assert invariants.run().clean


def test_a_posting_into_an_open_day_ignores_where_it_might_land():
    posted = books.receive("5", effective_at=NOON, metadata=periods.landing())
    landed = Transaction.objects.get(pk=posted.id)
    assert (landed.effective_at, landed.metadata) == (NOON, None)


@pytest.mark.parametrize("metadata", [{"corrects": {"period": "2026-03-02"}}, {"land": "anywhere"}])
def test_nobody_writes_the_pointer_by_hand(metadata):
    with pytest.raises(InvalidRequest):
        books.receive("5", metadata=metadata)
    assert not Transaction.objects.exists()


def test_days_close_in_order_when_they_are_over_and_once():
    books.receive("100", effective_at=NOON)
    close("2026-03-02")
    for label, words in (("2026-03-04", "the next one is 2026-03-03"), ("2026-03-02", "closed already")):
        with pytest.raises(InvalidTransition, match=words):
            close(label)
    today = f"{timezone.now():%Y-%m-%d}"
    with pytest.raises(InvalidTransition, match="not over"):
        close(today)
    with pytest.raises(NotFound), transaction.atomic():
        periods.close(period_id=10**9, actor=Closer(), now=NOW)
    assert LegalEntity.objects.get().closed_before == datetime(2026, 3, 3, tzinfo=UTC)
    assert Period.objects.filter(state="closed").count() == 1
    assert periods.next_day(now=NOW) == date(2026, 3, 3)
    assert periods.next_day(now=datetime(2026, 3, 3, 23, tzinfo=UTC)) is None


def test_a_month_closes_after_its_days_and_lists_them():
    books.receive("100", effective_at=datetime(2026, 2, 27, 9, tzinfo=UTC))
    books.receive("11", effective_at=datetime(2026, 2, 28, 9, tzinfo=UTC))
    close("2026-02-27")
    with pytest.raises(InvalidTransition, match="days are not all closed"):
        close("2026-02")
    last = close("2026-02-28")
    month = close("2026-02")
    statement = periods.statement(account=account(books.wallet()), period=month)
    rows = statement.body.decode().splitlines()
    kept = PeriodAccount.objects.get(period=last, account=books.wallet().id)
    assert rows[3] == f"day,2026-02-28,1,111.00,{kept.digest}"
    assert (len(rows), statement.entries) == (5, 2)
    assert hashlib.sha256(statement.body).hexdigest() == statement.digest
    assert invariants.run().clean


def test_a_month_with_entries_in_none_of_its_days_is_not_closed():
    """The first closed day freezes all before it: a list of days with a gap would not add up to the month."""
    books.receive("100", effective_at=datetime(2026, 2, 10, 9, tzinfo=UTC))
    books.receive("7", effective_at=datetime(2026, 2, 28, 9, tzinfo=UTC))
    close("2026-02-28")
    with pytest.raises(InvalidTransition, match="before the first day that was closed by itself"):
        close("2026-02")
    assert not Period.objects.filter(kind="month", state="closed").exists()
    frozen = periods.name(label="2026-02-10")
    with pytest.raises(InvalidTransition, match="frozen with what came before"):
        periods.statement(account=account(books.wallet()), period=frozen)


@pytest.mark.parametrize("label", ["", "2026", "2026-13", "2026-02-30", "02-03-2026", "2026-03-02T00:00:00", "٢٠٢٦-٠٣"])
def test_a_label_is_a_day_or_a_month(label):
    with pytest.raises(InvalidRequest) as refusal:
        periods.name(label=label)
    assert refusal.value.param == "label"
    assert not Period.objects.exists()


@pytest.mark.parametrize(
    ("zone", "year"),
    [
        ("Europe/Berlin", 2026),
        ("America/New_York", 2026),
        ("America/Havana", 2024),  # midnight comes twice in autumn and never in spring
        ("Asia/Kathmandu", 2026),
        ("Africa/Cairo", 2024),
        ("Pacific/Apia", 2010),
        ("America/Santiago", 2024),
        ("Asia/Beirut", 2022),
    ],
)
def test_days_begin_when_the_zone_says_so(zone, year):
    """PostgreSQL's days against those of Python's zoneinfo: the first moment that bears the date."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_day_starts(d, %s) FROM unnest(%s::date[]) d", [zone, days])
        found = [row[0] for row in cursor.fetchall()]
    expected = [datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) for day in days]
    assert found == expected
    lengths = {after - before for before, after in pairwise(found)}
    assert len(lengths) > 1 or zone == "Asia/Kathmandu"


def test_a_long_and_a_short_day_freeze_exactly_their_hours():
    in_zone("Europe/Berlin")
    books.receive("1", effective_at=datetime(2026, 3, 28, 22, 59, tzinfo=UTC))
    close("2026-03-28")
    short = close("2026-03-29")
    assert (short.starts_at, short.ends_at) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )
    with pytest.raises(PeriodClosed):
        books.receive("1", effective_at=datetime(2026, 3, 29, 21, 59, 59, 999999, tzinfo=UTC))
    books.receive("1", effective_at=datetime(2026, 3, 29, 22, tzinfo=UTC))


def batch(*times):
    legs = [debit(books.bank(), Decimal(1)), credit(books.wallet(), Decimal(1))]
    with transaction.atomic():
        return posting.post_batch([Draft(reason="BANK_RECEIPT", legs=legs, effective_at=at) for at in (None, *times)])


def test_every_way_of_writing_is_refused():
    books.receive("100", effective_at=NOON - timedelta(days=9))
    pending = books.send("10", to=books.trading(), pending=True, effective_at=NOON - timedelta(days=9))
    mistaken = books.receive("1", effective_at=NOON - timedelta(days=9))
    close("2026-03-02")
    count = Transaction.objects.count()
    ways = [
        lambda: books.receive("1", effective_at=NOON),
        lambda: books.send("1", pending=True, effective_at=NOON),
        lambda: books.settle(pending, effective_at=NOON),
        lambda: books.void(pending, effective_at=NOON),
        lambda: books.reverse(mistaken, effective_at=NOON),
        lambda: batch(NOON),
        lambda: books.receive("1", effective_at=datetime(2020, 1, 1, tzinfo=UTC)),
    ]
    for way in ways:
        with pytest.raises(PeriodClosed):
            way()
    assert Transaction.objects.count() == count
    assert invariants.run().clean


def test_the_first_day_that_is_closed_freezes_all_before_it():
    books.receive("100", effective_at=NOON)
    close("2026-03-05")
    with pytest.raises(PeriodClosed):
        books.receive("1", effective_at=NOON)
