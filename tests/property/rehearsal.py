"""The machine without the real ledger: what its rules reach at all, in a fraction of the time.

Only good for counting, and only because the machine itself shows that both ledgers answer alike.
"""

from types import SimpleNamespace

from tests.property.machine import BATCHES, TOLD, Ledgers
from tests.property.real_ledger import RealLedger
from tests.property.reference_ledger import Ledger


class Rehearsal(Ledgers):
    """What would be answered. Transactions and holds are called by their labels."""

    @staticmethod
    def verbs():
        """What both ledgers can do."""
        return {name for name in dir(RealLedger) if hasattr(Ledger, name) and not name.startswith("_")} | BATCHES.keys()

    def opened(self):
        nothing = {"time_is_up": lambda label: None, "time_of_a_hold_is_up": lambda number: None}
        return SimpleNamespace(ids={}, hold_ids={}, **nothing)

    def both(self, verb, *words, **named):
        self.calls.append((verb, words, named))
        answers = self.reference_says(verb, words, named)
        told = [f"{verb} {name}" for name in TOLD if named.get(name)]
        if isinstance(answers, str):
            self.count(answers, verb, *told)
            return []
        for number, answer in enumerate(answers):
            draft = [f"{verb} {name}" for name in TOLD if words[0][number].get(name)] if verb in BATCHES else told
            self.count(self.word(answer), verb, *draft)
        self.ids.update({label: label for label in self.model.transactions})
        self.real.hold_ids.update({number: number for number in self.model.holds})
        self.learned.append((len(self.model.entries), None))
        return answers

    def word(self, answer):
        if isinstance(answer, str):
            return answer
        if isinstance(answer, list):
            return "accepted" if answer else "nothing"
        return "replayed" if answer is False or (isinstance(answer, tuple) and answer[1]) else "accepted"

    def kept(self, name, number):
        """Nothing is kept."""

    def look_back(self, name, at, back):
        """There is nothing to look at."""

    def same_figures(self):
        """With what?"""

    same_states = teardown = same_figures
