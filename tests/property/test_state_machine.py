"""Random histories, played on the real ledger and on the reference ledger: same answers, balances, states, refusals."""

from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg.pq import TransactionStatus

from ledger import accounts, holds, invariants, posting, queries
from ledger.errors import DomainError
from ledger.models import Hold, Pending
from ledger.money import Money
from ledger.posting import Leg, Source
from ledger.reasons import REASONS
from tests.property import reference_ledger as reference

# In the order in which they are opened: code, currency, kind, sign, floor.
CHART = [
    ("bank/sepa/client-money", "EUR", "bank_client_money", -1, None),
    ("client/ada/wallet", "EUR", "wallet", 1, 0),
    ("client/ben/wallet", "EUR", "wallet", 1, 0),
    ("client/ada/held", "EUR", "held", 1, 0),
    ("client/ada/trading/mt5/1", "EUR", "trading", 1, None),
    ("client/ada/debt", "EUR", "debt", -1, 0),
    ("psp/stripe/clearing", "EUR", "psp_clearing", -1, None),
    ("psp/stripe/payout", "EUR", "psp_payout", 1, None),
    ("psp/stripe/payout", "USD", "psp_payout", 1, None),
    ("client/ada/wallet", "USD", "wallet", 1, 0),
    ("house/fx", "EUR", "fx", 1, None),
    ("house/fx", "USD", "fx", 1, None),
]
NAMES = [f"{code} {currency}" for code, currency, *_ in CHART]
EUROS = [name for name in NAMES if name.endswith("EUR")]
DOLLARS = [name for name in NAMES if name.endswith("USD")]
ADA, HELD = "client/ada/wallet EUR", "client/ada/held EUR"

EVERY_ANSWER = {
    "accepted",
    "replayed",
    "insufficient_available",
    "unbalanced",
    "invalid_request",
    "invalid_transition",
    "over_capture",
    "over_reversal",
    "account_frozen",
    "account_closed",
    "idempotency_key_reused",
    "duplicate_reference",
}

amounts = st.sampled_from([1, 50, 100, 100, 100, 250, 3000])
keys = st.sampled_from([None, None, "k1", "k2", "k3", "k4", "k5"])
sources = st.sampled_from([None, None, None, "s1", "s2"])
pick = st.integers(0, 1000)


@st.composite
def legs(draw):
    """Mostly balanced, two legs to six, now and then in two currencies, on one account twice, or a cent off."""
    made = []
    for names in draw(st.sampled_from([[EUROS], [EUROS], [EUROS], [EUROS, EUROS], [EUROS, DOLLARS]])):
        amount = draw(amounts)
        made += [(draw(st.sampled_from(names)), -amount), (draw(st.sampled_from(names)), amount)]
    if draw(st.integers(0, 19)) == 0:
        made[0] = (made[0][0], made[0][1] - 1)  # does not balance
    return made


