"""A second ledger, in plain Python and as simple as can be: what the real one must agree with, step by step.

No database, no locks, no SQL, nothing imported from the product. Amounts are integers (cents), credits positive.
"""

from collections import Counter
from functools import partial
from types import SimpleNamespace

CASH = {"wallet", "trading"}
REASONS = {  # code: kinds it may debit, kinds it may credit (empty: any), whether it passes a freeze
    "MANUAL_ADJUSTMENT": (set(), set(), False),
    "CLIENT_INTERNAL_TRANSFER": (CASH, CASH, False),
    "CHARGEBACK": ({"wallet", "held", "debt"}, {"psp_clearing"}, True),
    "CHARGEBACK_REVERSAL": ({"psp_clearing"}, {"wallet", "debt"}, True),
    "WITHDRAWAL_PAYOUT": ({"held"}, {"psp_payout", "bank_client_money"}, True),
    "HOLD_PLACED": ({"wallet"}, {"held"}, False),
    "HOLD_RELEASED": ({"held"}, {"wallet"}, True),
}
NAMED = (("key", "idempotency_key_reused"), ("source", "duplicate_reference"))


class Refused(Exception):
    """Why, by its public code."""


Account = partial(SimpleNamespace, status="open", balance=0, pending_in=0, pending_out=0)
Transaction = partial(SimpleNamespace, state="posted", reserved=(), remaining=0)  # `family`: itself and what posted it
Hold = partial(SimpleNamespace, captured=0, released=0, state="active")


