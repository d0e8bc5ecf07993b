"""The product's doors in the reference ledger's words, and what both must agree on afterwards."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from ledger import accounts, holds, ids, periods, posting, queries
from ledger.api import settling
from ledger.models import Hold, Pending, Transaction
from ledger.money import Money
from ledger.posting import Draft, Leg, Source
from payments import postings
from payments.fx import amounts
from tests.integration.ledger.books import Somebody
from tests.property.chart import ENDS, day, moment
from tests.property.reference_legs import credits_of, legs_of, sides
from tests.property.reference_rules import LIVE, NOT_OVER, NOW


class Closer(Somebody):
    """Whoever closes days and reverses by hand here; who may is no matter of the books."""

    def require(self, permission):
        """Everything."""

    require_other_than = require


class RealLedger:
    """The verbs of `reference_ledger.Ledger`, with the same arguments. Answers and refusals are the product's own.

    `refs`: the accounts by name; `ids` and `hold_ids`: what a label of the reference is called here; `unit`: what one
    of the reference's is worth."""

    def __init__(self, refs, unit=Decimal("0.01")):
        self.refs, self.unit = refs, unit
        self.ids, self.hold_ids = {}, {}

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
        return posting.post(
            reason=reason,
            legs=self.legs(legs),
            idempotency_key=key,
            source=self.source(source),
            pending=pending,
            expires_at=end and ENDS[end],
            expires_on=ends_on,
            conditions=[self.condition(*one) for one in conditions],
            **self.when(at, lands),
        )

    def convert(self, wallet, side, amount, pair, price, bps, key=None, source=None, pending=False, at=None):
        """The firm's own recipe with the amounts that it works out, posted like anything else."""
        compute = amounts.selling if side == "sell" else amounts.buying
        fixed, other = pair if side == "sell" else reversed(pair)
        found = compute(self.money(amount, fixed), other, price=price, spread_bps=Decimal(bps))
        recipe = postings.converted(wallet=wallet, amounts=found)
        sides = {"debit": posting.debit, "credit": posting.credit}
        return posting.post(
            reason=recipe.reason,
            legs=[
                sides[line.side](self.refs[f"{line.account} {line.money.currency}"], line.money.amount)
                for line in recipe.lines
            ],
            idempotency_key=key,
            source=self.source(source),
            pending=pending,
            **self.when(at, False),
        )

    def post_each(self, drafts):
        return posting.post_each([self.draft(words) for words in drafts])

    def post_batch(self, drafts):
        return posting.post_batch([self.draft(words) for words in drafts])

    def resolve(
        self, phase, label, amount=None, currency="EUR", entries=None, status=None, key=None, at=None, lands=False
    ):
        part = {} if amount is None else {"amount": self.money(amount, currency)}
        part |= {"legs": self.legs(entries)} if entries else {}
        part |= {} if status is None else {"status": status}
        verb = {"post": posting.settle, "void": posting.void, "expire": posting.expire}[phase]
        return verb(pending_id=self.ids[label], idempotency_key=key, **part, **self.when(at, lands))

    def extend(self, label, end):
        words = {"reason": "slow", "actor": Somebody(), "now": timezone.now()}
        return posting.extend(pending_id=self.ids[label], expires_at=ENDS[end], **words)

    def expire_reservations(self):
        return posting.expire_pending(now=timezone.now())

    def reverse(self, label, amount=None, key=None, currency="EUR", at=None, lands=False, entries=None, rest=False):
        part = {} if amount is None else {"amount": self.money(amount, currency)}
        part |= {"legs": self.legs(entries)} if entries else {}
        words = {"description": "", "idempotency_key": key, **part, **self.when(at, lands)}
        return posting.reverse(transaction_id=self.ids[label], rest=rest, **words)

    def reverse_by_hand(self, label, entries=None, key=None):
        """As the API does it."""
        given = {"reason": "", "entries": [self.entry(*each) for each in entries or ()]}
        return settling.reverse(
            transaction_id=self.ids[label], given=given, actor=Closer(), now=timezone.now(), once=key
        )

    def place(self, wallet, amount, key=None, end=None):
        words = {"kind": "manual", "reason": "", "actor": "test", "idempotency_key": key}
        return holds.place(wallet=self.refs[wallet], amount=amount * self.unit, expires_at=end and ENDS[end], **words)

    def end_hold(self, action, hold, to=None, amount=None, key=None):
        words = {"amount": None if amount is None else amount * self.unit, "idempotency_key": key}
        if action == "release":
            return holds.release(hold_id=self.hold_ids[hold], **words)
        return holds.capture(hold_id=self.hold_ids[hold], to=self.refs[to], reason="WITHDRAWAL_PAYOUT", **words)

    def extend_hold(self, hold, end):
        words = {"reason": "slow", "actor": Somebody(), "now": timezone.now()}
        return holds.extend(hold_id=self.hold_ids[hold], expires_at=ENDS[end], **words)

    def expire_holds(self):
        return holds.expire(now=timezone.now())

    def time_is_up(self, label):
        """The database's clock cannot be moved, so the end of a reservation is, by its owner."""
        past = timezone.now() - timedelta(milliseconds=1)
        Pending.objects.filter(pk=self.ids[label]).update(expires_at=past)

    def time_of_a_hold_is_up(self, number):
        past = timezone.now() - timedelta(milliseconds=1)
        Hold.objects.filter(pk=self.hold_ids[number]).update(expires_at=past)

    def set_status(self, name, status):
        accounts.set_status(account_id=self.refs[name].id, status=status)

    def close_day(self, number):
        self.close("2998-12-31" if number == NOT_OVER else day(number))

    def close_month(self):
        self.close(day(0)[:7])

    def close(self, label):
        periods.close(period_id=periods.name(label=label).pk, actor=Closer(), now=timezone.now())

    def when(self, at, lands):
        words = {} if at is None else {"effective_at": moment(at)}
        return words | ({"metadata": periods.landing()} if lands else {})

    def condition(self, name, kind, value):
        if kind == "version":
            return posting.if_version(self.refs[name], value)
        return posting.available_gte(self.refs[name], value * self.unit)

    def legs(self, legs):
        return [Leg(self.refs[name], amount * self.unit) for name, amount in legs]

    def entry(self, name, amount):
        """A leg in a caller's words."""
        code, _, currency = name.rpartition(" ")
        side = "credit" if amount > 0 else "debit"
        return {"account": code, "currency": currency, "direction": side, "amount": f"{abs(amount) * self.unit:f}"}

    def money(self, amount, currency):
        return Money.of(amount * self.unit, currency)

    def source(self, number):
        return Source("test", "thing", number) if number else None

    def draft(self, words):
        return Draft(
            reason=words["reason"],
            legs=self.legs(words["legs"]),
            idempotency_key=words["key"],
            source=self.source(words["source"]),
            pending=words["pending"],
            expires_at=words.get("end") and ENDS[words["end"]],
            expires_on=words.get("ends_on", ()),
            conditions=[self.condition(*one) for one in words["conditions"]],
            chain=words["chain"],
            **self.when(words.get("at"), words.get("lands")),
        )


