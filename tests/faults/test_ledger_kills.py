"""A history of ledger verbs, played by clients that are killed all the time, ends as if nobody had died.

Each step is one unit of work of a process that may be shot before, in or after its transaction, or lose its session.
The one that comes after sends what has no answer again, under the same keys, or under none where there is none: to
close a day, or to let the clock come round. The reference ledger, on which nobody dies, must give the same answers,
balances, reservations and holds.
"""

from collections import Counter
from copy import deepcopy
from random import Random
from typing import Any

import psycopg
import pytest
from django.db import connection

from ledger import accounts, invariants
from ledger.accounts import AccountRef
from ledger.models import Event, Period, Transaction
from tests.faults.ledger_author import history
from tests.faults.ledger_history import ONCE, TIME, Of, Reference, Step, is_new
from tests.faults.ledger_shooter import DEATHS, UNDER_FIRE, Shooter, Strike
from tests.property.chart import ADA, BANK, BEN, CHART, TRADING, day
from tests.property.real_ledger import (
    ended_by_the_clock,
    same_corrections,
    same_entries,
    same_figures,
    same_past,
    same_states,
)
from tests.property.reference_rules import NOW

STEPS = 180
KILLS = 40
# What must have struck in each history, or nothing was proved: a third of what is usual, or less.
LEAST = {
    "committed, not answered": 3,
    "found done": 2,
    "cut off with a transaction open": 3,
    "in a statement": 3,
    "met the statement of a dead client": 1,
    "shot": 20,
}
# What each history must be refused for, beside all that chance brings.
WANTED = {"chain_broken", "period_closed", "condition_not_met", "version_conflict", "insufficient_available"}
USUAL = [15, 103, 162]
SEEDS: list[Any] = [*USUAL, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(24, 58))]


class Comparison:
    """The reference ledger beside what the clients noted.

    A step that was struck may have been committed without an answer, more than once even where its drafts are judged
    each for itself: the reference plays it again for each time, and must then answer what the client was answered."""

    def __init__(self) -> None:
        self.reference, self.counts = Reference(), Counter[str]()
        self.ids: dict[int, Any] = {}
        self.labels: dict[Any, int] = {}
        self.hold_ids: dict[int, Any] = {}

    def step(self, number: int, step: Step, answer: list[Any], strikes: list[Strike]) -> None:
        earlier: list[list[Any]] = []
        for unanswered in range(len(strikes) + 1):
            tried = deepcopy(self.reference) if strikes else self.reference
            for _ in range(unanswered + 1):
                expected = tried.play(number, step)
            if len(expected) == len(answer) and all(map(self.alike, expected, answer)):
                break
            earlier.append(expected)
        else:
            raise AssertionError(f"step {number}, {step}, struck {strikes}: answered {answer}, expected {earlier}")
        self.reference = tried
        self.learn(number, expected, answer)
        self.count(step, answer, earlier, strikes)

    def alike(self, ours: Any, theirs: Any) -> bool:
        """The same code, or the same replay or first answer about what is one transaction on both sides."""
        if isinstance(ours, list):  # what the clock ended: which ones here, how many there
            return bool(len(ours) == theirs)
        if not isinstance(ours, tuple) or not isinstance(theirs, tuple):
            return bool(ours == theirs)
        (label, replayed), (key, replayed_here, _) = ours, theirs
        return (self.ids.get(label, key), self.labels.get(key, label), replayed) == (key, label, replayed_here)

    def learn(self, number: int, expected: list[Any], answer: list[Any]) -> None:
        for ours, theirs in zip(expected, answer, strict=True):
            if isinstance(ours, tuple):
                self.ids[ours[0]], self.labels[theirs[0]] = theirs[0], ours[0]
                if theirs[2] and Of(number) in self.reference.held:
                    self.hold_ids[self.reference.held[Of(number)]] = theirs[2]

    def count(self, step: Step, answer: list[Any], earlier: list[list[Any]], strikes: list[Strike]) -> None:
        """What the answers prove. Of refusals and new statuses, a first one cannot be told from a second one."""
        self.counts[step.kind] += any(map(is_new, answer)) or len(earlier) > 0
        self.counts["found done"] += len(earlier) if step.verb in ONCE else 0
        if any(isinstance(one, tuple) for one in answer) or step.verb in ONCE:
            self.counts["committed, not answered"] += len(earlier)
            self.counts["judged anew"] += bool(earlier) and codes(earlier[0]) != codes(answer)
            self.counts["cut off with a transaction open"] += sum(strike.new for strike in strikes) - len(earlier)
        self.counts["accepted"] += sum(isinstance(one, tuple) and not one[1] for one in answer)
        self.counts["replayed"] += sum(isinstance(one, tuple) and one[1] for one in answer)
        self.counts["refused"] += sum(isinstance(one, str) for one in answer)
        self.counts["put off"] += step.verb == "extend" and (answer == [True] or len(earlier) > 0)

    def learn_what_the_clock_ended(self) -> None:
        """Its transactions, whose ids nobody was told."""
        for verb, ended, label in self.reference.by_clock:
            things = self.hold_ids if verb == "expire_holds" else self.ids
            self.ids[label] = ended_by_the_clock(verb, things[ended])


