"""How long a rate may be used: until its successor is overdue.

The ECB publishes its reference rates on every TARGET day at about 16:00 Central European Time, so Friday's rate is
fresh until Monday evening. Other sources have an age in hours. Source of the days: the TARGET long-term calendar of
the European Central Bank (closed on Saturdays, Sundays, New Year's Day, Good Friday, Easter Monday, 1 May, 25 and 26
December). Pure arithmetic of dates.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CENTRAL_EUROPE = ZoneInfo("Europe/Berlin")
ECB_PUBLISHES = time(16, 0)
_FIXED = {(1, 1), (5, 1), (12, 25), (12, 26)}


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """Either `business_days`: so many publications may have come due since, the last `grace` ago at most; or, with
    `business_days` 0, simply at most `hours` old."""

    business_days: int = 0
    hours: int = 24
    grace: timedelta = timedelta(hours=3)

    def stale_at(self, published_at: datetime) -> datetime:
        """The moment from which a rate published then is stale, in UTC."""
        if not self.business_days:
            return published_at + timedelta(hours=self.hours)
        day = published_at.astimezone(CENTRAL_EUROPE).date()
        for _ in range(self.business_days):
            day = next_target_day(day)
        return ecb_moment(day) + self.grace


def ecb_moment(day: date) -> datetime:
    """When the ECB's rates of a day are published, in UTC."""
    return datetime.combine(day, ECB_PUBLISHES, tzinfo=CENTRAL_EUROPE).astimezone(UTC)


def is_target_day(day: date) -> bool:
    """Whether euro payments settle and the ECB publishes on that day."""
    if day.weekday() >= 5 or (day.month, day.day) in _FIXED:
        return False
    return day - easter(day.year) not in (timedelta(days=-2), timedelta(days=1))


def next_target_day(day: date) -> date:
    """The first TARGET day after that day."""
    following = day + timedelta(days=1)
    while not is_target_day(following):
        following += timedelta(days=1)
    return following


def last_target_day(day: date) -> date:
    """That day, or the last TARGET day before it."""
    while not is_target_day(day):
        day -= timedelta(days=1)
    return day


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)
