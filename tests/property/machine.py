"""The machine that plays a history on the real ledger and on the reference ledger and compares them after each step.

What it can do is in the files of rules beside it; here is how one step is taken on both sides, and what must agree.
"""

from collections import Counter

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from psycopg.pq import TransactionStatus

from ledger import accounts, holds, invariants, periods
from ledger.errors import DomainError
from ledger.models import Account
from tests.property import reference_batches
from tests.property import reference_ledger as reference
from tests.property.chart import ADA, BANK, BEN, CHART, DOLLAR, day, reference_accounts
from tests.property.machine_holds import HoldRules
from tests.property.machine_periods import PeriodRules
from tests.property.machine_postings import PostingRules
from tests.property.machine_reservations import ReservationRules
from tests.property.machine_reversals import ReversalRules
from tests.property.machine_words import KEYS
from tests.property.real_ledger import (
    RealLedger,
    ended_by_the_clock,
    refusal,
    same_corrections,
    same_entries,
    same_figures,
    same_states,
)

BATCHES = {"post_each": reference_batches.each, "post_batch": reference_batches.together}
TOLD = ("conditions", "chain", "pending", "at", "lands", "end", "entries", "rest")  # what makes an answer another one


def has_key(verb, words, named):
    return any(isinstance(word, str) and word in KEYS for word in (*words, *named.values()))


class Ledgers(PostingRules, ReversalRules, ReservationRules, HoldRules, PeriodRules, RuleBasedStateMachine):
    """Both ledgers side by side. `seen` counts what was answered, `reached` what to which verb."""

    @initialize()
    def open_books(self):
        self.real, self.model = self.opened(), reference.Ledger(reference_accounts(CHART))
        self.ids, self.labels, self.calls, self.seen, self.reached = self.real.ids, {}, [], Counter(), Counter()
        self.learned = []  # (entries of the reference, real time): how much was known when
        self.statements = {}  # (account, day): what its statement said when the day was closed
        for bank, wallet in ((BANK, ADA), (BANK, BEN), ("psp/stripe/payout USD", DOLLAR)):
            self.both("post", "MANUAL_ADJUSTMENT", [(bank, -2000), (wallet, 2000)])

    def opened(self):
        """The real ledger, in a transaction that is taken back at the end."""
        self.outer = transaction.atomic()
        self.outer.__enter__()
        return RealLedger(
            {f"{code} {currency}": accounts.open_account(code=code, currency=currency) for code, currency, *_ in CHART}
        )

    def teardown(self):
        try:
            # After a statement that failed outside a savepoint nothing can be asked; that failure is the news.
            if connection.connection.info.transaction_status != TransactionStatus.INERROR:
                assert invariants.run().findings == []
                same_entries(self.model, self.ids)
                same_corrections(self.model, self.ids)
                for (name, number), body in self.statements.items():
                    assert self.statement(name, number).body == body, (name, number)
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def both(self, verb, *words, **named):
        """Do it on both sides and compare what they say; answers the reference's answers when both accept."""
        self.calls.append((verb, words, named))
        expected, got = self.reference_says(verb, words, named), self.ledger_says(verb, words, named)
        told = [f"{verb} {name}" for name in TOLD if named.get(name)]
        if isinstance(expected, str) or isinstance(got, DomainError):
            code = refusal(got) if isinstance(got, DomainError) else f"accepted: {got}"
            assert code == expected, f"{verb} {words} {named}: real {code} {got}, reference {expected}"
            self.count(code, verb, *told)
            return []
        for number, (ours, theirs) in enumerate(zip(expected, got, strict=True)):
            about = (verb, number, words, named)
            draft = [f"{verb} {name}" for name in TOLD if words[0][number].get(name)] if verb in BATCHES else told
            self.count(self.same_answer(ours, theirs, about), verb, *draft)
        self.learn()
        return expected

    def reference_says(self, verb, words, named):
        """A list of answers, or a code."""
        try:
            if verb in BATCHES:
                self.model, answers = BATCHES[verb](self.model, *words)
                return answers
            return [getattr(self.model, verb)(*words, **named)]
        except reference.Refused as refused:
            return str(refused)

    def ledger_says(self, verb, words, named):
        """A list of answers, or a refusal, with everything that would wait for the commit."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                got = getattr(self.real, verb)(*words, **named)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except DomainError as error:
            return error
        return got if isinstance(got, list) else [got]

    def same_answer(self, ours, theirs, about):
        """What was answered, in one word, if both say the same."""
        if isinstance(ours, str) or isinstance(theirs, DomainError):
            assert isinstance(theirs, DomainError), f"{about}: the reference refuses: {ours}"
            assert refusal(theirs) == ours, f"{about}: {theirs}"
            return ours
        if isinstance(ours, list):  # what the clock ended: how many on the one side, which ones on the other
            assert theirs == len(ours), about
            for ended, label in ours:
                things = self.real.hold_ids if about[0] == "expire_holds" else self.ids
                self.same_transaction(label, ended_by_the_clock(about[0], things[ended]))
            return "accepted" if ours else "nothing"
        if not isinstance(ours, tuple):
            assert theirs is ours, about
            return "replayed" if ours is False else "accepted"
        posted = getattr(theirs, "posted", theirs)
        assert posted.replayed is ours[1], about
        self.same_transaction(ours[0], posted.id)
        if isinstance(theirs, holds.Placed):
            self.real.hold_ids.setdefault(len(self.model.holds), theirs.hold_id)
        return "replayed" if posted.replayed else "accepted"

    def same_transaction(self, label, key):
        assert self.ids.setdefault(label, key) == key, label
        assert self.labels.setdefault(key, label) == label

    def count(self, answer, *verbs):
        self.seen[answer] += 1
        self.reached.update((verb, answer) for verb in verbs)

    def learn(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            self.learned.append((len(self.model.entries), cursor.fetchone()[0]))

    def some(self, index, keys):
        return sorted(keys)[index % len(keys)]

    def statement(self, name, number):
        account = Account.objects.get(pk=self.real.refs[name].id)
        return periods.statement(account=account, period=periods.find(day(number)))

    @precondition(lambda self: self.calls)
    @rule(back=st.integers(0, 5), of_a_key=st.booleans())
    def again(self, back, of_a_key=False):
        """The very same call as before: a replay where it had a name, refused or done once more where it had none."""
        calls = [call for call in self.calls if of_a_key and has_key(*call)] or self.calls
        verb, words, named = calls[-1 - back % len(calls)]
        self.both(verb, *words, **named)

    @invariant()
    def same_figures(self):
        if hasattr(self, "real"):
            same_figures(self.model)

    @invariant()
    def same_states(self):
        if hasattr(self, "real"):
            same_states(self.model, self.ids, self.real.hold_ids)
