"""How long a rate may be used: over weekends and holidays, until the next publication is overdue."""

from datetime import UTC, date, datetime, timedelta

import pytest

from payments.fx.freshness import Freshness, easter, ecb_moment, is_target_day, last_target_day, next_target_day

DAILY = Freshness(business_days=1, grace=timedelta(hours=3))


@pytest.mark.parametrize(
    ("day", "stale"),
    [
        (date(2026, 11, 19), datetime(2026, 11, 20, 18, 0, tzinfo=UTC)),  # Thursday: Friday evening
        (date(2026, 11, 20), datetime(2026, 11, 23, 18, 0, tzinfo=UTC)),  # Friday: Monday evening
        (date(2026, 4, 2), datetime(2026, 4, 7, 17, 0, tzinfo=UTC)),  # before Good Friday: Tuesday, in summer time
        (date(2026, 12, 24), datetime(2026, 12, 28, 18, 0, tzinfo=UTC)),  # Christmas on Friday and Saturday
    ],
)
def test_a_rate_of_the_ecb_lasts_until_the_next_one_is_overdue(day, stale):
    assert DAILY.stale_at(ecb_moment(day)) == stale


def test_a_rate_with_an_age_in_hours():
    at = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert Freshness(hours=6).stale_at(at) == at + timedelta(hours=6)


def test_target_days():
    closed = [date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25),
              date(2026, 12, 26), date(2026, 11, 21), date(2026, 11, 22)]  # fmt: skip
    assert not any(is_target_day(day) for day in closed)
    assert is_target_day(date(2026, 4, 2)) and is_target_day(date(2026, 5, 25))  # Whit Monday is a TARGET day
    assert next_target_day(date(2026, 4, 2)) == date(2026, 4, 7)
    assert last_target_day(date(2026, 11, 22)) == date(2026, 11, 20)


def test_easter():
    assert [easter(year) for year in (2024, 2025, 2026, 2027, 2038)] == [
        date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25),
    ]  # fmt: skip
