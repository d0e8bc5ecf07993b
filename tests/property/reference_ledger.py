"""A second ledger, in plain Python and as simple as can be: what the real one must agree with, step by step.

No database, no locks, no SQL, nothing imported from the product. Amounts are integers (cents), credits positive.
"""

from collections import defaultdict
from dataclasses import dataclass, field

REASONS = {  # code: kinds it may debit, kinds it may credit (empty: any), whether it passes a freeze
    "MANUAL_ADJUSTMENT": (set(), set(), False),
    "MANUAL_ADJUSTMENT_REVERSAL": (set(), set(), True),
    "CLIENT_INTERNAL_TRANSFER": ({"wallet", "trading"}, {"wallet", "trading"}, False),
    "CLIENT_INTERNAL_TRANSFER_REVERSAL": ({"wallet", "trading"}, {"wallet", "trading"}, True),
    "CHARGEBACK": ({"wallet", "held"}, {"psp_clearing"}, True),
    "CHARGEBACK_REVERSAL": ({"psp_clearing"}, {"wallet", "debt"}, True),
    "WITHDRAWAL_PAYOUT": ({"held"}, {"psp_payout"}, True),
    "WITHDRAWAL_PAYOUT_REVERSAL": ({"psp_payout"}, {"held"}, True),
    "HOLD_PLACED": ({"wallet"}, {"held"}, False),
    "HOLD_RELEASED": ({"held"}, {"wallet"}, True),
    "HOLD_RELEASED_REVERSAL": ({"wallet"}, {"held"}, True),
}
REVERSALS = {"HOLD_PLACED": "HOLD_RELEASED"}


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass
class Account:
    name: str
    currency: str
    kind: str
    sign: int = 1
    floor: int | None = None
    status: str = "open"
    balance: int = 0
    pending_in: int = 0
    pending_out: int = 0


@dataclass
class Transaction:
    label: int
    reason: str
    legs: list  # what it posted: (account name, amount)
    body: tuple
    reverses: int | None = None
    state: str = "posted"
    reserved: list = field(default_factory=list)
    remaining: int = 0
    family: set = field(default_factory=set)  # itself and what posted it


@dataclass
class Hold:
    wallet: str
    held: str
    amount: int
    captured: int = 0
    released: int = 0
    state: str = "active"

    @property
    def rest(self):
        return self.amount - self.captured - self.released