class Ledgers(RuleBasedStateMachine):
    """Both ledgers side by side. `seen` counts what was answered."""

    @initialize()
    def open_books(self):
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.refs = {
            f"{code} {currency}": accounts.open_account(code=code, currency=currency) for code, currency, *_ in CHART
        }
        self.model = reference.Ledger(
            [
                reference.Account(name=f"{code} {currency}", currency=currency, kind=kind, sign=sign, floor=floor)
                for code, currency, kind, sign, floor in CHART
            ]
        )
        self.ids, self.labels, self.hold_ids, self.calls, self.seen = {}, {}, {}, [], Counter()
        for name in ("client/ada/wallet EUR", "client/ben/wallet EUR"):
            self.fund(2000, name)

    def teardown(self):
        try:
            # After a statement that failed outside a savepoint nothing can be asked; that failure is the news.
            if connection.connection.info.transaction_status != TransactionStatus.INERROR:
                assert invariants.run().findings == []
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def both(self, real, model):
        """Do it on both sides and compare what they say; answers the real result when both accept."""
        self.calls.append((real, model))
        try:
            expected, refused = model(), None
        except reference.Refused as error:
            expected, refused = None, str(error)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                got = real()
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what would wait for the commit
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except DomainError as error:
            assert error.code == refused, f"real: {error.code} {error.detail}, reference: {refused}"
            self.seen[error.code] += 1
            return None
        assert refused is None, f"the reference refuses: {refused}"
        if expected is not None:
            label, replayed = expected
            posted = getattr(got, "posted", got)
            assert posted.replayed is replayed
            self.seen["replayed" if replayed else "accepted"] += 1
            assert self.ids.setdefault(label, posted.id) == posted.id
            self.labels[posted.id] = label
            if isinstance(got, holds.Placed):
                self.hold_ids.setdefault(len(self.model.holds), got.hold_id)
        return got

    def some(self, index, keys):
        return sorted(keys)[index % len(keys)]

    @rule(
        reason=st.sampled_from(["MANUAL_ADJUSTMENT"] * 4 + ["CLIENT_INTERNAL_TRANSFER", "CHARGEBACK"]),
        legs=legs(),
        key=keys,
        source=sources,
        pending=st.sampled_from([False, False, True]),
    )
    def post(self, reason, legs, key, source, pending):
        self.both(
            lambda: posting.post(
                reason=reason,
                legs=[Leg(self.refs[name], Decimal(amount) / 100) for name, amount in legs],
                idempotency_key=key,
                source=Source("test", "thing", source) if source else None,
                pending=pending,
            ),
            lambda: self.model.post(reason, legs, key, source, pending),
        )

    def fund(self, amount, wallet):
        self.post("MANUAL_ADJUSTMENT", [("bank/sepa/client-money EUR", -amount), (wallet, amount)], None, None, False)

    @rule(
        amount=st.sampled_from([50, 100, 200]),
        source=sources,
        other=st.sampled_from(["client/ada/trading/mt5/1 EUR", ADA]),
    )
    def reserve(self, amount, source, other):
        legs = [("client/ben/wallet EUR", -amount), (other, amount)]
        self.post("CLIENT_INTERNAL_TRANSFER", legs, None, source, True)

    @precondition(lambda self: self.calls)
    @rule(back=st.integers(0, 5))
    def again(self, back):
        """The very same call as before: a replay where it had a name, refused or done once more where it had none."""
        self.both(*self.calls[-1 - back % len(self.calls)])

    @precondition(lambda self: any(t.reserved for t in self.model.transactions.values()))
    @rule(index=pick, amount=st.one_of(st.none(), amounts), key=keys, phase=st.sampled_from(["post", "post", "void"]))
    def resolve(self, index, amount, key, phase):
        label = self.some(index, [label for label in self.ids if self.model.transactions[label].reserved])
        amount = None if phase == "void" else amount
        part = {} if amount is None else {"amount": Money.of(Decimal(amount) / 100, "EUR")}
        verb = posting.settle if phase == "post" else posting.void
        self.both(
            lambda: verb(pending_id=self.ids[label], idempotency_key=key, **part),
            lambda: self.model.resolve(phase, label, amount, key),
        )

    @precondition(lambda self: self.ids)
    @rule(index=pick, key=keys)
    def reverse(self, index, key):
        self.reverse_one(self.some(index, [k for k, t in self.model.transactions.items() if t.legs] or self.ids), key)

    @precondition(lambda self: any(t.reverses for t in self.model.transactions.values()))
    @rule(index=pick, key=keys)
    def reverse_again(self, index, key):
        self.reverse_one(self.some(index, [t.reverses for t in self.model.transactions.values() if t.reverses]), key)

    def reverse_one(self, label, key):
        self.both(
            lambda: posting.reverse(transaction_id=self.ids[label], description="", idempotency_key=key),
            lambda: self.model.reverse(label, key),
        )

    @rule(amount=amounts, key=keys)
    def place(self, amount, key):
        wallet, held = self.refs[ADA], Decimal(amount) / 100
        words = {"kind": "manual", "reason": "", "actor": "test", "idempotency_key": key}
        self.both(
            lambda: holds.place(wallet=wallet, amount=held, **words),
            lambda: self.model.place(len(self.model.holds) + 1, ADA, HELD, amount, key),
        )

    @precondition(lambda self: self.hold_ids)
    @rule(
        index=pick,
        amount=st.one_of(st.none(), amounts),
        key=keys,
        to=st.sampled_from(["psp/stripe/payout EUR"] * 4 + ["psp/stripe/payout USD", ADA, HELD]),
    )
    def capture(self, index, amount, key, to):
        number = self.some(index, self.hold_ids)
        part = None if amount is None else Decimal(amount) / 100
        self.both(
            lambda: holds.capture(
                hold_id=self.hold_ids[number],
                to=self.refs[to],
                reason="WITHDRAWAL_PAYOUT",
                amount=part,
                idempotency_key=key,
            ),
            lambda: self.model.end_hold("capture", number, to, amount, key),
        )

    @precondition(lambda self: self.hold_ids)
    @rule(index=pick, key=keys)
    def release(self, index, key):
        number = self.some(index, self.hold_ids)
        self.both(
            lambda: holds.release(hold_id=self.hold_ids[number], idempotency_key=key),
            lambda: self.model.end_hold("release", number, None, None, key),
        )

    @rule(
        name=st.sampled_from(NAMES), status=st.sampled_from(["open", "open", "frozen", "frozen", "closed"]), sure=pick
    )
    def status(self, name, status, sure):
        status = "frozen" if status == "closed" and sure % 4 else status
        self.both(
            lambda: accounts.set_status(account_id=self.refs[name].id, status=status) and None,
            lambda: self.model.set_status(name, status),
        )

    @invariant()
    def same_figures(self):
        if not hasattr(self, "refs"):
            return
        with connection.cursor() as cursor:
            cursor.execute("""SELECT a.code || ' ' || a.currency, a.status, n.balance * 100, n.pending_in * 100,
                                     n.pending_out * 100 FROM ledger_account a, LATERAL ledger_balance_now(a.id) n""")
            real = {name: figures for name, *figures in cursor.fetchall()}
        for name, model in self.model.accounts.items():
            assert real[name] == [model.status, model.balance, model.pending_in, model.pending_out], name

    @invariant()
    def same_states(self):
        if not getattr(self, "ids", None):
            return
        states = queries.states_of(self.ids.values())
        assert states == {key: self.model.state(label) for label, key in self.ids.items()}
        rows = Pending.objects.values_list("transaction_id", "remaining", "state")
        models = {label: t for label, t in self.model.transactions.items() if t.reserved}
        assert {self.labels[key]: (remaining * 100, state) for key, remaining, state in rows} == {
            label: (t.remaining, t.state) for label, t in models.items()
        }
        held = {
            hold.pk: (hold.amount * 100, hold.captured * 100, hold.released * 100, hold.state)
            for hold in Hold.objects.all()
        }
        assert held == {
            self.hold_ids[number]: (h.amount, h.captured, h.released, h.state) for number, h in self.model.holds.items()
        }


