"""Comparing a rate with the last good one before it: a jump or a contradiction waits for a person.

One look at the database per file; then rates are judged in the order in which they were published. Writes nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from django.conf import settings

from payments.connectors.rates.base import ReadRate
from payments.models import Rate
from payments.models.rate import USABLE

Pair = tuple[str, str]


class Judge:
    """Knows the good rates of a source before and among those that are to be judged, oldest first."""

    def __init__(self, source: str, rates: Sequence[ReadRate]) -> None:
        self._last: dict[Pair, Rate] = {}
        self._said: set[tuple[str, str, datetime]] = set()
        self._later: dict[Pair, list[Rate]] = defaultdict(list)
        if not rates:
            return
        first = rates[0].published_at
        pairs = Rate.objects.filter(
            source=source, base__in={rate.base for rate in rates}, counter__in={rate.counter for rate in rates}
        )
        before = pairs.filter(USABLE, published_at__lt=first).order_by("base", "counter", "-published_at", "-id")
        for row in before.distinct("base", "counter"):
            self.remember(row)
        later = pairs.filter(published_at__gte=first).select_related("decision").order_by("published_at", "id")
        for row in later:
            self._later[row.base, row.counter].append(row)
            self._said.add((row.base, row.counter, row.published_at))

    def judge(self, rate: ReadRate) -> tuple[str, Rate | None]:
        """Why a rate is held ("" when it is not), and the good one that it was compared with."""
        before = self._before(rate)
        if (rate.base, rate.counter, rate.published_at) in self._said:
            return Rate.Held.CORRECTION, before
        if before is not None and jumps(before, rate):
            return Rate.Held.JUMP, before
        return "", before

    def remember(self, row: Rate) -> None:
        """A row that was just made: what follows is compared with it if it may be used."""
        self._said.add((row.base, row.counter, row.published_at))
        if row.state in ("usable", "confirmed"):
            self._last[row.base, row.counter] = row

    def _before(self, rate: ReadRate) -> Rate | None:
        """The last good rate that was published before this one."""
        last = self._last.get((rate.base, rate.counter))
        for row in self._later[rate.base, rate.counter]:
            if row.published_at < rate.published_at and row.state in ("usable", "confirmed"):
                last = row if last is None or row.published_at >= last.published_at else last
        return last


def jumps(before: Rate, rate: ReadRate) -> bool:
    """Whether a rate differs by more than the firm's limit, measured the larger way round."""
    old, new = Fraction(before.value), Fraction(rate.value)
    return max(new / old, old / new) - 1 > Fraction(settings.FX["jump_percent"], 100)
