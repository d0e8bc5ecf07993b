"""What a call would do: the real one with all its guards, looked at and taken back.

Nothing stays: no row, no balance, no version, no event, no lock. The answer is what would have been written at that
moment, under ids that never exist; a refusal is that of the real call. It promises nothing about the next moment.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction

from ledger import database, posting, queries
from ledger.drafts import Draft, Posted
from ledger.errors import DomainError
from ledger.money import EXACT
from ledger.queries import Line

Result = TypeVar("Result")


@dataclass(frozen=True)
class Rehearsed:
    """The entries that would be written, with each account's posted balance before and after, house accounts included.

    `replays`: the transaction in the books that the call repeats; the entries are then those it has, without balances
    of house accounts."""

    lines: tuple[Line, ...]
    replays: uuid.UUID | None = None


class _TakenBack(Exception):
    def __init__(self, result: Any) -> None:
        self.result = result


def rehearse(work: Callable[[], Result]) -> Result:
    """Do `work`, with every check that a commit would make, and take it back. Raises what it raises; like the real call
    it is tried again after a deadlock, so `work` must have no effect outside the database."""

    def taken_back() -> Result:
        try:
            with transaction.atomic():
                result = work()
                _check_as_commit()
                raise _TakenBack(result)
        except _TakenBack as back:
            found: Result = back.result
            return found

    return database.unit_of_work(taken_back)


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
    fresh = [answer.id for answer in answers if not answer.replayed]
    lines |= dict(zip(fresh, with_house_balances([lines[key] for key in fresh]), strict=True))
    made = set(fresh)  # one that repeats an earlier one of the same batch repeats nothing that is in the books
    return [Rehearsed(tuple(lines[answer.id]), None if answer.id in made else answer.id) for answer in answers]


def with_house_balances(rehearsed: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The lines of transactions that were just written, in the order in which they were, with the balances of house
    accounts too: these keep none per entry, so that nobody waits for them, but here everything else stands still for
    the moment of one statement. What others post to them meanwhile may be in the figure."""
    house = {line.account_id for lines in rehearsed for line in lines if line.balance_after is None}
    now = _balances_now(house) if house else {}
    told = [[_told(line, now) for line in reversed(lines)] for lines in reversed(rehearsed)]
    return [lines[::-1] for lines in told[::-1]]


def _told(line: Line, now: dict[int, tuple[int, Decimal]]) -> Line:
    """The line with its account's balance, which then goes back to what it was before it."""
    if line.account_id not in now:
        return line
    sign, after = now[line.account_id]
    before = EXACT.subtract(after, EXACT.multiply(line.amount, sign)) if line.layer == 0 else after
    now[line.account_id] = sign, before
    return replace(line, balance_before=before, balance_after=after)


def _balances_now(account_ids: Iterable[int]) -> dict[int, tuple[int, Decimal]]:
    """Sign and balance of each account: its last checkpoint and the entries since, in one statement."""
    sql = """SELECT a.id, a.sign, n.balance FROM ledger_account a, LATERAL ledger_balance_now(a.id) n
              WHERE a.id = ANY (%s::bigint[])"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [sorted(account_ids)])
        return {key: (sign, balance) for key, sign, balance in cursor.fetchall()}


def _check_as_commit() -> None:
    """Fire the checks that wait for the commit: what they refuse would have been refused there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        raise database.refusal(error) from error
