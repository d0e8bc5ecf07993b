"""Rules of the machine: what was posted is taken back, wholly, in shares, by chosen entries, or as much as is left."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property.chart import NAMES
from tests.property.machine_words import amounts, keys, landings, noons, pick

parts = st.sampled_from([1, 7, 33, 50, 100])
# What is wrong with entries that are chosen: they stand there the other way round, not at all, or do not balance.
wrongs = st.sampled_from(["", "", "", "", "mirrored", "foreign", "lopsided"])


class ReversalRules:
    @precondition(lambda self: self.ids)
    @rule(
        index=pick,
        amount=st.one_of(st.none(), parts),
        key=keys,
        currency=st.sampled_from(["EUR"] * 5 + ["USD"]),
        at=noons,
        lands=landings,
    )
    def reverse(self, index, amount, key, currency="EUR", at=None, lands=False):
        self.reverse_one(self.posted(index), key, amount, currency, at, lands)

    @precondition(lambda self: any(t.reverses for t in self.model.transactions.values()))
    @rule(index=pick, amount=st.one_of(st.none(), parts), key=keys)
    def reverse_again(self, index, amount, key):
        again = [t.reverses for t in self.model.transactions.values() if t.reverses]
        self.reverse_one(self.some(index, again), key, amount)

    @precondition(lambda self: any(t.reason == "FX_CONVERSION" and t.legs for t in self.model.transactions.values()))
    @rule(index=pick, amount=st.one_of(st.none(), amounts), currency=st.sampled_from(["EUR", "USD"]))
    def reverse_conversion(self, index, amount, currency):
        """In both currencies, told by either."""
        made = [k for k, t in self.model.transactions.items() if t.reason == "FX_CONVERSION" and t.legs]
        self.reverse_one(self.some(index, made), None, amount, currency)

    def reverse_one(self, label, key, amount=None, currency="EUR", at=None, lands=False):
        self.both("reverse", label, amount, key, currency, at=at, lands=at is not None and lands)

    def posted(self, index):
        return self.some(index, [k for k, t in self.model.transactions.items() if t.legs] or self.ids)

    @precondition(lambda self: self.ids)
    @rule(index=pick, leg=pick, amount=parts, wrong=wrongs, key=keys, at=noons, lands=landings, by_hand=st.booleans())
    def reverse_entries(self, index, leg, amount, wrong, key, at=None, lands=False, by_hand=False):
        """One debit and one credit of what was posted."""
        label = self.posted(index)
        entries = self.chosen(label, leg, amount, wrong)
        if by_hand:
            self.reverse_by_hand(label, entries, key)
        else:
            self.reverse_chosen(label, entries, key, at, lands)

    @precondition(lambda self: self.ids)
    @rule(index=pick, begun=st.booleans(), key=keys, at=noons, lands=landings, by_hand=st.booleans())
    def reverse_what_is_left(self, index, begun, key, at=None, lands=False, by_hand=False):
        """Of what was reversed in part before, or of anything."""
        again = [t.reverses for t in self.model.transactions.values() if t.reverses]
        label = self.some(index, again) if begun and again else self.posted(index)
        if by_hand:
            self.reverse_by_hand(label, None, key)
        else:
            self.reverse_rest(label, key, at, lands)

    def chosen(self, label, leg, amount, wrong=""):
        legs = self.model.transactions[label].legs
        currency = self.model.accounts[legs[leg % len(legs)][0]].currency
        sides = [[n for n, value in legs if (value > 0) == side and n.endswith(currency)] for side in (False, True)]
        debit, credit = (names[leg % len(names)] for names in sides)
        if wrong == "foreign":
            credit = self.some(leg, [name for name in NAMES if name.endswith(currency)])
        elif wrong == "mirrored":
            debit, credit = credit, debit
        return (debit, -amount - (wrong == "lopsided")), (credit, amount)

    def reverse_chosen(self, label, entries, key=None, at=None, lands=False):
        self.both("reverse", label, None, key, at=at, lands=at is not None and lands, entries=entries)

    def reverse_rest(self, label, key=None, at=None, lands=False):
        self.both("reverse", label, None, key, at=at, lands=at is not None and lands, rest=True)

    def reverse_by_hand(self, label, entries=None, key=None):
        self.both("reverse_by_hand", label, entries=entries, key=key)