class Ledger:
    """Every verb either does all it says and answers (label, replayed), or raises Refused and changes nothing."""

    def __init__(self, accounts):
        self.accounts = {account.name: account for account in accounts}  # in the order of their ids
        self.transactions, self.holds, self.names = {}, {}, {}

    def post(self, reason, legs, key=None, source=None, pending=False, reverses=None):
        self._shape(reason, legs)
        body = (pending, reason, tuple(legs), source, reverses)
        if earlier := self._existing(body, key=key, source=source):
            return earlier, True
        self._allow(reason, legs, reserve=pending)
        if reverses:
            self._within(legs, self.transactions[reverses])
        self._move(legs, pending=pending)
        made = self._record(reason, [] if pending else legs, body, reverses, key=key, source=source)
        if pending:
            made.reserved, made.state, made.remaining = legs, "pending", credits_of(legs)
        return made.label, False

    def resolve(self, phase, label, amount=None, key=None):
        pending, body = self.transactions[label], (phase, label, amount)
        if earlier := self._existing(body, key=key):
            return earlier, True
        if pending.state != "pending":
            raise Refused("invalid_transition")
        part, legs = amount or pending.remaining, pending.reserved
        if part > pending.remaining:
            raise Refused("over_capture")
        if len(legs) == 2:
            legs = [(name, part if value > 0 else -part) for name, value in legs]
        elif part != pending.remaining:
            raise Refused("invalid_request")
        posted = legs if phase == "post" else []
        self._move(legs, pending=True, back=True)
        self._move(posted)
        made = self._record(pending.reason, posted, body, key=key)
        made.state = "posted" if posted else "voided"
        pending.family |= {made.label} if posted else set()
        pending.remaining -= part
        pending.state = "pending" if pending.remaining else made.state
        return made.label, False

    def reverse(self, label, key=None):
        original = self.transactions[label]
        if original.reverses or not original.legs:
            raise Refused("invalid_request")
        reason = "HOLD_RELEASED" if original.reason == "HOLD_PLACED" else f"{original.reason}_REVERSAL"
        return self.post(reason, [(name, -amount) for name, amount in original.legs], key, reverses=label)

    def place(self, hold, wallet, held, amount, key=None):
        body, legs = ("hold", wallet, amount), [(wallet, -amount), (held, amount)]
        if earlier := self._existing(body, key=key):
            return earlier, True
        self._allow("HOLD_PLACED", legs, hold=True)
        self._move(legs)
        self.holds[hold] = Hold(wallet=wallet, held=held, amount=amount, rest=amount)
        return self._record("HOLD_PLACED", legs, body, key=key).label, False

    def end_hold(self, action, hold, to=None, amount=None, key=None):
        found, body = self.holds[hold], (action, hold, to, amount)
        reason = "WITHDRAWAL_PAYOUT" if action == "capture" else "HOLD_RELEASED"
        if to and self.accounts[to].kind not in REASONS[reason][1]:
            raise Refused("invalid_request")
        if to and self.accounts[to].currency != self.accounts[found.held].currency:
            raise Refused("currency_mismatch")
        if earlier := self._existing(body, key=key):
            return earlier, True
        if found.state not in {"active", "partly_captured"}:
            raise Refused("invalid_transition")
        part = amount or found.rest
        if part > found.rest:
            raise Refused("over_capture")
        legs = [(found.held, -part), (to or found.wallet, part)]
        self._allow(reason, legs, hold=True)
        self._move(legs)
        found.rest -= part
        if action == "capture":
            found.captured, found.state = found.captured + part, "partly_captured" if found.rest else "captured"
        else:
            found.released, found.state = part, "released"
        return self._record(reason, legs, body, key=key).label, False

    def set_status(self, name, status):
        account = self.accounts[name]
        held = [hold for hold in self.holds.values() if hold.wallet == name and hold.rest]
        if status == "closed" and (account.balance or account.pending_in or account.pending_out or held):
            raise Refused("invalid_transition")
        if account.status == "closed" and status != "closed":
            raise Refused("account_closed")
        account.status = status

    def state(self, label):
        found = self.transactions[label]
        undone = sum(credits_of(t.legs) for t in self.transactions.values() if t.reverses in found.family)
        done = sum(credits_of(self.transactions[member].legs) for member in found.family)
        return found.state if not undone else "reversed" if undone == done else "partly_reversed"

    def _shape(self, reason, legs):
        totals = Counter()
        for name, amount in legs:
            totals[self.accounts[name].currency] += amount
        if any(totals.values()):
            raise Refused("unbalanced")
        for name, amount in legs:
            may = self._rules(reason)[amount > 0]
            if may and self.accounts[name].kind not in may:
                raise Refused("invalid_request")

    def _rules(self, reason):
        debits, credits, _ = REASONS[reason.removesuffix("_REVERSAL")]
        return REASONS.get(reason, (credits, debits, True))

    def _existing(self, body, **names):
        for kind, code in NAMED:
            if earlier := names.get(kind) and self.names.get((kind, names[kind])):
                if self.transactions[earlier].body != body:
                    raise Refused(code)
                return earlier
        return None

    def _allow(self, reason, legs, reserve=False, hold=False):
        taken = Counter()
        for name, amount in legs:
            change = amount * self.accounts[name].sign
            taken[name] -= min(change, 0) if reserve else change
        touched = [account for account in self.accounts.values() if account.name in taken]
        for account in touched:
            if account.status == "closed":
                raise Refused("account_closed")
            if account.kind == "held" and not hold:
                raise Refused("invalid_request")
            if account.status == "frozen" and taken[account.name] > 0 and not self._rules(reason)[2]:
                raise Refused("account_frozen")
        for account in touched:
            left = account.balance - account.pending_out - taken[account.name]
            if taken[account.name] > 0 and account.floor is not None and left < account.floor:
                raise Refused("insufficient_available")

    def _within(self, legs, original):
        earlier = [leg for t in self.transactions.values() if t.reverses == original.label for leg in t.legs]
        done, undone = Counter(), Counter()
        for name, amount in original.legs:
            done[name, amount < 0] += abs(amount)
        for name, amount in [*legs, *earlier]:
            undone[name, amount > 0] += abs(amount)
        if any(undone[side] > done[side] for side in undone):
            raise Refused("over_reversal")

    def _record(self, reason, legs, body, reverses=None, **names):
        label = len(self.transactions) + 1
        self.names |= {name: label for name in names.items() if name[1]}
        made = Transaction(label=label, reason=reason, legs=list(legs), body=body, reverses=reverses, family={label})
        return self.transactions.setdefault(label, made)

    def _move(self, legs, pending=False, back=False):
        for name, amount in legs:
            account, change = self.accounts[name], amount * self.accounts[name].sign
            figure = "balance" if not pending else "pending_in" if change > 0 else "pending_out"
            setattr(
                account, figure, getattr(account, figure) + (abs(change) * (-1 if back else 1) if pending else change)
            )


def credits_of(legs):
    return sum(amount for _, amount in legs if amount > 0)
