"""Closing business days and months: what is closed stays as it was, whatever is learned later."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from ledger import invariants, periods, queries
from ledger.errors import InvalidRequest, InvalidTransition, NotFound, PeriodClosed
from ledger.models import Event, LegalEntity, Period, PeriodAccount, Transaction
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
