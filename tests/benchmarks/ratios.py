"""From samples to ratios: pairing inside a round, medians over rounds. Pure; measures nothing, prints nothing.

A machine may be twice as fast in one minute as in the next, so two figures are compared only when they were taken in
the same round with the same number of clients. Medians of whole columns must never be divided by each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One figure of one round: transactions per second, seconds, bytes, as `unit` says."""

    round: int
    what: str
    clients: int
    value: float
    unit: str


@dataclass(frozen=True)
class Target:
    """What a ratio should be: at least `floor`, better `ambitious`; where `ambitious` is smaller, less is better."""

    floor: float
    ambitious: float

    def verdict(self, ratio: float) -> str:
        """ "ambitious", "floor" or "below": how far a ratio gets. A word for readers, never a reason to fail."""
        sign = -1 if self.ambitious < self.floor else 1
        if ratio * sign >= self.ambitious * sign:
            return "ambitious"
        return "floor" if ratio * sign >= self.floor * sign else "below"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One figure divided by another. `targets` by number of clients; other numbers are measured without a target."""

    title: str
    what: str
    against: str
    targets: Mapping[int, Target]


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One line of the table: the ratio of each round. `target` is None where nothing was promised."""

    title: str
    clients: int
    rounds: tuple[float, ...]
    target: Target | None

    @property
    def median(self) -> float:
        return median(self.rounds)

    @property
    def verdict(self) -> str:
        return self.target.verdict(self.median) if self.target else ""


def paired(samples: Iterable[Sample], *, what: str, against: str, clients: int) -> tuple[float, ...]:
    """`what` divided by `against`, once per round that has both with this number of clients, in the rounds' order.

    Raises ValueError when a round holds one of them twice: then nobody could say which pair belongs together."""
    found: dict[tuple[str, int], float] = {}
    for sample in samples:
        if sample.clients != clients or sample.what not in {what, against}:
            continue
        if (sample.what, sample.round) in found:
            raise ValueError(f"{sample.what} was measured twice in round {sample.round}.")
        found[sample.what, sample.round] = sample.value
    rounds = sorted(number for name, number in found if name == what and (against, number) in found)
    return tuple(found[what, number] / found[against, number] for number in rounds)


def compare(samples: Iterable[Sample], comparisons: Iterable[Comparison]) -> list[Ratio]:
    """Every ratio that the samples allow, in the comparisons' order, then by clients. What was not measured is left
    out."""
    taken = list(samples)
    counts = sorted({sample.clients for sample in taken})
    return [
        Ratio(title=wanted.title, clients=clients, rounds=rounds, target=wanted.targets.get(clients))
        for wanted in comparisons
        for clients in counts
        if (rounds := paired(taken, what=wanted.what, against=wanted.against, clients=clients))
    ]


def medians(samples: Iterable[Sample]) -> dict[tuple[str, int, str], float]:
    """The median of each figure over its rounds by (what, clients, unit): to read, not to divide."""
    columns: dict[tuple[str, int, str], list[float]] = {}
    for sample in samples:
        columns.setdefault((sample.what, sample.clients, sample.unit), []).append(sample.value)
    return {key: median(values) for key, values in columns.items()}
