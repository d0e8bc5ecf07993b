"""A month is held back by its own entries, not by those of the month after it."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from ledger import periods
from tests.integration.ledger import books
from tests.property.real_ledger import Closer


def close(label: str) -> periods.Period:
    return periods.close(period_id=periods.name(label=label).pk, actor=Closer(), now=timezone.now())


@pytest.mark.django_db
def test_a_month_without_entries_closes_where_the_first_closed_day_came_after_it() -> None:
    books.receive("5", effective_at=datetime(2024, 3, 1, 12, tzinfo=UTC))
    close("2024-03-02")
    february = close("2024-02")
    assert (february.state, february.entries) == ("closed", 0)
