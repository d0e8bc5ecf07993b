"""Plays a history through clients that die: shot at random moments, or cut off from the database.

One client lives at a time. Its answers are kept here, in what stands for the client's own durable notes; the next one
goes on at the first step without an answer. Between two lives time comes, where the history says so. What is counted
is what the notes prove, not what was attempted.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

from tests.faults import ledger_client
from tests.faults.ledger_history import NOTHING, ONCE, TIME, Step
from tests.property.chart import ENDS

PATIENCE = 60.0  # seconds until something that must happen soon counts as stuck
TABLES = ("ledger_balance", "ledger_transaction", "ledger_entry")
# How a life ends: shot, its session terminated, or either or a cancel while a statement of its waits for a lock.
FAULTS = {"shot": 12, "cut": 4, "shot in a statement": 4, "cut in a statement": 1, "cancelled in a statement": 1}
# What it is doing a moment before, where it is shot or cut at random. Between two notes are milliseconds.
MOMENTS = {"ready": 1, "begun": 1, "open": 3, "committed": 3}

# Whoever does these must die of it: with the transaction open, and with it committed and the answer not noted.
UNDER_FIRE = {*ONCE, "reverse entries", "reverse rest"}
DEATHS = ("open", "committed")
# The time of what a step made: which row keeps it, and which part of the step's answer names that row.
KEPT = {"time_is_up": ("ledger_pending", "transaction_id", 0), "time_of_a_hold_is_up": ("ledger_hold", "id", 2)}
AHEAD = 9  # steps that a client may do before it is to die

_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload([ledger_client.__name__, "pytest"])  # what else every client would import anew


class Deck:
    """Draws at random, yet each as often as its weight says: not even bad luck leaves a fault out."""

    def __init__(self, random: Random, weights: dict[str, int]) -> None:
        self.random, self.weights, self.cards = random, weights, list[str]()

    def draw(self) -> str:
        if not self.cards:
            self.cards = [card for card, weight in self.weights.items() for _ in range(weight)]
            self.random.shuffle(self.cards)
        return self.cards.pop()


@dataclass
class Strike:
    """One death or lost session. `doing`: what the client said last; `new`: it had sent the statement, and that had
    done something new, committed by now or not."""

    fault: str
    doing: str
    new: bool


@dataclass
class Shooter:
    """`strikes`: by step, those that came while it had no answer. `answers`: one per step when all is played."""

    steps: list[Step]
    database: str
    session: psycopg.Connection[Any]
    random: Random
    answers: list[Any] = field(default_factory=list)
    strikes: dict[int, list[Strike]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    locked: bool = False
    tried: set[tuple[int, str]] = field(default_factory=set)

    def play(self) -> None:
        faults, moments = Deck(self.random, FAULTS), Deck(self.random, MOMENTS)
        try:
            while (first := len(self.answers)) < len(self.steps):
                aim, moment, end = self.ahead(first)
                if end == first:
                    self.time_comes(self.steps[first])
                elif aim < min(first + AHEAD, end):
                    self.tried.add((aim, moment))
                    Life(self, "shot", moment, aim, end, sure=True).live()
                else:
                    fault = faults.draw()
                    moment = "begun" if fault.endswith("in a statement") else moments.draw()
                    more = 0 if moment == "ready" else self.random.randrange(min(AHEAD, end - first, aim - first))
                    Life(self, fault, moment, first + more, min(aim, end)).live()
        finally:
            self.release()

    def ahead(self, first: int) -> tuple[int, str, int]:
        """The next step that someone must die of, the death that it takes, and where time comes next."""
        steps = list(enumerate(self.steps))[first:]
        end = next((number for number, step in steps if step.verb in TIME), len(self.steps))
        for number, step in steps:
            wanted = [death for death in DEATHS if not self.counts[f"{step.kind}: {death}"]]
            if step.kind in UNDER_FIRE and wanted and (number, wanted[0]) not in self.tried:
                return number, wanted[0], end
        return len(self.steps), "", end

    def time_comes(self, step: Step) -> None:
        """The database's clock cannot be moved, so an end is: of what is open and ends then, nothing else."""
        self.release()
        of, end = step.words
        made = dict(enumerate(self.answers[of.step])).get(of.draft)
        if not isinstance(made, tuple):
            self.answers.append([NOTHING])
            return
        table, name, part = KEPT[step.verb]
        moved = self.session.execute(
            f"UPDATE {table} SET expires_at = clock_timestamp() - interval '1 millisecond'"
            f" WHERE {name} = %s AND expires_at = %s AND state IN ('pending', 'active', 'partly_captured')",
            [made[part], ENDS[end]],
        )
        self.answers.append([moved.rowcount == 1])

    def lock(self, table: str) -> None:
        """From now on every statement that writes to the table, or locks rows of it, waits."""
        self.session.execute("BEGIN")
        self.session.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        self.locked = True

    def release(self) -> None:
        if self.locked:
            self.session.execute("ROLLBACK")
        self.locked = False

    def waits(self, backend: int) -> bool:
        sql = "SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted"  # pg_stat_activity stands still in a transaction
        return self.session.execute(sql, [backend]).fetchone() is not None

    def struck(self, strike: Strike) -> None:
        self.counts[strike.fault] += 1
        self.strikes.setdefault(len(self.answers), []).append(strike)
        if strike.new:
            self.counts[f"{self.steps[len(self.answers)].kind}: {strike.doing}"] += 1


