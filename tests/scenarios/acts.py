"""What the verbs of a table do: each is one call of the ledger's public functions, with the row's own figures.

Nothing is computed here that the ledger should compute, and no balance is looked at.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ledger import accounts, holds, posting
from ledger.accounts import AccountRef
from ledger.money import Money
from ledger.posting import Leg, Posted, Source
from tests.scenarios.cells import Disagreement
from tests.scenarios.reading import Step

ANY_REASON = "MANUAL_ADJUSTMENT"


@dataclass(frozen=True)
class Made:
    """What a row made, for later rows to name: a transaction, and the hold that it placed."""

    transaction: uuid.UUID
    recorded_at: datetime
    hold: uuid.UUID | None = None


@dataclass(frozen=True)
class Answer:
    """What the ledger said. `written` counts the transactions that must be new."""

    outcome: str
    facts: dict[str, Any] = field(default_factory=dict)
    made: Made | None = None
    written: int = 0
    changes: bool = True


@dataclass
class Books:
    """The accounts of a scenario, and what its rows have made so far."""

    refs: dict[str, AccountRef]
    made: dict[str, Made] = field(default_factory=dict)


def answer(posted: Posted, hold: uuid.UUID | None = None) -> Answer:
    facts = {} if posted.remaining is None else {"remaining": posted.remaining}
    made = Made(posted.id, posted.recorded_at, hold)
    return Answer("replayed" if posted.replayed else "posted", facts, made, 0 if posted.replayed else 1)


def moment(text: str) -> datetime:
    """`2026-03-01` (midnight) or `2026-03-01 17:30`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def legs_of(books: Books, step: Step) -> list[Leg]:
    made = []
    for line in step.legs:
        for side, make in ((line.debit, posting.debit), (line.credit, posting.credit)):
            if side:
                made.append(make(books.refs[side], line.amount or Decimal(0)))
    return made


def named(step: Step) -> dict[str, Any]:
    """The names and times that most calls take."""
    options, words = step.options, {}
    if "key" in options:
        words["idempotency_key"] = options["key"]
    if "source" in options:
        words["source"] = Source("scenario", "row", options["source"])
    if "at" in options:
        words["effective_at"] = moment(options["at"])
    if "note" in options:
        words["description"] = options["note"]
    return words


def reason_of(step: Step, otherwise: str = ANY_REASON) -> str:
    return next((word for word in step.words if word.isupper()), otherwise)


def post(books: Books, step: Step, **words: Any) -> Answer:
    reverses = {"reverses": books.made[step.options["undoes"]].transaction} if "undoes" in step.options else {}
    return answer(posting.post(reason=reason_of(step), legs=legs_of(books, step), **named(step), **reverses, **words))


def reserve(books: Books, step: Step) -> Answer:
    expires = {"expires_at": moment(step.options["expires"])} if "expires" in step.options else {}
    return post(books, step, pending=True, **expires)


def settle(books: Books, step: Step) -> Answer:
    part = {}
    if step.amount is not None:
        part = {"amount": Money.of(step.amount, step.options["in"] if "in" in step.options else currency(books))}
    return answer(posting.settle(pending_id=books.made[step.words[0]].transaction, **part, **named(step)))


def currency(books: Books) -> str:
    """The one currency of a scenario; where there are several, a part says which (`in EUR`)."""
    (code,) = {ref.currency for ref in books.refs.values()}
    return code


def void(books: Books, step: Step) -> Answer:
    return answer(posting.void(pending_id=books.made[step.words[0]].transaction, **named(step)))


def reverse(books: Books, step: Step) -> Answer:
    words = {"description": "reversed"} | named(step)
    return answer(posting.reverse(transaction_id=books.made[step.words[0]].transaction, **words))


def hold(books: Books, step: Step) -> Answer:
    expires = {"expires_at": moment(step.options["expires"])} if "expires" in step.options else {}
    placed = holds.place(
        wallet=books.refs[step.legs[0].debit],
        amount=step.amount,
        kind=step.words[0],
        reason=step.options.get("because", "asked for"),
        actor="scenario",
        **named(step),
        **expires,
    )
    return answer(placed.posted, placed.hold_id)


def capture(books: Books, step: Step) -> Answer:
    return answer(
        holds.capture(
            hold_id=books.made[step.words[0]].hold,
            to=books.refs[step.legs[0].credit],
            reason=reason_of(step, "WITHDRAWAL_PAYOUT"),
            amount=step.amount,
            **named(step),
        )
    )


def release(books: Books, step: Step) -> Answer:
    return answer(holds.release(hold_id=books.made[step.words[0]].hold, **named(step)))


def expire(books: Books, step: Step) -> Answer:
    count = holds.expire(now=moment(step.options["at"]))
    return Answer("done", {"holds": count}, written=count)


def set_status(status: str) -> Callable[[Books, Step], Answer]:
    def change(books: Books, step: Step) -> Answer:
        accounts.set_status(account_id=books.refs[step.words[0]].id, status=status)
        return Answer("done")

    return change


def batch(books: Books, step: Step) -> Answer:
    drafts = [posting.Draft(reason=reason_of(item), legs=legs_of(books, item), **named(item)) for item in step.items]
    answers = posting.post_batch(drafts)
    for item, posted in zip(step.items, answers, strict=True):
        said = answer(posted)
        if said.outcome != item.outcome:
            raise Disagreement(item.place, f"expected {item.outcome or 'no outcome'}, the ledger says {said.outcome}")
        if item.name:
            books.made[item.name] = said.made
    fresh = sum(not posted.replayed for posted in answers)
    return Answer("posted" if fresh else "replayed", written=fresh)


def look(books: Books, step: Step) -> Answer:
    return Answer("done", changes=False)
