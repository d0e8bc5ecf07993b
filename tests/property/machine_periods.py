"""Rules of the machine: days and months are closed for ever, and the past is asked for by either clock."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property.chart import ADA, BANK, NAMES
from tests.property.machine_words import pick
from tests.property.real_ledger import same_past
from tests.property.reference_rules import NOT_OVER, NOW


class PeriodRules:
    @rule(
        which=st.sampled_from(["next", "next", "next", "any", "not over"]),
        number=st.sampled_from([0, 0, 1, 1, 2, 2, 3, 4, 5]),
    )
    def close_day(self, which, number):
        """Any to begin with, which closes what was before; what is kept of a closed day is what the reference says."""
        if which == "not over":
            number = NOT_OVER
        elif which == "next" and self.model.closed_before is not None:
            number = self.model.closed_before // 2
        if self.both("close_day", number):
            for name in (ADA, BANK):
                self.statements[name, number] = self.kept(name, number)

    def kept(self, name, number):
        found, end = self.statement(name, number), 2 * number + 1
        figures = [found.closing * 100, found.pending_in * 100, found.pending_out * 100]
        assert figures == self.model.figures(name, end)
        assert found.opening * 100 == self.model.figures(name, end - 2)[0]
        assert found.entries == sum(one[0] == name and end - 1 <= one[3] <= end for one in self.model.entries)
        return found.body

    @precondition(lambda self: self.model.closed)
    @rule()
    def close_month(self):
        self.both("close_month")

    @rule(name=st.sampled_from(NAMES), at=st.one_of(st.just(NOW), st.integers(-1, 11)), back=pick)
    def look_back(self, name, at, back):
        """What an account held at a time, what we knew of it at another, and both."""
        known, learned = self.learned[-1 - back % len(self.learned)]
        same_past(self.model, self.real.refs, name, at)
        same_past(self.model, self.real.refs, name, at, known, learned)
