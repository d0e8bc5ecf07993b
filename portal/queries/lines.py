"""One line of the timeline: what happened, how much, where the money is now, what comes next, what the client must do.

Lines are frozen and speak the current language; times inside sentences are in the current zone. The portal's pages,
the staff's story page and the API show the same lines.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ledger.money import Money
from portal import wording
from portal.queries import reading
from portal.queries.cursor import Key
from portal.queries.rows import Facts
from portal.wording.sentence import Deadline, Sentence
from portal.wording.shape import Tone, Wording


@dataclass(frozen=True)
class Reference:
    """A name under which this movement can be found: ours, the bank's, the platform's."""

    label: str
    value: str


@dataclass(frozen=True)
class Step:
    """One step of the tracker: `state` is done, now, next or stopped."""

    words: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """`money` is always positive; `direction` says which way it went for the client's own money: in, out, between
    (his own accounts) or none (nothing moved). `reference` is the public id, the address of its own page."""

    reference: str
    noun: str
    kind: str
    state: str
    key: Key
    at: datetime
    money: Money
    direction: str
    fee: Money | None
    status: str
    tone: Tone
    title: Sentence
    where: Sentence
    next: Sentence
    when: Sentence
    late: Sentence
    act: Sentence
    yours: bool
    final: bool
    expected_by: datetime | None
    steps: tuple[Step, ...]
    references: tuple[Reference, ...]
    related: tuple[str, ...]
    day: date | None = None
    details: tuple[tuple[str, Money], ...] = ()
    note: str = ""

    @property
    def explanation(self) -> str:
        """Where it is, what comes next and by when, as one text."""
        parts = (str(self.where),) if self.final else (str(self.where), str(self.next), str(self.when))
        return " ".join(part for part in parts if part)

    @property
    def net(self) -> Money:
        """What arrives: the amount without the fee."""
        return self.money - self.fee if self.fee else self.money

    @property
    def minus_fee(self) -> Money:
        return -self.fee if self.fee else Money.zero(self.money.currency)

    @property
    def account(self) -> str:
        """The trading account of a day of trading, "" for everything else."""
        return self.reference.partition(":")[0] if self.noun == "trading_day" else ""

    @property
    def can_cancel(self) -> bool:
        """A withdrawal that nobody has approved yet."""
        return self.noun == "withdrawal" and self.state in ("requested", "in_review", "needs_information")

    @property
    def can_continue(self) -> bool:
        return self.noun == "withdrawal" and self.state == "needs_information"

    @property
    def can_pay(self) -> bool:
        return self.noun == "deposit" and self.state == "initiated"


def build(noun: str, key: Key, state: str, facts: Facts, *, now: datetime) -> Line:
    """A line from one row. Raises KeyError for a state without words."""
    words = wording.of(noun, state)
    read = reading.READERS[noun](key, state, facts)
    values: dict[str, Any] = {"amount": read.money, "since": read.since or key.at, **read.values}
    values["by"] = Deadline(read.by, now) if read.by else None

    def say(text: Any) -> Sentence:
        return Sentence(text, values)

    timely = read.by is not None and read.by > now and words.by
    return Line(
        reference=read.reference,
        noun=noun,
        kind=read.kind or noun,
        state=state,
        key=key,
        at=key.at,
        money=read.money,
        direction=read.direction if words.moved or read.direction == "between" else "none",
        fee=read.fee,
        status=str(words.status),
        tone=words.tone,
        title=say(words.title),
        where=say(words.where),
        next=say(words.next),
        when=say(words.by if timely else words.usually),
        late=say(words.late),
        act=say(words.act),
        yours=words.yours,
        final=words.final,
        expected_by=None if words.final else read.by,
        steps=_steps(noun, words),
        references=tuple(Reference(str(label), value) for label, value in read.references if value),
        related=read.related,
        day=read.day,
        details=read.details,
        note=read.note,
    )


def _steps(noun: str, words: Wording) -> tuple[Step, ...]:
    return tuple(Step(str(step), _mark(index, words)) for index, step in enumerate(wording.NOUNS[noun].steps))


def _mark(index: int, words: Wording) -> str:
    if index < words.step:
        return "done"
    if index > words.step:
        return "next"
    return "stopped" if words.stopped else "now"