def refusal(error):
    """The code by which the reference ledger refuses the same."""
    return error.cause or error.code


def ended_by_the_clock(verb, key):
    """The transaction that gave back what had come to its end: a hold by `expire_holds`, else a reservation."""
    prefix, kind = ("hold", "hold_expiry") if verb == "expire_holds" else ("txn", "pending_expiry")
    return Transaction.objects.get(source_system="ledger", source_kind=kind, source_id=ids.encode(prefix, key)).pk


def same_figures(model):
    """Every account has the status, the balance, the pending sums and the version that the reference says, and is
    worth nothing but what others owe; one that was never opened is one on which nothing happened."""
    with connection.cursor() as cursor:
        cursor.execute("""SELECT a.code || ' ' || a.currency, a.currency, a.sign, a.status, n.balance * 100,
                                 n.pending_in * 100, n.pending_out * 100, n.seq
                            FROM ledger_account a, LATERAL ledger_balance_now(a.id) n""")
        rows = cursor.fetchall()
    real = {name: figures for name, _, _, *figures in rows}
    for name, account in model.accounts.items():
        version = account.seq if account.kind in LIVE else None
        figures = [account.status, account.balance, account.pending_in, account.pending_out, version]
        assert real.pop(name, ["open", 0, 0, 0, version and 0]) == figures, name
    assert not real
    for currency in {currency for _, currency, *_ in rows}:
        assert sum(sign * balance for _, own, sign, _, balance, *_ in rows if own == currency) == 0, currency


def same_past(model, refs, name, at=NOW, known=None, learned=None):
    """What an account held at a time by either clock, or by both; and that all accounts together were worth nothing
    then. `known`: how many entries there were, `learned`: the real time at which there were so many."""
    times = {"effective_at": None if at == NOW else moment(at), "recorded_at": learned}
    found = queries.as_of(refs[name].id, **times)
    held = [found.balance * 100, found.pending_in * 100, found.pending_out * 100]
    assert held == model.figures(name, at, known), (name, at, known)
    trial, worth = queries.trial_balance(**times), Counter()
    for row in trial:
        worth[row.currency] += row.debit - row.credit
    assert not any(worth.values()), (worth, at, known)
    rows = {f"{row.code} {row.currency}": row.balance * 100 for row in trial}
    assert rows == {each: model.figures(each, at, known)[0] for each in rows}, (at, known)


def same_states(model, ids, hold_ids):
    """Every transaction, reservation and hold is in the state, and has left, what the reference says."""
    assert queries.states_of(ids.values()) == {key: model.state(label) for label, key in ids.items()}
    labels = {key: label for label, key in ids.items()}
    rows = Pending.objects.values_list("transaction_id", "remaining", "state")
    reserved = {label: t for label, t in model.transactions.items() if t.reserved}
    assert {labels[key]: (remaining * 100, state) for key, remaining, state in rows} == {
        label: (credits_of(legs_of(t.rest)), t.state) for label, t in reserved.items()
    }
    held = {
        hold.pk: (hold.amount * 100, hold.captured * 100, hold.released * 100, hold.state)
        for hold in Hold.objects.all()
    }
    assert held == {hold_ids[number]: (h.amount, h.captured, h.released, h.state) for number, h in model.holds.items()}


def same_entries(model, ids):
    """Every transaction posted to the same accounts the same sums, and nothing else."""
    for label, lines in zip(ids, queries.lines_of_many(ids.values()).values(), strict=True):
        real = [(f"{line.code} {line.currency}", line.amount * 100) for line in lines if line.layer == 0]
        assert sides(real) == sides(model.transactions[label].legs), label


def same_corrections(model, ids):
    """What came too late for a closed day points back at it, and nothing else does."""
    for number in model.closed:
        if number == "month":
            continue
        late = {ids[label] for label, t in model.transactions.items() if t.corrects == number}
        assert {one.pk for one in periods.corrections(periods.find(day(number)))} == late, number
