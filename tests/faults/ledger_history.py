"""The steps of histories of ledger verbs, and what the reference ledger answers to each of them.

A step is one call of a ledger, under idempotency keys of its own where the verb has any, in words that the reference
ledger and the real one understand (`tests.property.real_ledger`). What an earlier step made is named by that step,
because the caller learns its id only from the answer. Time is a step like any other: it comes for one reservation or
hold, at the same place of the history on both sides.
"""

from typing import Any, NamedTuple

from tests.property import reference_batches, reference_ledger, reference_rules
from tests.property.chart import CHART, reference_accounts

# These are opened by the first step that needs them.
LATE = [
    ("client/cyd/wallet", "EUR", "wallet", 1, 0),
    ("client/dov/wallet", "EUR", "wallet", 1, 0),
    ("client/eva/wallet", "EUR", "wallet", 1, 0),
    ("client/ben/held", "EUR", "held", 1, 0),
]
BATCHES = {"post_each": reference_batches.each, "post_batch": reference_batches.together}
# Time comes by these: nobody sends them, and they do not die.
TIME = {"time_is_up", "time_of_a_hold_is_up"}
HOLD_VERBS = {"end_hold", "extend_hold", "time_of_a_hold_is_up"}
# Said again under no name, these are refused, or find nothing left to do.
ONCE = {"close_day", "close_month", "expire_reservations", "expire_holds"}
NOTHING = "nothing"  # the answer to a step about something that an earlier step turned out not to have made


class Of(NamedTuple):
    """What a step made: its transaction, or its hold; of a batch, that of one draft."""

    step: int
    draft: int = 0


class Step(NamedTuple):
    verb: str
    words: tuple[Any, ...]

    @property
    def kind(self) -> str:
        """The verb; of a reversal also what it takes."""
        if self.verb != "reverse":
            return self.verb
        amount, entries, rest = self.words[1], *self.words[6:]
        return f"reverse {'rest' if rest else 'entries' if entries else 'part' if amount else 'whole'}"


def is_new(answer: Any) -> bool:
    """Whether an answer, of either side, says that something was done, and done only now."""
    if isinstance(answer, tuple):
        return not answer[1]
    return answer is None or (not isinstance(answer, str) and bool(answer))


class Reference:
    """The reference ledger, played step by step. `made` and `held` are its names for what each step made; `by_clock`:
    which verb gave back what, and by which transaction."""

    def __init__(self) -> None:
        self.ledger = reference_ledger.Ledger(reference_accounts(CHART + LATE))
        self.made: dict[Of, int] = {}
        self.held: dict[Of, int] = {}
        self.by_clock: list[tuple[str, int, int]] = []

    def play(self, number: int, step: Step) -> list[Any]:
        """What it answers, one item per draft or one in all: (label, replayed), a code, or what else the verb says."""
        names = self.held if step.verb in HOLD_VERBS else self.made
        words = [names.get(word) if isinstance(word, Of) else word for word in step.words]
        if any(isinstance(word, Of) and word not in names for word in step.words):
            return [NOTHING]
        try:
            if step.verb in TIME:
                return [self.time_comes(step.verb, *words)]
            if step.verb in BATCHES:
                self.ledger, answers = BATCHES[step.verb](self.ledger, *words)
            else:
                answers = [getattr(self.ledger, step.verb)(*words)]
        except reference_rules.Refused as refused:
            return [str(refused)]
        for draft, answer in enumerate(answers):
            if isinstance(answer, tuple):
                self.made[Of(number, draft)] = answer[0]
                if step.verb == "place" and not answer[1]:
                    self.held[Of(number)] = len(self.ledger.holds)
            elif isinstance(answer, list):
                self.by_clock += [(step.verb, ended, label) for ended, label in answer]
        return list(answers)

    def time_comes(self, verb: str, name: Any, end: int) -> bool:
        """The end of what is open and still has this end comes now."""
        found = self.ledger.transactions[name] if verb == "time_is_up" else self.ledger.holds[name]
        comes = bool(found.rest) and found.end == end and not found.due
        found.due = found.due or comes
        return comes
