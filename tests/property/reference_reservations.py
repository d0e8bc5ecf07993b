"""Reservations on the reference ledger: posted in parts, voided, given more time, ended by the clock or by a status."""

from tests.property.reference_legs import legs_of, sides, take_away
from tests.property.reference_rules import OPEN, Refused

# The wrong moves that have a name of their own; any other says only how it ended.
WRONG = {
    ("void", "posted"): "void_after_post",
    ("post", "voided"): "post_after_void",
    ("release", "captured"): "release_after_capture",
    ("capture", "released"): "capture_after_release",
}


class Reservations:
    """The part of `reference_ledger.Ledger` that ends what was reserved."""

    def resolve(
        self, phase, label, amount=None, currency="EUR", entries=None, status=None, key=None, at=None, lands=False
    ):
        stated = None if amount is None else currency  # without an amount there is nothing to be in a currency
        pending, body = self.transactions[label], (phase, label, amount, stated, entries, status, at, lands)
        self._balance(entries or ())
        if earlier := self._existing(body, key=key):
            return earlier, True
        self._require_open(pending, phase, status)
        if status and status not in pending.ends_on:
            raise Refused("status_not_declared")
        currencies = {self.accounts[name].currency for name, _ in pending.reserved}
        taken = self._part(pending.rest, amount, currency, currencies, entries)
        moment, corrects = self._when(at, lands, pending.moment)
        posted = taken if phase == "post" else []
        made = self._write(pending.reason, body, moment, posted=posted, released=taken, corrects=corrects, key=key)
        made.state = {"post": "posted", "void": "voided", "expire": "expired"}[phase]
        pending.family |= {made.label} if posted else set()
        take_away(pending.rest, taken)
        pending.state = made.state if not pending.rest else "pending"
        return made.label, False

    def extend(self, label, end):
        return self._put_off(self.transactions[label], end)

    def expire_reservations(self):
        """Every reservation whose time has come: [(its label, the label of what gave it back)]."""
        due = [label for label, t in self.transactions.items() if t.due and t.state == "pending"]
        return [(label, self.resolve("expire", label)[0]) for label in due]

    def _part(self, rest, amount, currency, currencies, entries):
        """The legs to take: all, those given, or each in exact proportion."""
        if entries:
            if any(value > rest.get(side, 0) for side, value in sides(entries).items()):
                raise Refused("over_post")
            return entries
        if amount is None:
            return legs_of(rest)
        if currency not in currencies:
            raise Refused("currency_mismatch")
        whole = self._credits(rest, currency)
        if amount > whole:
            raise Refused("over_post")
        if any(value * amount % whole for value in rest.values()):
            raise Refused("not_divisible")
        return legs_of({side: value * amount // whole for side, value in rest.items()})

    def _require_open(self, found, phase, status=None):
        if found.state not in OPEN:
            ended = "expired" if found.state == "expired" else f"already_{found.state}"
            raise Refused(WRONG.get((phase, found.state), ended))
        if phase == "expire" and not status and not found.due:
            raise Refused("not_due")
        if phase != "expire" and found.due:
            raise Refused("expired")

    def _put_off(self, found, end):
        self._require_open(found, "extend")
        if found.end is None:
            raise Refused("never_expires")
        if end < found.end:
            raise Refused("not_later")
        changed, found.end = end > found.end, end
        found.put_off = found.put_off or changed
        return changed
