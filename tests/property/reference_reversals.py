"""Reversals on the reference ledger: of the whole, of a share, of chosen entries, of all that is left."""

from tests.property.reference_legs import legs_of, sides, take_away
from tests.property.reference_rules import Refused


class Reversals:
    """The part of `reference_ledger.Ledger` that takes back what was posted."""

    def reverse(self, label, amount=None, key=None, currency="EUR", at=None, lands=False, entries=None, rest=False):
        """`entries`: as they stand in the original, or less. `rest`: all that is left, where nothing else is said."""
        rest = rest and not amount and not entries
        original, body = (
            self.transactions[label],
            ("reverse", label, amount, amount and currency, entries, rest, at, lands),
        )
        if original.reverses or not original.legs:
            raise Refused("reversal_of_reversal" if original.reverses else "nothing_posted")
        reason = f"{original.reason}_REVERSAL"
        self._shape(reason, [(name, -value) for name, value in entries or original.legs])
        if any(self.accounts[name].kind == "held" for name, _ in original.legs):
            raise Refused("moves_hold")
        if earlier := self._existing(body, key=key):
            return earlier, True
        taken = self._taken_back(original, amount, currency, entries, rest)
        legs = [(name, -value) for name, value in taken]
        moment, corrects = self._when(at, lands, original.moment)
        self._allow(reason, legs)
        made = self._write(reason, body, moment, posted=legs, reverses=label, corrects=corrects, key=key)
        return made.label, False

    def reverse_by_hand(self, label, entries=None, key=None):
        """As somebody outside asks: the rest, or entries, of which the first one that does not stand there is named."""
        original = self.transactions[label]
        stands = {} if original.reverses else sides(original.legs)
        for name, amount in entries or () if stands else ():
            if (name, amount > 0) not in stands:
                raise Refused("entries_mirrored" if (name, amount < 0) in stands else "not_in_original")
        return self.reverse(label, key=key, entries=entries, rest=True)

    def _taken_back(self, original, amount, currency, entries, rest):
        """The legs of the original that go, or what is left of them."""
        if amount and currency not in {self.accounts[name].currency for name, _ in original.legs}:
            raise Refused("currency_mismatch")
        left, undone = sides(original.legs), False
        for earlier in self.transactions.values():
            if earlier.reverses == original.label:
                undone = True
                take_away(left, [(name, -value) for name, value in earlier.legs])
        if amount:
            return self._share(left, amount, currency)
        if entries:
            if any(value > left.get(side, 0) for side, value in sides(entries).items()):
                raise Refused("over_reversal")
            return entries
        if undone and not (rest and left):
            raise Refused("already_reversed" if rest else "over_reversal")
        return legs_of(left) if undone else original.legs

    def _share(self, rest, amount, asked):
        """Proportional, rounded, and what is left over given to the largest remainders, first leg first."""
        whole, share = self._credits(rest, asked), {}
        if amount > whole:
            raise Refused("over_reversal")
        for currency in ("EUR", "USD"):
            for credit in (False, True):
                group = {k: v for k, v in rest.items() if k[1] == credit and self.accounts[k[0]].currency == currency}
                total = sum(group.values())
                part = (2 * amount * total + whole) // (2 * whole)
                for side, value in group.items():
                    share[side] = part * value // total
                by_remainder = sorted(group, key=lambda side, p=part, t=total: -(p * group[side] % t))
                for side in by_remainder[: part - sum(share[side] for side in group)]:
                    share[side] += 1
        return legs_of({side: share[side] for side in rest if share[side]})
