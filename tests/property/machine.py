"""The machine that plays a history on the real ledger and on the reference ledger and compares them after each step."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

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

from ledger import accounts, holds, ids, invariants, posting, queries
from ledger.errors import DomainError
from ledger.models import Event, Hold, Pending
from ledger.money import Money
from ledger.posting import Leg, Source
from tests.integration.ledger.books import Somebody
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
STATUS = "mt5.rejected"
ENDS = {number: datetime(2990 + number, 1, 1, tzinfo=UTC) for number in (1, 2, 3)}

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
            code = error.cause or error.code
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
        end=st.sampled_from([None, 1, 2]),
    )
    def post(self, reason, legs, key, source, pending, end=None, ends_on=()):
        end = end if pending else None
        self.both(
            lambda: posting.post(
                reason=reason,
                legs=self.real(legs),
                idempotency_key=key,
                source=Source("test", "thing", source) if source else None,
                pending=pending,
                expires_at=end and ENDS[end],
                expires_on=ends_on,
            ),
            lambda: self.model.post(reason, legs, key, source, pending, end, ends_on),
        )

    def real(self, legs):
        return [Leg(self.refs[name], Decimal(amount) / 100) for name, amount in legs]

    def fund(self, amount, wallet):
        self.post("MANUAL_ADJUSTMENT", [("bank/sepa/client-money EUR", -amount), (wallet, amount)], None, None, False)

    @rule(
        amount=st.sampled_from([50, 100, 200]),
        source=sources,
        other=st.sampled_from(["client/ada/trading/mt5/1 EUR", ADA]),
        end=st.sampled_from([None, 1, 2]),
        ends_on=st.sampled_from([(), (STATUS,)]),
    )
    def reserve(self, amount, source, other, end=None, ends_on=()):
        legs = [("client/ben/wallet EUR", -amount), (other, amount)]
        self.post("CLIENT_INTERNAL_TRANSFER", legs, None, source, True, end, ends_on)

    @rule(amount=st.sampled_from([3, 10, 60, 300]), fee=st.sampled_from([1, 2, 7]), end=st.sampled_from([None, 1]))
    def reserve_with_fee(self, amount, fee, end):
        """Three legs in one currency: parts that divide, and parts that do not."""
        legs = [(ADA, -amount - fee), ("client/ada/trading/mt5/1 EUR", amount), ("house/fx EUR", fee)]
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
        part = {} if amount is None else {"amount": Money.of(Decimal(amount) / 100, currency)}
        part |= {} if status is None else {"status": status}
        verb = {"post": posting.settle, "void": posting.void, "expire": posting.expire}[phase]
        self.both(
            lambda: verb(pending_id=self.ids[label], idempotency_key=key, **part),
            lambda: self.model.resolve(phase, label, amount, currency, None, status, key),
        )

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
        self.both(
            lambda: posting.settle(pending_id=self.ids[label], legs=self.real(entries), idempotency_key=key),
            lambda: self.model.resolve("post", label, None, "EUR", entries, None, key),
        )

    @precondition(lambda self: any(t.reserved for t in self.model.transactions.values()))
    @rule(index=pick, end=st.sampled_from([1, 2, 3]))
    def extend(self, index, end):
        label = self.some(index, self.reserved())
        words = {"reason": "slow", "actor": Somebody(), "now": timezone.now()}
        self.both(
            lambda: posting.extend(pending_id=self.ids[label], expires_at=ENDS[end], **words),
            lambda: self.model.extend(label, end),
        )

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
        part = {} if amount is None else {"amount": Money.of(Decimal(amount) / 100, "EUR")}
        self.both(
            lambda: posting.reverse(transaction_id=self.ids[label], description="", idempotency_key=key, **part),
            lambda: self.model.reverse(label, amount, key),
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
    @rule(index=pick, amount=st.one_of(st.none(), amounts), key=keys)
    def release(self, index, amount, key):
        number = self.some(index, self.hold_ids)
        part = None if amount is None else Decimal(amount) / 100
        self.both(
            lambda: holds.release(hold_id=self.hold_ids[number], amount=part, idempotency_key=key),
            lambda: self.model.end_hold("release", number, None, amount, key),
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
            label: (reference.credits_of(reference.legs_of(t.rest)), t.state) for label, t in models.items()
        }
        held = {
            hold.pk: (hold.amount * 100, hold.captured * 100, hold.released * 100, hold.state)
            for hold in Hold.objects.all()
        }
        assert held == {
            self.hold_ids[number]: (h.amount, h.captured, h.released, h.state) for number, h in self.model.holds.items()
        }
