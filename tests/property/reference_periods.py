"""Time on the reference ledger: when something takes effect, days that are closed for ever, and what was known when."""

from collections import Counter

from tests.property.reference_rules import MONTH_ENDS, NOT_OVER, NOW, Refused


class Periods:
    """The part of `reference_ledger.Ledger` that knows about time. `closed`: the days, and the month."""

    def close_day(self, day):
        """The first day that is closed closes everything before it; then each in its turn, when it is over."""
        in_turn = self.closed_before is None or self.closed_before == 2 * day
        if day in self.closed or day == NOT_OVER or not in_turn:
            raise Refused("invalid_transition")
        self.closed.append(day)
        self.closed_before = 2 * day + 2

    def close_month(self):
        """When all of its days are closed, and list all that happened in it."""
        if "month" in self.closed or self.closed_before is None or self.closed_before < MONTH_ENDS:
            raise Refused("invalid_transition")
        if any(moment < min(2 * self.closed[0], MONTH_ENDS) for *_, moment in self.entries):
            raise Refused("invalid_transition")
        self.closed.append("month")

    def figures(self, name, at=NOW, known=None):
        """[balance, on its way in, on its way out]: what had happened by `at`, as far as the first `known` entries
        tell."""
        found = Counter()
        for account, figure, change, moment in self.entries[:known]:
            if account == name and moment <= at:
                found[figure] += change
        return [found["balance"], found["pending_in"], found["pending_out"]]

    def _when(self, at, lands, earliest=0):
        """When it takes effect, never before what it follows; and the closed day that it belongs to, if any."""
        moment = max(NOW if at is None else at, earliest)
        if self.closed_before is None or moment >= self.closed_before:
            return moment, None
        if not lands:
            raise Refused("period_closed")
        return self.closed_before, moment // 2