def test_the_reference_ledger_knows_the_catalogue():
    """Its few reasons are those of the product, as far as the chart of these tests goes."""
    kinds = {kind for _, _, kind, *_ in CHART}
    for code, rules in reference.REASONS.items():
        real = REASONS[code]
        assert (real.debits & kinds, real.credits & kinds, real.passes_freeze) == rules, code


@pytest.mark.django_db
def test_the_ledger_agrees_with_the_reference_ledger():
    run_state_machine_as_test(Ledgers, settings=settings())


def every_answer(both):
    """A short history for each answer there is, the rare ones included."""
    transfer, ben, debt = "CLIENT_INTERNAL_TRANSFER", "client/ben/wallet EUR", "client/ada/debt EUR"
    yield "accepted", lambda: both.post(transfer, [(ADA, -100), (ben, 100)], "k1", "s1", False)
    yield "replayed", lambda: both.again(0)
    yield "idempotency_key_reused", lambda: both.post(transfer, [(ADA, -50), (ben, 50)], "k1", None, False)
    yield "duplicate_reference", lambda: both.post(transfer, [(ADA, -50), (ben, 50)], None, "s1", False)
    yield "insufficient_available", lambda: both.post(transfer, [(ADA, -3000), (ben, 3000)], None, None, False)
    yield "unbalanced", lambda: both.post(transfer, [(ADA, -101), (ben, 100)], None, None, False)
    yield "invalid_request", lambda: both.post(transfer, [(ADA, -1), ("house/fx EUR", 1)], None, None, False)
    yield "accepted", lambda: both.reserve(200, None, ADA)
    yield "over_capture", lambda: both.resolve(0, 250, None, "post")
    yield "accepted", lambda: both.resolve(0, 50, None, "post")
    yield "accepted", lambda: both.resolve(0, None, None, "void")
    yield "invalid_transition", lambda: both.resolve(0, None, None, "post")
    yield "accepted", lambda: both.reverse_one(3, None)
    yield "over_reversal", lambda: both.reverse_one(3, None)
    yield "unchanged", lambda: both.status(ADA, "frozen", 0)
    yield "account_frozen", lambda: both.post(transfer, [(ADA, -1), (ben, 1)], None, None, False)
    yield "unchanged", lambda: both.status(debt, "closed", 0)
    yield "account_closed", lambda: both.post("MANUAL_ADJUSTMENT", [(debt, -1), (ben, 1)], None, None, False)


@pytest.mark.django_db
def test_every_answer_is_given_by_both():
    """Chance may leave a rare answer out; this history does not."""
    both = Ledgers()
    both.open_books()
    try:
        for answer, step in every_answer(both):
            before = Counter(both.seen)
            step()
            assert both.seen - before == ({} if answer == "unchanged" else {answer: 1})
            both.same_figures()
            both.same_states()
        assert both.seen.keys() >= EVERY_ANSWER
    finally:
        both.teardown()
