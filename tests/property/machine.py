"""The machine that plays a history on the real ledger and on the reference ledger and compares them after each step."""

from collections import Counter
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from psycopg.pq import TransactionStatus

from ledger import accounts, holds, ids, invariants
from ledger.errors import DomainError
from ledger.models import Event, Pending
from tests.property import reference_ledger as reference
from tests.property.chart import (
    ADA,
    BANK,
    BEN,
    CHART,
    DOLLARS,
    EUROS,
    HELD,
    NAMES,
    PAYOUT,
    STATUS,
    TRADING,
    reference_accounts,
)
from tests.property.real_ledger import RealLedger, refusal, same_entries, same_figures, same_states

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
        refs = {
            f"{code} {currency}": accounts.open_account(code=code, currency=currency) for code, currency, *_ in CHART
        }
        self.real, self.model = RealLedger(refs), reference.Ledger(reference_accounts(CHART))
        self.ids, self.labels, self.calls, self.seen = self.real.ids, {}, [], Counter()
        for name in (ADA, BEN):
            self.fund(2000, name)

    def teardown(self):
        try:
            # After a statement that failed outside a savepoint nothing can be asked; that failure is the news.
            if connection.connection.info.transaction_status != TransactionStatus.INERROR:
                assert invariants.run().findings == []
                same_entries(self.model, self.ids)
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def both(self, verb, *words):
        """Do it on both sides and compare what they say; answers the real result when both accept."""
        self.calls.append((verb, *words))
        try:
            expected, refused = getattr(self.model, verb)(*words), None
        except reference.Refused as error:
            expected, refused = None, str(error)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                got = getattr(self.real, verb)(*words)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what would wait for the commit
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except DomainError as error:
            code = refusal(error)
            assert code == refused, f"real: {code} {error.detail}, reference: {refused}"
            self.seen[code] += 1
            return None
        assert refused is None, f"the reference refuses: {refused}"
        if isinstance(expected, bool):
            assert got is expected
            self.seen["accepted" if expected else "replayed"] += 1
        elif expected is not None:
            label, replayed = expected
            posted = getattr(got, "posted", got)
            assert posted.replayed is replayed
            self.seen["replayed" if replayed else "accepted"] += 1
            assert self.ids.setdefault(label, posted.id) == posted.id
            self.labels[posted.id] = label
            if isinstance(got, holds.Placed):
                self.real.hold_ids.setdefault(len(self.model.holds), got.hold_id)
        return got

    def some(self, index, keys):
        return sorted(keys)[index % len(keys)]

    @rule(
        reason=st.sampled_from(["MANUAL_ADJUSTMENT"] * 4 + ["CLIENT_INTERNAL_TRANSFER", "CHARGEBACK"]),
        legs=legs(),
        key=keys,
        source=sources,
        pending=st.sampled_from([False, False, True]),
        end=st.sampled_from([None, 1, 2]),
    )
    def post(self, reason, legs, key, source, pending, end=None, ends_on=()):
        self.both("post", reason, legs, key, source, pending, end if pending else None, ends_on)

    def fund(self, amount, wallet):
        self.post("MANUAL_ADJUSTMENT", [(BANK, -amount), (wallet, amount)], None, None, False)

    @rule(
        amount=st.sampled_from([50, 100, 200]),
        source=sources,
        other=st.sampled_from([TRADING, ADA]),
        end=st.sampled_from([None, 1, 2]),
        ends_on=st.sampled_from([(), (STATUS,)]),
    )
    def reserve(self, amount, source, other, end=None, ends_on=()):
        legs = [(BEN, -amount), (other, amount)]
        self.post("CLIENT_INTERNAL_TRANSFER", legs, None, source, True, end, ends_on)

    @rule(amount=st.sampled_from([3, 10, 60, 300]), fee=st.sampled_from([1, 2, 7]), end=st.sampled_from([None, 1]))
    def reserve_with_fee(self, amount, fee, end):
        """Three legs in one currency: parts that divide, and parts that do not."""
        legs = [(ADA, -amount - fee), (TRADING, amount), ("house/fx EUR", fee)]
        self.post("MANUAL_ADJUSTMENT", legs, None, None, True, end)

    @precondition(lambda self: self.calls)
    @rule(back=st.integers(0, 5))
    def again(self, back):
        """The very same call as before: a replay where it had a name, refused or done once more where it had none."""
        self.both(*self.calls[-1 - back % len(self.calls)])

    @precondition(lambda self: any(t.reserved for t in self.model.transactions.values()))
    @rule(
        index=pick,
        amount=st.one_of(st.none(), amounts),
        key=keys,
        phase=st.sampled_from(["post", "post", "post", "void", "expire"]),
        status=st.sampled_from([None, STATUS, "mt5.filled"]),
        currency=st.sampled_from(["EUR"] * 5 + ["USD"]),
    )
    def resolve(self, index, amount, key, phase, status=None, currency="EUR"):
        label = self.some(index, self.reserved())
        amount, status = amount if phase == "post" else None, status if phase == "expire" else None
        self.both("resolve", phase, label, amount, currency, None, status, key)

    def reserved(self):
        return [label for label in self.ids if self.model.transactions[label].reserved]

    @precondition(lambda self: any(t.reserved for t in self.model.transactions.values()))
    @rule(index=pick, leg=pick, amount=amounts, other=st.sampled_from([0, 0, 0, 1]), key=keys)
    def post_entries(self, index, leg, amount, other, key):
        """One debit and one credit of a reservation, now and then not of the same amount."""
        label = self.some(index, self.reserved())
        legs = [leg for leg in self.model.transactions[label].reserved if leg[0].endswith("EUR")]
        sides = [[name for name, value in legs if (value > 0) == credit] for credit in (False, True)]
        debits, credits = (names[leg % len(names)] for names in sides)
        entries = ((debits, -amount - other), (credits, amount))
        self.both("resolve", "post", label, None, "EUR", entries, None, key)

    @precondition(lambda self: any(t.reserved for t in self.model.transactions.values()))
    @rule(index=pick, end=st.sampled_from([1, 2, 3]))
    def extend(self, index, end):
        self.both("extend", self.some(index, self.reserved()), end)

    @precondition(lambda self: any(t.end and t.state == "pending" for t in self.model.transactions.values()))
    @rule(index=pick)
    def time_is_up(self, index):
        """The end of a reservation comes; one that was put off keeps what its event says."""
        open_ = [label for label, t in self.model.transactions.items() if t.end and t.state == "pending"]
        label = self.some(index, open_)
        if not Event.objects.filter(object_ref=ids.encode("txn", self.ids[label])).exists():
            Pending.objects.filter(pk=self.ids[label]).update(expires_at=timezone.now() - timedelta(milliseconds=1))
            self.model.transactions[label].due = True

    @precondition(lambda self: self.ids)
    @rule(index=pick, amount=st.one_of(st.none(), st.sampled_from([1, 7, 33, 50, 100])), key=keys)
    def reverse(self, index, amount, key):
        label = self.some(index, [k for k, t in self.model.transactions.items() if t.legs] or self.ids)
        self.reverse_one(label, key, amount)

    @precondition(lambda self: any(t.reverses for t in self.model.transactions.values()))
    @rule(index=pick, amount=st.one_of(st.none(), st.sampled_from([1, 7, 33, 50, 100])), key=keys)
    def reverse_again(self, index, amount, key):
        again = [t.reverses for t in self.model.transactions.values() if t.reverses]
        self.reverse_one(self.some(index, again), key, amount)

    def reverse_one(self, label, key, amount=None):
        self.both("reverse", label, amount, key)

    @rule(amount=amounts, key=keys)
    def place(self, amount, key):
        self.both("place", ADA, amount, key)

    @precondition(lambda self: self.real.hold_ids)
    @rule(
        index=pick,
        amount=st.one_of(st.none(), amounts),
        key=keys,
        to=st.sampled_from([PAYOUT] * 4 + ["psp/stripe/payout USD", ADA, HELD]),
    )
    def capture(self, index, amount, key, to):
        self.both("end_hold", "capture", self.some(index, self.real.hold_ids), to, amount, key)

    @precondition(lambda self: self.real.hold_ids)
    @rule(index=pick, amount=st.one_of(st.none(), amounts), key=keys)
    def release(self, index, amount, key):
        self.both("end_hold", "release", self.some(index, self.real.hold_ids), None, amount, key)

    @rule(
        name=st.sampled_from(NAMES), status=st.sampled_from(["open", "open", "frozen", "frozen", "closed"]), sure=pick
    )
    def status(self, name, status, sure):
        status = "frozen" if status == "closed" and sure % 4 else status
        self.both("set_status", name, status)

    @invariant()
    def same_figures(self):
        if hasattr(self, "real"):
            same_figures(self.model)

    @invariant()
    def same_states(self):
        if hasattr(self, "real"):
            same_states(self.model, self.ids, self.real.hold_ids)
