"""Rules of the machine: reservations, from their beginning to the last of their ends."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property.chart import ADA, BEN, STATUS, TRADING
from tests.property.machine_words import amounts, ends, keys, landings, noons, pick, sources


def reserved_at_all(self):
    return any(t.reserved for t in self.model.transactions.values())


class ReservationRules:
    @rule(
        amount=st.sampled_from([50, 100, 200]),
        source=sources,
        other=st.sampled_from([TRADING, ADA]),
        end=ends,
        ends_on=st.sampled_from([(), (STATUS,)]),
        at=noons,
        lands=landings,
    )
    def reserve(self, amount, source, other, end=None, ends_on=(), at=None, lands=False):
        legs = [(BEN, -amount), (other, amount)]
        self.post("CLIENT_INTERNAL_TRANSFER", legs, None, source, True, end, ends_on, at, lands)

    @rule(amount=st.sampled_from([3, 10, 60, 300]), fee=st.sampled_from([1, 2, 7]), end=st.sampled_from([None, 1]))
    def reserve_with_fee(self, amount, fee, end):
        """Three legs in one currency: parts that divide, and parts that do not."""
        legs = [(ADA, -amount - fee), (TRADING, amount), ("house/fx EUR", fee)]
        self.post("MANUAL_ADJUSTMENT", legs, None, None, True, end)

    @precondition(reserved_at_all)
    @rule(
        index=pick,
        amount=st.one_of(st.none(), amounts),
        key=keys,
        phase=st.sampled_from(["post", "post", "post", "void", "expire"]),
        status=st.sampled_from([None, STATUS, "mt5.filled"]),
        currency=st.sampled_from(["EUR"] * 5 + ["USD"]),
        at=noons,
        lands=landings,
    )
    def resolve(self, index, amount, key, phase, status=None, currency="EUR", at=None, lands=False):
        label = self.some(index, self.reserved())
        amount, status = amount if phase == "post" else None, status if phase == "expire" else None
        lands = at is not None and lands
        self.both("resolve", phase, label, amount, currency, None, status, key, at=at, lands=lands)

    def reserved(self):
        return [label for label in self.ids if self.model.transactions[label].reserved]

    @precondition(reserved_at_all)
    @rule(index=pick, leg=pick, amount=amounts, other=st.sampled_from([0, 0, 0, 1]), key=keys)
    def post_entries(self, index, leg, amount, other, key):
        """One debit and one credit of a reservation, now and then not of the same amount."""
        label = self.some(index, self.reserved())
        legs = [leg for leg in self.model.transactions[label].reserved if leg[0].endswith("EUR")]
        sides = [[name for name, value in legs if (value > 0) == credit] for credit in (False, True)]
        debits, credits = (names[leg % len(names)] for names in sides)
        entries = ((debits, -amount - other), (credits, amount))
        self.both("resolve", "post", label, None, "EUR", entries, None, key)

    @precondition(reserved_at_all)
    @rule(index=pick, end=st.sampled_from([1, 2, 3]))
    def extend(self, index, end):
        self.both("extend", self.some(index, self.reserved()), end)

    @precondition(lambda self: self.ending())
    @rule(index=pick)
    def time_is_up(self, index):
        """The end of a reservation comes."""
        label = self.some(index, self.ending())
        self.real.time_is_up(label)
        self.model.transactions[label].due = True

    def ending(self):
        """Those whose end may come. One that was put off keeps what its event says."""
        all_ = self.model.transactions.items()
        return [label for label, t in all_ if t.end and t.state == "pending" and not t.put_off]

    @precondition(lambda self: any(t.end for t in self.model.transactions.values()))
    @rule()
    def expire_reservations(self):
        """The clock comes round."""
        self.both("expire_reservations")
