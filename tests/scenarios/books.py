"""What every verb of a table needs: the accounts of the story, what its rows have made, and what the ledger answered.

Nothing is computed here that the ledger should compute, and no balance is looked at.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ledger import periods, posting
from ledger.accounts import AccountRef
from ledger.errors import DomainError
from ledger.posting import Leg, Posted, Source
from payments.models import Client
from tests.scenarios.reading import Step


class Somebody:
    """Whoever acts in these stories; who may is no matter of the books."""

    id, person, on_behalf_of, ip, device, request_id = "scenario", "", "", None, "", ""

    def require(self, permission: str) -> None:
        """Everything."""


@dataclass(frozen=True)
class Made:
    """What a row made, for later rows to name: a transaction, the hold that it placed, or a quote."""

    transaction: uuid.UUID | None = None
    recorded_at: datetime | None = None
    hold: uuid.UUID | None = None
    digest: str = ""
    quote: uuid.UUID | None = None


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
    clients: dict[str, Client] = field(default_factory=dict)


def same(books: Books, expected: str, actual: Any) -> bool:
    """Is it what the table names: an account, something made by a row above, an amount, or plain words?"""
    if actual is None:
        return False
    if expected in books.refs:
        return bool(actual in {books.refs[expected].code, books.refs[expected].id})
    if expected in books.made:
        return str(actual) in {str(books.made[expected].transaction), str(books.made[expected].hold)}
    try:
        return Decimal(str(actual)) == Decimal(expected)
    except ArithmeticError:
        return str(actual) == expected


def refusal(error: DomainError) -> Answer:
    facts = {**error.data, "param": error.param, "cause": error.cause, "detail": error.detail}
    return Answer(error.code, facts, changes=False)


def answer(posted: Posted, also: Mapping[str, Any] | None = None, hold: uuid.UUID | None = None) -> Answer:
    facts = dict(also or {}) if posted.remaining is None else {**(also or {}), "remaining": posted.remaining}
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
    if "lands" in options:
        words["metadata"] = periods.landing()
    if "note" in options:
        words["description"] = options["note"]
    return words


ANY_REASON = "MANUAL_ADJUSTMENT"


def reason_of(step: Step, otherwise: str = ANY_REASON) -> str:
    return next((word for word in step.words if word.isupper()), otherwise)


def end_of(step: Step) -> dict[str, datetime]:
    return {"expires_at": moment(step.options["expires"])} if "expires" in step.options else {}


def conditions_of(books: Books, step: Step) -> dict[str, Any]:
    """`available_gte ada 100`: only if so much is available; `if_version ada 3`: only if it has so many entries."""
    found = []
    for word, make, read in (
        ("available_gte", posting.available_gte, Decimal),
        ("if_version", posting.if_version, int),
    ):
        if word in step.options:
            name, value = step.options[word].split()
            found.append(make(books.refs[name], read(value)))
    return {"conditions": found} if found else {}
