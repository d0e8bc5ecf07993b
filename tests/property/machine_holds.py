"""Rules of the machine: holds, taken in parts, given back, given more time, ended by the clock."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property.chart import ADA, HELD, PAYOUT
from tests.property.machine_words import amounts, ends, keys, pick


class HoldRules:
    @rule(amount=amounts, key=keys, end=ends)
    def place(self, amount, key, end=None):
        self.both("place", ADA, amount, key, end=end)

    @precondition(lambda self: self.real.hold_ids)
    @rule(
        index=pick,
        amount=st.one_of(st.none(), amounts),
        key=keys,
        to=st.sampled_from([PAYOUT] * 4 + ["psp/stripe/payout USD", ADA, HELD]),
    )
    def capture(self, index, amount, key, to):
        self.both("end_hold", "capture", self.some(index, self.real.hold_ids), to, amount, key)

    @precondition(lambda self: self.real.hold_ids)
    @rule(index=pick, amount=st.one_of(st.none(), amounts), key=keys)
    def release(self, index, amount, key):
        self.both("end_hold", "release", self.some(index, self.real.hold_ids), None, amount, key)

    @precondition(lambda self: self.real.hold_ids)
    @rule(index=pick, end=st.sampled_from([1, 2, 3]))
    def extend_hold(self, index, end):
        self.both("extend_hold", self.some(index, self.real.hold_ids), end)

    @precondition(lambda self: self.holds_ending())
    @rule(index=pick)
    def time_of_a_hold_is_up(self, index):
        """The end of a hold comes."""
        number = self.some(index, self.holds_ending())
        self.real.time_of_a_hold_is_up(number)
        self.model.holds[number].due = True

    def holds_ending(self):
        """Those whose end may come. One that was put off keeps what its event says."""
        return [number for number, hold in self.model.holds.items() if hold.end and hold.rest and not hold.put_off]

    @precondition(lambda self: any(hold.end for hold in self.model.holds.values()))
    @rule()
    def expire_holds(self):
        """The clock comes round."""
        self.both("expire_holds")
