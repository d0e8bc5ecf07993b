"""The product's doors in the reference ledger's words, and what both must agree on afterwards."""

from decimal import Decimal

from django.db import connection
from django.utils import timezone

from ledger import accounts, holds, posting, queries
from ledger.models import Hold, Pending
from ledger.money import Money
from ledger.posting import Condition, Draft, Leg, Source
from tests.integration.ledger.books import Somebody
from tests.property import reference_ledger as reference
from tests.property.chart import ENDS


class RealLedger:
    """The verbs of `reference_ledger.Ledger`, with the same arguments. Answers and refusals are the product's own.

    `refs`: the accounts by name; `ids` and `hold_ids`: what a label of the reference is called here; `unit`: what one
    of the reference's is worth."""

    def __init__(self, refs, unit=Decimal("0.01")):
        self.refs, self.unit = refs, unit
        self.ids, self.hold_ids = {}, {}

    def post(self, reason, legs, key=None, source=None, pending=False, end=None, ends_on=()):
        return posting.post(
            reason=reason,
            legs=self.legs(legs),
            idempotency_key=key,
            source=self.source(source),
            pending=pending,
            expires_at=end and ENDS[end],
            expires_on=ends_on,
        )

    def post_each(self, drafts):
        return posting.post_each([self.draft(words) for words in drafts])

    def post_batch(self, drafts):
        return posting.post_batch([self.draft(words) for words in drafts])

    def resolve(self, phase, label, amount=None, currency="EUR", entries=None, status=None, key=None):
        part = {} if amount is None else {"amount": self.money(amount, currency)}
        part |= {"legs": self.legs(entries)} if entries else {}
        part |= {} if status is None else {"status": status}
        verb = {"post": posting.settle, "void": posting.void, "expire": posting.expire}[phase]
        return verb(pending_id=self.ids[label], idempotency_key=key, **part)

    def extend(self, label, end):
        words = {"reason": "slow", "actor": Somebody(), "now": timezone.now()}
        return posting.extend(pending_id=self.ids[label], expires_at=ENDS[end], **words)

    def reverse(self, label, amount=None, key=None):
        part = {} if amount is None else {"amount": self.money(amount, "EUR")}
        return posting.reverse(transaction_id=self.ids[label], description="", idempotency_key=key, **part)

    def place(self, wallet, amount, key=None):
        words = {"kind": "manual", "reason": "", "actor": "test", "idempotency_key": key}
        return holds.place(wallet=self.refs[wallet], amount=amount * self.unit, **words)

    def end_hold(self, action, hold, to=None, amount=None, key=None):
        words = {"amount": None if amount is None else amount * self.unit, "idempotency_key": key}
        if action == "release":
            return holds.release(hold_id=self.hold_ids[hold], **words)
        return holds.capture(hold_id=self.hold_ids[hold], to=self.refs[to], reason="WITHDRAWAL_PAYOUT", **words)

    def set_status(self, name, status):
        accounts.set_status(account_id=self.refs[name].id, status=status)

    def legs(self, legs):
        return [Leg(self.refs[name], amount * self.unit) for name, amount in legs]

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
            conditions=[
                Condition(self.refs[name], **{kind: value * self.unit if kind == "available" else value})
                for name, kind, value in words["conditions"]
            ],
            chain=words["chain"],
        )


def refusal(error):
    """The code by which the reference ledger refuses the same."""
    return error.cause or error.code


def same_figures(model):
    """Every account has the status, the balance and the pending sums that the reference says; one that was never
    opened is one on which nothing happened."""
    with connection.cursor() as cursor:
        cursor.execute("""SELECT a.code || ' ' || a.currency, a.status, n.balance * 100, n.pending_in * 100,
                                 n.pending_out * 100 FROM ledger_account a, LATERAL ledger_balance_now(a.id) n""")
        real = {name: figures for name, *figures in cursor.fetchall()}
    for name, account in model.accounts.items():
        figures = [account.status, account.balance, account.pending_in, account.pending_out]
        assert real.pop(name, ["open", 0, 0, 0]) == figures, name
    assert not real


def same_states(model, ids, hold_ids):
    """Every transaction, reservation and hold is in the state, and has left, what the reference says."""
    assert queries.states_of(ids.values()) == {key: model.state(label) for label, key in ids.items()}
    labels = {key: label for label, key in ids.items()}
    rows = Pending.objects.values_list("transaction_id", "remaining", "state")
    reserved = {label: t for label, t in model.transactions.items() if t.reserved}
    assert {labels[key]: (remaining * 100, state) for key, remaining, state in rows} == {
        label: (reference.credits_of(reference.legs_of(t.rest)), t.state) for label, t in reserved.items()
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
        assert reference.sides(real) == reference.sides(model.transactions[label].legs), label
