"""Makes up histories of ledger verbs from a number: the same number makes the same history in every process."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

from tests.faults.ledger_history import LATE, Of, Reference, Step
from tests.property import reference_batches, reference_rules
from tests.property.chart import ADA, ADA_OWNS, BANK, BEN, HELD, PAYOUT, STATUS, TRADING

LATE_WALLETS = [f"{code} {currency}" for code, currency, kind, *_ in LATE if kind == "wallet"]
WALLETS = [ADA, BEN, *LATE_WALLETS]
PAYERS = [ADA, ADA, BEN, BEN, *LATE_WALLETS]
AMOUNTS = [1, 20, 50, 100, 100, 250, 3000]  # cents
SMALL = [1, 5, 20, 50, 50, 300]
NOONS = [None, None, None, None, 1, 3, 3, 5, 7]


def history(seed: int, length: int) -> list[Step]:
    author = Author(seed)
    while len(author.steps) < length:
        author.write()
    return author.steps


class Author:
    """Makes up steps while watching the reference ledger, so that most of them have something to do."""

    def __init__(self, seed: int) -> None:
        self.random, self.reference, self.steps = Random(seed), Reference(), list[Step]()
        self.frozen: list[str] = []
        self.key = ""

    def write(self) -> None:
        number = len(self.steps)
        self.key = f"key-{number}"
        kinds = [self.pay_in, self.transfer, self.reserve, self.resolve, self.resolve_entries, self.reverse, self.place]
        kinds += [self.end_hold, self.batch, self.extend, self.freeze, self.again]
        kinds += [self.transfer_if, self.convert, self.close_day, self.extend_hold]
        kinds += [self.reverse_entries, self.reverse_rest, self.time_comes, self.clock_comes_round, self.close_month]
        weights = [2, 4, 5, 5, 2, 3, 5, 4, 7, 5, 9 if self.frozen else 1, 1, 5, 4, 2, 4]
        weights += [2, 2, 3, 6 if self._due() else 1, 2]
        (kind,) = self.random.choices(kinds, weights)
        written: Callable[[], Step | None] = self.pay_in if number < 2 else kind
        if step := written():
            self.reference.play(number, step)
            self.steps.append(step)

    def pay_in(self) -> Step:
        wallet = WALLETS[len(self.steps)] if len(self.steps) < 2 else self.random.choice(WALLETS)
        return self._post("MANUAL_ADJUSTMENT", [(BANK, -500), (wallet, 500)])

    def transfer(self) -> Step:
        return self._post("CLIENT_INTERNAL_TRANSFER", self._legs())

    def transfer_if(self) -> Step:
        """Only if an account has so much, or has not moved since this history last looked at it."""
        account = self.reference.ledger.accounts[self.random.choice([ADA, BEN, TRADING])]
        there = account.balance - account.pending_out + self.random.choice([0, 0, -50, 1])
        version = max(account.seq + self.random.choice([0, 0, 0, -1]), 0)
        condition = self.random.choice([("available", there), ("version", version)])
        return self._post("CLIENT_INTERNAL_TRANSFER", self._legs(SMALL), conditions=[(account.name, *condition)])

    def convert(self) -> Step:
        pair = self.random.choice([("EUR", "USD"), ("EUR", "USD"), ("USD", "EUR")])
        price = Fraction("1.0852") if pair[0] == "EUR" else 1 / Fraction("1.0852")
        side, amount = self.random.choice(["sell", "buy"]), self.random.choice([1, 33, 100, 250])
        at, pending = self.random.choice(NOONS), self.random.random() < 0.2
        words = (ADA_OWNS, side, amount, pair, price, self.random.choice([0, 50, 125]), self.key, None, pending, at)
        return Step("convert", words)

    def close_day(self) -> Step:
        """It has no key: said twice, it is refused the second time. Now and then a day that is not its turn."""
        turn = (self.reference.ledger.closed_before or 0) // 2
        return Step("close_day", (turn if self.random.random() < 0.9 else turn + 1,))

    def extend_hold(self) -> Step | None:
        ending = {of: number for of, number in self.reference.held.items() if self._ends(self._hold(number))}
        hold = self._recent(ending if ending and self.random.random() < 0.8 else self.reference.held)
        return hold and Step("extend_hold", (hold, self.random.choice([1, 2, 3])))

    def reserve(self) -> Step:
        words = self.random.choice([(None, ()), (None, (STATUS,)), (1, ()), (2, (STATUS,))])
        if self.random.random() < 0.4:  # three legs: parts that divide, and parts that do not
            amount, fee = self.random.choice([10, 60, 300]), self.random.choice([1, 2, 7])
            legs = [(ADA, -amount - fee), (TRADING, amount), ("house/fx EUR", fee)]
            return self._post("MANUAL_ADJUSTMENT", legs, True, *words)
        return self._post("CLIENT_INTERNAL_TRANSFER", self._legs(), True, *words)

    def resolve(self) -> Step | None:
        label, phase = self._reserved(), self.random.choice(["post", "post", "post", "void", "expire"])
        amount = self.random.choice([None, 1, 5, 10, 31, 50]) if phase == "post" else None
        status = self.random.choice([STATUS, STATUS, "mt5.filled"]) if phase == "expire" else None
        return label and Step("resolve", (phase, label, amount, "EUR", None, status, self.key, *self._time()))

    def resolve_entries(self) -> Step | None:
        label = self._reserved()
        if label is None:
            return None
        debit, credit = self._two_sides(self._transaction(self.reference.made[label]).reserved)
        amount, more = self.random.choice([1, 1, 10, 100]), self.random.choice([0, 0, 0, 1])
        return Step(
            "resolve", ("post", label, None, "EUR", ((debit, -amount - more), (credit, amount)), None, self.key)
        )

    def extend(self) -> Step | None:
        ending = {of: label for of, label in self.reference.made.items() if self._ends(self._transaction(label))}
        label = self._recent(ending) if ending and self.random.random() < 0.8 else self._reserved()
        return label and Step("extend", (label, self.random.choice([1, 2, 3])))

    def reverse(self) -> Step | None:
        posted = {of: label for of, label in self.reference.made.items() if self._reversible(label)}
        label = self._recent(posted if posted and self.random.random() < 0.8 else self.reference.made)
        part, currency = self.random.choice([None, 1, 7, 33, 50, 100]), self.random.choice(["EUR", "EUR", "EUR", "USD"])
        return label and Step("reverse", (label, part, self.key, currency, *self._time(), None, False))

    def reverse_entries(self) -> Step | None:
        """A debit and a credit of what was posted; now and then they do not balance."""
        label = self._recent({of: one for of, one in self.reference.made.items() if self._reversible(one)})
        if label is None:
            return None
        debit, credit = self._two_sides(self._transaction(self.reference.made[label]).legs)
        amount, more = self.random.choice([1, 7, 33, 50]), self.random.choice([0] * 7 + [1])
        entries = ((debit, -amount - more), (credit, amount))
        return Step("reverse", (label, None, self.key, "EUR", *self._time(), entries, False))

    def reverse_rest(self) -> Step | None:
        """Mostly of what was taken back in part before."""
        begun = {made.reverses for made in self.reference.ledger.transactions.values() if made.reverses}
        posted = {of: label for of, label in self.reference.made.items() if self._reversible(label)}
        in_part = {of: label for of, label in posted.items() if label in begun}
        label = self._recent(in_part if in_part and self.random.random() < 0.7 else posted)
        return label and Step("reverse", (label, None, self.key, "EUR", *self._time(), None, True))

    def time_comes(self) -> Step | None:
        """The end of a reservation or a hold. One that was put off keeps what its event says."""
        reserved = {of: self._transaction(label) for of, label in self.reference.made.items()}
        held = {of: self._hold(number) for of, number in self.reference.held.items()}
        for verb, all_ in self.random.sample([("time_is_up", reserved), ("time_of_a_hold_is_up", held)], 2):
            ending = [of for of, found in all_.items() if self._ends(found) and not found.put_off]
            if ending:
                of = self.random.choice(ending[-8:])
                return Step(verb, (of, all_[of].end))
        return None

    def clock_comes_round(self) -> Step:
        return Step(self.random.choice(self._due() or ["expire_reservations", "expire_holds"]), ())

    def close_month(self) -> Step | None:
        """Mostly when its days are closed. It has no key either."""
        over = (self.reference.ledger.closed_before or 0) >= reference_rules.MONTH_ENDS
        return Step("close_month", ()) if over or self.random.random() < 0.3 else None

    def place(self) -> Step:
        wallet, end = self.random.choice([ADA, ADA, BEN]), self.random.choice([None, 1, 1, 2])
        return Step("place", (wallet, self.random.choice(AMOUNTS), self.key, end))

    def end_hold(self) -> Step | None:
        open_ = {of: number for of, number in self.reference.held.items() if self.reference.ledger.holds[number].rest}
        hold = self._recent(open_ if open_ and self.random.random() < 0.7 else self.reference.held)
        action = self.random.choice(["capture", "release"])
        to = self.random.choice([PAYOUT] * 5 + [HELD]) if action == "capture" else None
        return hold and Step("end_hold", (action, hold, to, self.random.choice([None, 1, 20, 50, 100]), self.key))

    def freeze(self) -> Step:
        """Freeze a wallet, or unfreeze what is frozen. It has no key: to say it twice is to say it once."""
        if self.frozen:
            return Step("set_status", (self.frozen.pop(), "open"))
        self.frozen.append(self.random.choice([ADA, BEN]))
        return Step("set_status", (self.frozen[-1], "frozen"))

    def batch(self) -> Step:
        verb = self.random.choice(["post_each", "post_batch"])
        if verb == "post_each" and self.random.random() < 0.3:
            return Step(verb, (self._wrong_way_round(),))
        drafts = [self._draft(number) for number in range(self.random.randint(2, 5))]
        return Step(verb, (list(reference_batches.in_chains(drafts)),))

    def again(self) -> Step | None:
        """An earlier posting once more, or another one under its key."""
        earlier = [step for step in self.steps if step.verb == "post"]
        reason, legs, key, *rest = self.random.choice(earlier).words
        if self.random.random() < 0.5:
            legs = [(name, amount * 2) for name, amount in legs]
        return Step("post", (reason, legs, key, *rest))

    def _post(
        self,
        reason: str,
        legs: list[Any],
        pending: bool = False,
        end: Any = None,
        ends_on: Any = (),
        conditions: Any = (),
    ) -> Step:
        source = self.key if self.random.random() < 0.3 else None
        words = (reason, legs, self.key, source, pending, end, ends_on, conditions, *self._time())
        return Step("post", words)

    def _time(self) -> tuple[int | None, bool]:
        """When it takes effect, and whether it lands in the next open day where its own is closed."""
        at = self.random.choice(NOONS)
        return at, at is not None and self.random.random() < 0.4

    def _legs(self, amounts: list[int] = AMOUNTS) -> list[tuple[str, int]]:
        payer, amount = self.random.choice(PAYERS), self.random.choice(amounts)
        payee = self.random.choice([name for name in [*WALLETS, TRADING] if name != payer])
        return [(payer, -amount), (payee, amount - (self.random.random() < 0.03))]

    def _draft(self, number: int) -> dict[str, Any]:
        condition = (self.random.choice([ADA, BEN, TRADING]), "available", self.random.choice([0, 50, 100, 1000]))
        paid_in = [(BANK, -100), (self.random.choice(WALLETS), 100)]
        from_bank = self.random.random() < 0.4
        at, lands = self._time()
        pending = self.random.random() < 0.2
        return {
            "reason": "MANUAL_ADJUSTMENT" if from_bank else "CLIENT_INTERNAL_TRANSFER",
            "legs": paid_in if from_bank else self._legs(SMALL),
            "key": f"{self.key}-{number}",
            "source": None,
            "pending": pending,
            "end": 1 if pending and self.random.random() < 0.5 else None,
            "conditions": [condition] if self.random.random() < 0.2 else [],
            "chain": self.random.choice([None, "chain"]),
            "at": at,
            "lands": lands,
        }

    def _wrong_way_round(self) -> list[dict[str, Any]]:
        """Spend first what is paid in then: refused, unless the same was sent before and nobody heard the answer."""
        account = self.reference.ledger.accounts[self.random.choice(LATE_WALLETS)]
        spent = account.balance - account.pending_out + 50
        all_legs = [[(account.name, -spent), (TRADING, spent)], [(BANK, -100), (account.name, 100)]]
        words: dict[str, Any] = {"reason": "MANUAL_ADJUSTMENT", "source": None, "pending": False, "conditions": []}
        return [
            words | {"legs": legs, "key": f"{self.key}-{number}", "chain": None} for number, legs in enumerate(all_legs)
        ]

    def _reserved(self) -> Of | None:
        """A reservation, mostly one of which something is left."""
        reserved = {of: label for of, label in self.reference.made.items() if self._transaction(label).reserved}
        open_ = {of: label for of, label in reserved.items() if self._transaction(label).state == "pending"}
        return self._recent(open_ if open_ and self.random.random() < 0.85 else reserved)

    def _two_sides(self, legs: list[tuple[str, int]]) -> Iterator[str]:
        """An account of a debit, and one of a credit."""
        return (self.random.choice([name for name, value in legs if (value > 0) == side]) for side in (False, True))

    def _due(self) -> list[str]:
        """What the clock has to do."""
        ledger = self.reference.ledger
        both = {"expire_reservations": ledger.transactions, "expire_holds": ledger.holds}
        return [verb for verb, all_ in both.items() if any(one.due and one.rest for one in all_.values())]

    @staticmethod
    def _ends(found: Any) -> bool:
        """It is open, and its end is still to come."""
        return bool(found.end and found.rest and not found.due)

    def _reversible(self, label: int) -> bool:
        return bool(self._transaction(label).legs) and not self._transaction(label).reverses

    def _hold(self, number: int) -> Any:
        return self.reference.ledger.holds[number]

    def _transaction(self, label: int) -> Any:
        return self.reference.ledger.transactions[label]

    def _recent(self, found: dict[Of, int]) -> Of | None:
        return self.random.choice(list(found)[-8:]) if found else None
