"""Holds on the reference ledger: placed, taken from, given back, given more time, ended by the clock."""

from functools import partial
from types import SimpleNamespace

from tests.property.reference_rules import NOW, REASONS, Refused

Hold = partial(SimpleNamespace, captured=0, released=0, state="active", due=False, put_off=False)


class Holds:
    """The part of `reference_ledger.Ledger` that sets money aside. `holds`: by their number, from 1."""

    def place(self, wallet, amount, key=None, end=None):
        held = wallet.replace("/wallet", "/held")
        body, legs = ("hold", wallet, amount, end), [(wallet, -amount), (held, amount)]
        if earlier := self._existing(body, key=key):
            return earlier, True
        self._allow("HOLD_PLACED", legs, hold=True)
        self.holds[len(self.holds) + 1] = Hold(wallet=wallet, held=held, amount=amount, rest=amount, end=end)
        return self._write("HOLD_PLACED", body, NOW, posted=legs, key=key).label, False

    def end_hold(self, action, hold, to=None, amount=None, key=None):
        found, body = self.holds[hold], (action, hold, to, amount)
        reason = "WITHDRAWAL_PAYOUT" if action == "capture" else "HOLD_RELEASED"
        if to and self.accounts[to].kind not in REASONS[reason][1]:
            raise Refused("invalid_request")
        if to and self.accounts[to].currency != self.accounts[found.held].currency:
            raise Refused("currency_mismatch")
        if earlier := self._existing(body, key=key):
            return earlier, True
        self._require_open(found, action)
        part = amount or found.rest
        if part > found.rest:
            raise Refused("over_capture" if action == "capture" else "over_release")
        return self._take(found, action, part, reason, to or found.wallet, body, key=key), False

    def extend_hold(self, hold, end):
        return self._put_off(self.holds[hold], end)

    def expire_holds(self):
        """Every hold whose time has come: [(its number, the label of what gave it back)]."""
        due = [(number, hold) for number, hold in self.holds.items() if hold.due and hold.rest]
        return [
            (number, self._take(hold, "expire", hold.rest, "HOLD_RELEASED", hold.wallet, ("expire", number)))
            for number, hold in due
        ]

    def _take(self, found, action, part, reason, to, body, key=None):
        legs = [(found.held, -part), (to, part)]
        self._allow(reason, legs, hold=True)
        found.rest -= part
        if action == "capture":
            found.captured += part
        else:
            found.released += part
        if found.rest:
            found.state = "partly_captured" if found.captured else "active"
        else:
            found.state = {"capture": "captured", "release": "released", "expire": "expired"}[action]
        return self._write(reason, body, NOW, posted=legs, key=key).label
