"""A second ledger, in plain Python and as simple as can be: what the real one must agree with, step by step.

No database, no locks, no SQL, nothing imported from the product. Amounts are integers (cents), credits positive; times
are those of `reference_rules`.
"""

from collections import Counter
from functools import partial
from types import SimpleNamespace

from tests.property.reference_conversion import TooLittle, converted
from tests.property.reference_holds import Holds
from tests.property.reference_legs import credits_of, sides
from tests.property.reference_periods import Periods
from tests.property.reference_reservations import Reservations
from tests.property.reference_reversals import Reversals
from tests.property.reference_rules import LIVE, NAMED, REASONS, Refused

# `seq`: how many entries it has, its version.
Account = partial(SimpleNamespace, status="open", balance=0, pending_in=0, pending_out=0, seq=0)
# `family`: itself and what posted it. `rest`: what is still reserved. `due`: its end has come. `put_off`: it was given
# more time. `corrects`: the closed day that it belongs to.
Transaction = partial(
    SimpleNamespace, state="posted", rest=(), end=None, ends_on=(), due=False, put_off=False, corrects=None
)


class Ledger(Reservations, Reversals, Holds, Periods):
    """Every verb either does all it says and answers (label, replayed), or raises Refused and changes nothing."""

    def __init__(self, accounts):
        self.accounts = {account.name: account for account in accounts}  # in the order of their ids
        self.transactions, self.holds, self.names = {}, {}, {}
        self.entries = []  # (account, which figure, change of it, effective time), in the order in which we learned
        self.closed, self.closed_before = [], None

    def posted_before(
        self, reason, legs, key=None, source=None, pending=False, end=None, ends_on=(), at=None, lands=False
    ):
        """The transaction that bears one of these names already, if it says the same."""
        body = (pending, reason, tuple(legs), source, end, tuple(ends_on), at, lands)
        return self._existing(body, key=key, source=source)

    def post(
        self,
        reason,
        legs,
        key=None,
        source=None,
        pending=False,
        end=None,
        ends_on=(),
        conditions=(),
        at=None,
        lands=False,
    ):
        """`end`: None, or a number that stands for a time to come. `at`: None is now. `lands`: in the next open day,
        if its own is closed. `conditions`: (account, "available" or "version", value)."""
        if any(self.accounts[name].kind not in LIVE for name, *_ in conditions):
            raise Refused("invalid_request")
        self._shape(reason, legs)
        if earlier := self.posted_before(reason, legs, key, source, pending, end, ends_on, at, lands):
            return earlier, True
        moment, corrects = self._when(at, lands)
        self._meet(conditions)
        self._allow(reason, legs, reserve=pending)
        body = (pending, reason, tuple(legs), source, end, tuple(ends_on), at, lands)
        sorts = {"reserved": legs} if pending else {"posted": legs}
        made = self._write(reason, body, moment, **sorts, corrects=corrects, key=key, source=source)
        if pending:
            made.state, made.rest, made.end, made.ends_on = "pending", sides(legs), end, ends_on
        return made.label, False

    def convert(self, wallet, side, amount, pair, price, bps, key=None, source=None, pending=False, at=None):
        """Sell or buy exactly `amount`; the client's rate is the price less the spread."""
        try:
            legs = converted(wallet, side, amount, *pair, price, bps)
        except TooLittle:
            raise Refused("invalid_request") from None
        return self.post("FX_CONVERSION", legs, key, source, pending, at=at)

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

    def _balance(self, legs):
        totals = Counter()
        for name, amount in legs:
            totals[self.accounts[name].currency] += amount
        if any(totals.values()):
            raise Refused("unbalanced")

    def _shape(self, reason, legs):
        self._balance(legs)
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

    def _meet(self, conditions):
        for name, kind, value in conditions:
            account = self.accounts[name]
            if kind == "version" and account.seq != value:
                raise Refused("version_conflict")
            if kind == "available" and account.balance - account.pending_out < value:
                raise Refused("condition_not_met")

    def _credits(self, rest, currency):
        return sum(v for (name, credit), v in rest.items() if credit and self.accounts[name].currency == currency)

    def _write(self, reason, body, moment, posted=(), reserved=(), released=(), reverses=None, corrects=None, **names):
        for name, amount in released:
            self._enter(name, amount, moment, pending=True, back=True)
        for name, amount in reserved:
            self._enter(name, amount, moment, pending=True)
        for name, amount in posted:
            self._enter(name, amount, moment)
        label = len(self.transactions) + 1
        self.names |= {name: label for name in names.items() if name[1]}
        made = Transaction(label=label, reason=reason, body=body, moment=moment, reverses=reverses, corrects=corrects)
        made.legs, made.reserved, made.family = list(posted), list(reserved), {label}
        return self.transactions.setdefault(label, made)

    def _enter(self, name, amount, moment, pending=False, back=False):
        account, change = self.accounts[name], amount * self.accounts[name].sign
        figure = "balance" if not pending else "pending_in" if change > 0 else "pending_out"
        change = change if not pending else -abs(change) if back else abs(change)
        setattr(account, figure, getattr(account, figure) + change)
        account.seq += 1
        self.entries.append((name, figure, change, moment))
