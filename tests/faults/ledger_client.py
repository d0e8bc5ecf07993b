"""A client of the ledger that is there to be killed: it sends the steps of a history, one unit of work each.

It is careful: it notes each answer before it goes on, and what it has no answer for it sends again under the same key.
It dawdles between statement, commit and note, so that whoever shoots hits each of these places. Importing this module
sets Django up where that has not been done: in the process from which the clients are forked, once for all of them.
"""

import os
import time
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from random import Random
from typing import Any

import django
from django.apps import apps
from django.db import DatabaseError, InterfaceError, connection

from config import env

if not apps.ready:
    django.setup()

from ledger import accounts
from ledger.accounts import AccountRef
from ledger.database import unit_of_work
from ledger.errors import DomainError
from ledger.holds import Placed
from ledger.posting import Posted
from tests.faults.ledger_history import HOLD_VERBS, NOTHING, Of, Step, is_new
from tests.property.real_ledger import RealLedger, refusal

# Seconds: the most that a client dawdles, how long it does where it hesitates, and when it gives up waiting to be shot.
DAWDLING, HESITATING, WAITING = 0.006, 0.1, 600.0
Hesitation = tuple[int, str, float]


class OnFirstUse(Mapping[str, AccountRef]):
    """Accounts by name, found or opened inside the unit of work that needs them."""

    def __getitem__(self, name: str) -> AccountRef:
        code, _, currency = name.rpartition(" ")
        return accounts.ref(code, currency)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Dawdling:
    """How long a client waits at each place; `hesitation`: from which step on, and where, it takes so much longer."""

    def __init__(self, seed: int, hesitation: Hesitation | None) -> None:
        self.random, self.hesitation = Random(seed), hesitation

    def wait(self, number: int, doing: str) -> None:
        if self.hesitation and number >= self.hesitation[0] and doing == self.hesitation[1]:
            time.sleep(self.hesitation[2])
        else:
            time.sleep(max(0.0, self.random.uniform(-DAWDLING / 4, DAWDLING)))


class Client:
    """Sends steps. `notes` is where it says what it is doing, and notes its answers."""

    def __init__(self, steps: list[Step], answers: list[Any], notes: Connection, dawdling: Dawdling) -> None:
        self.steps, self.notes, self.dawdling = steps, notes, dawdling
        self.real, self.number = RealLedger(OnFirstUse()), len(answers)
        for number, answer in enumerate(answers):
            self.learn(number, answer)

    def learn(self, number: int, answer: list[Any]) -> None:
        for draft, one in enumerate(answer):
            if isinstance(one, tuple):
                self.real.ids[Of(number, draft)], self.real.hold_ids[Of(number, draft)] = one[0], one[2]

    def work(self, last: int) -> None:
        self.connect()
        while self.number < last:
            answer = self.answered(self.steps[self.number])
            self.learn(self.number, answer)
            self.notes.send(("answer", answer))
            self.number += 1
        time.sleep(WAITING)

    def connect(self) -> None:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.notes.send(("ready", cursor.fetchone()[0]))

    def answered(self, step: Step) -> list[Any]:
        """Send it until there is an answer."""
        while True:
            self.notes.send(("begun", None))
            try:
                answer = unit_of_work(lambda: self.send(step))
            except DomainError as error:
                return [refusal(error)]
            except (DatabaseError, InterfaceError) as error:
                self.notes.send(("lost", getattr(error.__cause__, "sqlstate", None)))
                if self.dawdling.random.random() < 0.5:
                    os._exit(1)
                self.connect()
                continue
            self.tell("committed")
            return answer

    def send(self, step: Step) -> list[Any]:
        names = self.real.hold_ids if step.verb in HOLD_VERBS else self.real.ids
        if any(isinstance(word, Of) and word not in names for word in step.words):
            return [NOTHING]
        got = getattr(self.real, step.verb)(*step.words)
        answer = [plain(one) for one in got] if isinstance(got, list) else [plain(got)]
        self.tell("open", any(map(is_new, answer)))
        return answer

    def tell(self, doing: str, new: bool | None = None) -> None:
        """Say where it is, and stay there for a moment."""
        self.notes.send((doing, new))
        self.dawdling.wait(self.number, doing)


def plain(got: Any) -> Any:
    """An answer as it is noted: (id of the transaction, replayed, id of the hold), the code of a refusal, or itself."""
    if isinstance(got, Placed):
        return got.posted.id, got.posted.replayed, got.hold_id
    if isinstance(got, Posted):
        return got.id, got.replayed, None
    return refusal(got) if isinstance(got, DomainError) else got


def live(
    steps: list[Step], answers: list[Any], last: int, database: str, notes: Connection, dawdling: Dawdling
) -> None:
    """The life of one client process: from the first step without an answer up to `last`; then it waits for its end.

    It connects with the rights that web and worker have."""
    connection.settings_dict.update(env.current().database("app"), NAME=database)
    Client(steps, answers, notes, dawdling).work(last)