class Life:
    """One client from its start to its end, which comes at the step `aim`, more or less, and before the step `end`.

    `sure`: it waits there until it is shot."""

    def __init__(self, shooter: Shooter, fault: str, moment: str, aim: int, end: int, sure: bool = False) -> None:
        self.shooter, self.fault, self.moment, self.random = shooter, fault, moment, shooter.random
        self.aim, self.last, self.sure = aim, min(aim + 4, end), sure
        self.backend, self.doing, self.new, self.over, self.lost = 0, "starting", False, False, 0

    def live(self) -> None:
        in_statement, ghost = self.fault.endswith("in a statement"), self.shooter.locked
        if in_statement and not ghost:
            self.shooter.lock(self.random.choice(TABLES))
        self.start()
        try:
            if ghost:  # the statement of the one before still waits on the server: let this one run into it
                self.listen(until=self.blocked)
                self.shooter.counts["met the statement of a dead client"] += self.blocked()
                self.shooter.release()
            if in_statement and not ghost:
                self.listen(until=self.blocked)
            else:
                self.listen(until=lambda: len(self.shooter.answers) >= self.aim and self.doing == self.moment)
                self.listen(seconds=self.random.uniform(0, 0.007))
            self.strike()
        finally:
            self.end()

    def start(self) -> None:
        self.notes, theirs = _forked.Pipe(duplex=False)
        shooter = self.shooter
        hesitates = ledger_client.WAITING if self.sure else ledger_client.HESITATING
        hesitation = (self.aim, self.moment, hesitates) if self.sure or self.random.random() < 0.75 else None
        dawdling = ledger_client.Dawdling(self.random.randrange(2**32), hesitation)
        words = (shooter.steps, shooter.answers, self.last, shooter.database, theirs, dawdling)
        self.process = _forked.Process(target=ledger_client.live, args=words, daemon=True)
        self.process.start()
        theirs.close()

    def strike(self) -> None:
        """Do what this life was to end with, see that it took effect, and shoot who survived it."""
        how, waits = self.fault.split()[0], self.fault.endswith("in a statement") and self.blocked()
        self.shooter.counts["in a statement"] += waits
        if how != "shot":
            before = self.lost
            verb = {"cut": "pg_terminate_backend", "cancelled": "pg_cancel_backend"}[how]
            self.shooter.session.execute(f"SELECT {verb}(%s)", [self.backend])
            self.listen(until=lambda: self.lost > before)
            self.shooter.release()
            self.listen(seconds=self.random.uniform(0, 0.015))
        if not self.over:
            self.end()
            if self.at_rest():
                self.shooter.counts["at rest"] += 1
            else:
                self.shooter.struck(Strike("shot", self.doing, self.new))
        # Now and then the lock stays: the statement of the dead waits on while the next client sends it again.
        if not waits or how != "shot" or self.random.random() < 0.2:
            self.shooter.release()

    def end(self) -> None:
        """Whatever happened, leave no client and none of its notes unread."""
        self.process.kill()
        self.process.join()
        while not self.over:
            self.note()
        self.notes.close()

    def blocked(self) -> bool:
        return self.backend > 0 and self.shooter.waits(self.backend)

    def at_rest(self) -> bool:
        return len(self.shooter.answers) >= self.last

    def listen(self, *, until: Callable[[], bool] | None = None, seconds: float = PATIENCE) -> None:
        """Take notes until something is so, the client is over or has done its part, or the time is up."""
        end = time.monotonic() + seconds
        while not self.over and not self.at_rest() and not (until and until()):
            left = end - time.monotonic()
            if left <= 0:
                assert until is None, f"stuck: {self.fault}, {self.doing}"
                return
            if self.notes.poll(min(left, 0.002)):
                self.note()

    def note(self) -> None:
        try:
            kind, fact = self.notes.recv()
        except (EOFError, OSError):  # its end; what it was just about to note is not noted
            self.over = True
            return
        if kind == "lost":
            self.lost += 1
            self.shooter.struck(Strike(f"lost {fact}", self.doing, self.new))
        elif kind == "answer":
            self.shooter.answers.append(fact)
        elif kind == "ready":
            self.backend = fact
        self.doing, self.new = kind, fact if kind == "open" else self.new and kind == "committed"