class Ledger:
    """Every verb either does all it says and answers (label, replayed), or raises Refused and changes nothing."""

    def __init__(self, accounts):
        self.accounts = {account.name: account for account in accounts}  # in the order of their ids
        self.transactions, self.holds, self.names = {}, {}, {}

    def post(self, reason, legs, key=None, source=None, pending=False, reverses=None):
        self._shape(reason, legs)
        body = ("pending" if pending else "single", reason, tuple(legs), source, reverses)
        if earlier := self._existing(key, source, body):
            return earlier, True
        self._allow(reason, legs, reserve=pending)
        if reverses:
            self._within(legs, self.transactions[reverses])
        self._move(legs, pending=pending)
        made = self._record(reason, [] if pending else legs, body, key, source, reverses)
        if pending:
            made.reserved, made.state = legs, "pending"
            made.remaining = sum(amount for _, amount in legs if amount > 0)
        return made.label, False

    def resolve(self, phase, label, amount=None, key=None):
        pending = self.transactions[label]
        if not pending.reserved:
            raise Refused("not_found")
        body = (phase, label, amount)
        if earlier := self._existing(key, None, body):
            return earlier, True
        if pending.state != "pending":
            raise Refused("invalid_transition")
        part = amount or pending.remaining
        if part > pending.remaining:
            raise Refused("over_capture")
        legs = pending.reserved
        if len(legs) == 2:
            legs = [(name, part if value > 0 else -part) for name, value in legs]
        elif part != pending.remaining:
            raise Refused("invalid_request")
        posted = legs if phase == "post" else []
        self._move(legs, pending=True, back=True)
        self._move(posted)
        made = self._record(pending.reason, posted, body, key, None, None)
        made.state = "posted" if posted else "voided"
        pending.family |= {made.label} if posted else set()
        pending.remaining -= part
        pending.state = "pending" if pending.remaining else made.state
        return made.label, False

    def reverse(self, label, key=None):
        original = self.transactions[label]
        if original.reverses or not original.legs:
            raise Refused("invalid_request")
        reason = REVERSALS.get(original.reason, f"{original.reason}_REVERSAL")
        return self.post(reason, [(name, -amount) for name, amount in original.legs], key=key, reverses=label)

    def place(self, hold, wallet, held, amount, key=None):
        body = ("hold", wallet, amount)
        if earlier := self._existing(key, None, body):
            return earlier, True
        legs = [(wallet, -amount), (held, amount)]
        self._allow("HOLD_PLACED", legs, hold=True)
        self._move(legs)
        self.holds[hold] = Hold(wallet, held, amount)
        return self._record("HOLD_PLACED", legs, body, key, None, None).label, False

    def end_hold(self, action, hold, to=None, amount=None, key=None):
        found = self.holds[hold]
        reason = "WITHDRAWAL_PAYOUT" if action == "capture" else "HOLD_RELEASED"
        if to and self.accounts[to].kind not in REASONS[reason][1]:
            raise Refused("invalid_request")
        if to and self.accounts[to].currency != self.accounts[found.held].currency:
            raise Refused("currency_mismatch")
        body = (action, hold, to, amount)
        if earlier := self._existing(key, None, body):
            return earlier, True
        if found.state not in {"active", "partly_captured"}:
            raise Refused("invalid_transition")
        part = amount or found.rest
        if part > found.rest:
            raise Refused("over_capture")
        legs = [(found.held, -part), (to or found.wallet, part)]
        self._allow(reason, legs, hold=True)
        self._move(legs)
        if action == "capture":
            found.captured += part
            found.state = "partly_captured" if found.rest else "captured"
        else:
            found.released, found.state = part, "released"
        return self._record(reason, legs, body, key, None, None).label, False

    def set_status(self, name, status):
        account = self.accounts[name]
        held = any(hold.wallet == name and hold.rest for hold in self.holds.values())
        if status == "closed" and (account.balance or account.pending_in or account.pending_out or held):
            raise Refused("invalid_transition")
        if account.status == "closed" and status != "closed":
            raise Refused("account_closed")
        account.status = status

    def state(self, label):
        found = self.transactions[label]
        undone = [t for t in self.transactions.values() if t.reverses in found.family]
        if not undone:
            return found.state
        done = [self.transactions[x] for x in found.family]
        return "reversed" if _credits(undone) == _credits(done) else "partly_reversed"

    def _shape(self, reason, legs):
        totals = defaultdict(int)
        for name, amount in legs:
            totals[self.accounts[name].currency] += amount
        if any(totals.values()):
            raise Refused("unbalanced")
        for name, amount in legs:
            may = REASONS[reason][1 if amount > 0 else 0]
            if may and self.accounts[name].kind not in may:
                raise Refused("invalid_request")

    def _existing(self, key, source, body):
        for code, name in (("idempotency_key_reused", ("key", key)), ("duplicate_reference", ("source", source))):
            if name[1] and name in self.names:
                if self.transactions[self.names[name]].body != body:
                    raise Refused(code)
                return self.names[name]
        return None

    def _allow(self, reason, legs, reserve=False, hold=False):
        taken = defaultdict(int)
        for name, amount in legs:
            change = amount * self.accounts[name].sign
            taken[name] -= min(change, 0) if reserve else change
        touched = [account for account in self.accounts.values() if account.name in taken]
        for account in touched:
            if account.status == "closed":
                raise Refused("account_closed")
            if account.kind == "held" and not hold:
                raise Refused("invalid_request")
            if account.status == "frozen" and taken[account.name] > 0 and not REASONS[reason][2]:
                raise Refused("account_frozen")
        for account in touched:
            left = account.balance - account.pending_out - taken[account.name]
            if taken[account.name] > 0 and account.floor is not None and left < account.floor:
                raise Refused("insufficient_available")

    def _within(self, legs, original):
        earlier = [leg for t in self.transactions.values() if t.reverses == original.label for leg in t.legs]
        undone, done = defaultdict(int), defaultdict(int)
        for totals, moved in ((undone, [*legs, *earlier]), (done, original.legs)):
            for name, amount in moved:
                totals[name] += amount
        for name, amount in undone.items():
            if amount and (amount * done[name] >= 0 or abs(amount) > abs(done[name])):
                raise Refused("over_reversal")

    def _record(self, reason, legs, body, key, source, reverses):
        made = Transaction(len(self.transactions) + 1, reason, list(legs), body, reverses)
        made.family = {made.label}
        self.transactions[made.label] = made
        self.names |= {name: made.label for name in (("key", key), ("source", source)) if name[1]}
        return made

    def _move(self, legs, pending=False, back=False):
        for name, amount in legs:
            account, change = self.accounts[name], amount * self.accounts[name].sign
            if not pending:
                account.balance += change
            elif change > 0:
                account.pending_in += -change if back else change
            else:
                account.pending_out += change if back else -change


def _credits(transactions):
    return sum(amount for t in transactions for _, amount in t.legs if amount > 0)