def codes(answer: list[Any]) -> list[Any]:
    return [one if isinstance(one, str) else None for one in answer]


def play(seed: int, session: psycopg.Connection[Any]) -> tuple[Comparison, Counter[str]]:
    accounts.forget()  # another test's database had other ids
    for code, currency, *_ in CHART:
        accounts.open_account(code=code, currency=currency)
    steps = history(seed, STEPS)
    shooter = Shooter(steps, str(connection.settings_dict["NAME"]), session, Random(seed))
    shooter.play()
    both = Comparison()
    for number, (step, answer) in enumerate(zip(steps, shooter.answers, strict=True)):
        both.step(number, step, answer, shooter.strikes.get(number, []))
    both.learn_what_the_clock_ended()
    return both, both.counts + shooter.counts


@pytest.mark.parametrize("seed", USUAL)
def test_the_histories_are_worth_playing(seed: int) -> None:
    """Every verb does something, nearly all of them more than once, and much is refused for many reasons."""
    reference, done, refused = Reference(), Counter[str](), Counter[str]()
    for number, step in enumerate(history(seed, STEPS)):
        answer = reference.play(number, step)
        done[step.kind if step.kind in UNDER_FIRE else step.verb] += any(
            not isinstance(one, str) and one != [] for one in answer
        )
        refused.update(one for one in answer if isinstance(one, str))
    verbs = ["post", "post_each", "post_batch", "resolve", "extend", "reverse", "place", "end_hold", "set_status"]
    verbs += ["convert", "extend_hold"]
    assert {*verbs, *UNDER_FIRE, *TIME} == done.keys()
    assert done.pop("close_month") == 1
    assert min(done.values()) >= 2
    assert len(reference.ledger.transactions) >= 60
    assert refused.total() >= 30
    assert len(refused) >= 10
    assert WANTED - refused.keys() == set()
    assert any(made.corrects is not None for made in reference.ledger.transactions.values())


def same_days(model: Any) -> None:
    """What the accounts held at the end of each day and at each noon, whatever died in between."""
    refs: dict[str, AccountRef] = {name: accounts.ref(*name.rsplit(" ", 1)) for name in (ADA, BEN, BANK, TRADING)}
    for name in refs:
        for at in (*range(8), NOW):
            same_past(model, refs, name, at)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_survives_the_deaths_of_its_clients(seed: int, superuser_connection: psycopg.Connection[Any]) -> None:
    both, counts = play(seed, superuser_connection)
    print(f"seed {seed}: {dict(sorted(counts.items()))}")
    model = both.reference.ledger
    same_figures(model)
    same_states(model, both.ids, both.hold_ids)
    same_entries(model, both.ids)
    same_corrections(model, both.ids)
    closed = Period.objects.filter(state=Period.State.CLOSED).values_list("label", flat=True)
    assert set(closed) == {day(0)[:7] if number == "month" else day(number) for number in model.closed}
    same_days(model)
    assert Transaction.objects.count() == len(model.transactions) == len(both.ids)
    assert Event.objects.filter(type="transaction.extended").count() == counts["put off"]
    assert Event.objects.filter(type="period.closed").count() == len(model.closed)
    by_clock = Counter(verb for verb, *_ in both.reference.by_clock)
    assert Event.objects.filter(type="transaction.expired").count() == by_clock["expire_reservations"]
    assert Event.objects.filter(type="hold.expired").count() == by_clock["expire_holds"]
    assert invariants.run().findings == []
    lost = sum(number for name, number in counts.items() if name.startswith("lost "))
    assert counts["shot"] + lost >= KILLS, counts
    assert {name: counts[name] for name, least in LEAST.items() if counts[name] < least} == {}
    deaths = {f"{kind}: {death}" for kind in UNDER_FIRE if counts[kind] for death in DEATHS}
    assert deaths - {name for name, count in counts.items() if count} == set()
