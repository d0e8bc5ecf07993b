"""What a posting would do: the real call with all its guards, looked at and taken back.

Nothing stays: no row, no balance, no version, no lock. The answer is what would have been written at that moment, under
ids that never exist; a refusal is that of the real call. It promises nothing about the next moment.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction

from ledger import database, posting, queries
from ledger.drafts import Draft, Posted
from ledger.errors import DomainError
from ledger.queries import Line

Result = TypeVar("Result")


@dataclass(frozen=True)
class Rehearsed:
    """The entries that would be written, with each account's posted balance before and after (None for house accounts).

    `replays`: the transaction in the books that the call repeats; the entries are then those it has."""

    lines: tuple[Line, ...]
    replays: uuid.UUID | None = None


class _TakenBack(Exception):
    def __init__(self, result: Any) -> None:
        self.result = result


def rehearse(work: Callable[[], Result]) -> Result:
    """Do `work`, with every check that a commit would make, and take it back. Raises what it raises."""
    try:
        with transaction.atomic():
            result = work()
            _check_as_commit()
            raise _TakenBack(result)
    except _TakenBack as taken_back:
        found: Result = taken_back.result
        return found


def post(**words: Any) -> Rehearsed:
    """What `posting.post` would do with the same words. Raises what it raises."""
    return rehearse(lambda: _shown([posting.post(**words)])[0])


def post_batch(drafts: Sequence[Draft]) -> list[Rehearsed]:
    """What `posting.post_batch` would do. Raises what it raises."""
    return rehearse(lambda: _shown(posting.post_batch(drafts)))


def post_each(drafts: Sequence[Draft]) -> list[Rehearsed | DomainError]:
    """What `posting.post_each` would answer, with the entries of each accepted draft."""

    def work() -> list[Rehearsed | DomainError]:
        answers = posting.post_each(drafts)
        shown = iter(_shown([answer for answer in answers if isinstance(answer, Posted)]))
        return [answer if isinstance(answer, DomainError) else next(shown) for answer in answers]

    return rehearse(work)


def _shown(answers: Sequence[Posted]) -> list[Rehearsed]:
    lines = queries.lines_of_many(answer.id for answer in answers)
    return [Rehearsed(tuple(lines[answer.id]), answer.id if answer.replayed else None) for answer in answers]


def _check_as_commit() -> None:
    """Fire the checks that wait for the commit: what they refuse would have been refused there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        raise database.refusal(error) from error
