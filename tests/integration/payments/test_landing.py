"""What an outside system tells late, about a day that is closed: it is booked, in the next open day, once."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from ledger import periods
from ledger.models import Transaction
from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.actors import Actor
from payments.services.posting import post_recipe

pytestmark = pytest.mark.django_db

HAPPENED = datetime(2026, 3, 2, 12, tzinfo=UTC)


def told(metadata=None):
    recipe = postings.psp_fee(psp="stripe", fee=Money.of("2.90", "EUR"))
    return post_recipe(recipe, source=Source("stripe", "fee", "f_1"), effective_at=HAPPENED, metadata=metadata)


def close(label):
    periods.close(period_id=periods.name(label=label).pk, actor=Actor.system("test"), now=timezone.now())


def test_late_news_lands_and_points_back_and_is_said_twice_without_harm():
    close("2026-03-02")
    first = told({"deposit": "dep_1"})
    landed = Transaction.objects.get(pk=first.id)
    assert landed.effective_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert landed.metadata == {
        "deposit": "dep_1",
        "corrects": {"period": "2026-03-02", "effective_at": "2026-03-02T12:00:00.000000Z"},
    }
    close("2026-03-03")
    again = told({"deposit": "dep_1"})
    assert (again.id, again.replayed) == (first.id, True)


def test_in_time_it_takes_effect_when_it_happened():
    first = told()
    close("2026-03-02")
    assert told().replayed
    stored = Transaction.objects.get(pk=first.id)
    assert (stored.effective_at, stored.metadata) == (HAPPENED, None)
