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
# `family`: itself and what posted it. `rest`: what is still reserved. `due`: its end has come.
Transaction = partial(SimpleNamespace, state="posted", reserved=(), rest=(), end=None, ends_on=(), due=False)
Hold = partial(SimpleNamespace, captured=0, released=0, state="active")


class Ledger:
    """Every verb either does all it says and answers (label, replayed), or raises Refused and changes nothing."""

    def __init__(self, accounts):
        self.accounts = {account.name: account for account in accounts}  # in the order of their ids
        self.transactions, self.holds, self.names = {}, {}, {}

    def posted_before(self, reason, legs, key=None, source=None, pending=False, end=None, ends_on=()):
        """The transaction that bears one of these names already, if it says the same."""
        return self._existing(self._body(reason, legs, source, pending, end, ends_on), key=key, source=source)

    def post(self, reason, legs, key=None, source=None, pending=False, end=None, ends_on=()):
        """`end`: None, or a number that stands for a time to come."""
        self._shape(reason, legs)
        if earlier := self.posted_before(reason, legs, key, source, pending, end, ends_on):
            return earlier, True
        body = self._body(reason, legs, source, pending, end, ends_on)
        self._allow(reason, legs, reserve=pending)
        self._move(legs, pending=pending)
        made = self._record(reason, [] if pending else legs, body, key=key, source=source)
        if pending:
            made.reserved, made.state, made.rest, made.end, made.ends_on = legs, "pending", sides(legs), end, ends_on
        return made.label, False

    def resolve(self, phase, label, amount=None, currency="EUR", entries=None, status=None, key=None):
        stated = None if amount is None else currency  # without an amount there is nothing to be in a currency
        pending, body = self.transactions[label], (phase, label, amount, stated, entries, status)
        if entries and sum(value for _, value in entries):
            raise Refused("unbalanced")
        if earlier := self._existing(body, key=key):
            return earlier, True
        self._require_open(pending, phase, status)
        if status and status not in pending.ends_on:
            raise Refused("status_not_declared")
        currencies = {self.accounts[name].currency for name, _ in pending.reserved}
        taken = self._part(pending.rest, amount, currency, currencies, entries)
        posted = taken if phase == "post" else []
        self._move(taken, pending=True, back=True)
        self._move(posted)
        made = self._record(pending.reason, posted, body, key=key)
        made.state = {"post": "posted", "void": "voided", "expire": "expired"}[phase]
        pending.family |= {made.label} if posted else set()
        take_away(pending.rest, taken)
        pending.state = made.state if not pending.rest else "pending"
        return made.label, False

    def extend(self, label, end):
        pending = self.transactions[label]
        self._require_open(pending, "extend")
        if pending.end is None:
            raise Refused("never_expires")
        if end < pending.end:
            raise Refused("not_later")
        changed, pending.end = end > pending.end, end
        return changed

    def reverse(self, label, amount=None, key=None):
        original, body = self.transactions[label], ("reverse", label, amount)
        if original.reverses or not original.legs:
            raise Refused("reversal_of_reversal" if original.reverses else "nothing_posted")
        if any(self.accounts[name].kind == "held" for name, _ in original.legs):
            raise Refused("moves_hold")
        reason = f"{original.reason}_REVERSAL"
        self._shape(reason, [(name, -value) for name, value in original.legs])
        if earlier := self._existing(body, key=key):
            return earlier, True
        rest = sides(original.legs)
        for earlier in self.transactions.values():
            if earlier.reverses == label:
                if amount is None:
                    raise Refused("over_reversal")
                take_away(rest, [(name, -value) for name, value in earlier.legs])
        taken = original.legs if amount is None else self._share(rest, amount)
        legs = [(name, -value) for name, value in taken]
        self._allow(reason, legs)
        self._move(legs)
        return self._record(reason, legs, body, label, key=key).label, False

    def place(self, wallet, amount, key=None):
        held = wallet.replace("/wallet", "/held")
        body, legs = ("hold", wallet, amount), [(wallet, -amount), (held, amount)]
        if earlier := self._existing(body, key=key):
            return earlier, True
        self._allow("HOLD_PLACED", legs, hold=True)
        self._move(legs)
        self.holds[len(self.holds) + 1] = Hold(wallet=wallet, held=held, amount=amount, rest=amount)
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
            raise Refused(f"already_{found.state}")
        part = amount or found.rest
        if part > found.rest:
            raise Refused("over_capture" if action == "capture" else "over_release")
        legs = [(found.held, -part), (to or found.wallet, part)]
        self._allow(reason, legs, hold=True)
        self._move(legs)
        found.rest -= part
        if action == "capture":
            found.captured, found.state = found.captured + part, "captured"
        else:
            found.released, found.state = found.released + part, "released"
        if found.rest:
            found.state = "partly_captured" if found.captured else "active"
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

    @staticmethod
    def _body(reason, legs, source, pending, end, ends_on):
        return pending, reason, tuple(legs), source, end, tuple(ends_on)

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

    def _require_open(self, pending, phase, status=None):
        if pending.state != "pending":
            raise Refused("expired" if pending.state == "expired" else f"already_{pending.state}")
        if phase == "expire" and not status and not pending.due:
            raise Refused("not_due")
        if phase != "expire" and pending.due:
            raise Refused("expired")

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

    def _credits(self, rest, currency):
        return sum(v for (name, credit), v in rest.items() if credit and self.accounts[name].currency == currency)

    def _share(self, rest, amount):
        """Proportional, rounded, and what is left over given to the largest remainders, first leg first."""
        whole, share = self._credits(rest, "EUR"), {}
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


def sides(legs):
    """What each account has on each side, in the order of the legs: {(name, is credit): amount}."""
    found = {}
    for name, amount in legs:
        found[name, amount > 0] = found.get((name, amount > 0), 0) + abs(amount)
    return found


def legs_of(found):
    return [(name, amount if credit else -amount) for (name, credit), amount in found.items()]


def take_away(rest, legs):
    for side, amount in sides(legs).items():
        rest[side] -= amount
        if not rest[side]:
            del rest[side]
