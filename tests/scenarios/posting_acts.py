"""The verbs of single transactions: posted, reserved, settled, voided, reversed, ended by the clock, put off.

Each is one call of the ledger's public functions, with the row's own figures.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from ledger import accounts, dry_runs, holds, posting
from ledger.models import Hold, Pending, Transaction
from ledger.money import Money
from ledger.posting import Posted
from tests.scenarios.books import (
    Answer,
    Books,
    Somebody,
    answer,
    conditions_of,
    end_of,
    legs_of,
    moment,
    named,
    reason_of,
)
from tests.scenarios.cells import TableError
from tests.scenarios.reading import Step


def post(books: Books, step: Step, **words: Any) -> Answer:
    reverses = {"reverses": books.made[step.options["undoes"]].transaction} if "undoes" in step.options else {}
    words |= {"reason": reason_of(step), "legs": legs_of(books, step), **named(step), **reverses}
    words |= conditions_of(books, step)
    if "dry" in step.options:
        return rehearsed(books, dry_runs.post(**words))
    return said(step, posting.post(**words))


def said(step: Step, posted: Posted) -> Answer:
    """What a call answered; a late one that was to land in the next open day says which day it corrects."""
    return answer(posted, corrected_period(posted) if "lands" in step.options else {})


def rehearsed(books: Books, found: dry_runs.Rehearsed) -> Answer:
    """What each account would hold, by its short name; nothing is there afterwards."""
    names = {(ref.code, ref.currency): name for name, ref in books.refs.items()}
    facts = {names[line.code, line.currency]: line.balance_after for line in found.lines}
    return Answer("replayed" if found.replays else "done", facts, changes=False)


def corrected_period(posted: Posted) -> dict[str, str]:
    metadata = Transaction.objects.get(pk=posted.id).metadata or {}
    return {"corrects": metadata["corrects"]["period"]} if "corrects" in metadata else {}


def reserve(books: Books, step: Step) -> Answer:
    statuses = {"expires_on": step.options["ends_on"].split()} if "ends_on" in step.options else {}
    return post(books, step, pending=True, **end_of(step), **statuses)


def part_of(books: Books, step: Step) -> dict[str, Any]:
    """Which part of a transaction is meant: all of it, an amount, or the entries of the row."""
    if any(line.debit or line.credit for line in step.legs):
        return {"legs": legs_of(books, step)}
    if step.amount is None:
        return {}
    return {"amount": Money.of(step.amount, step.options["in"] if "in" in step.options else currency(books, step))}


def currency(books: Books, step: Step) -> str:
    """The one currency of a scenario; where there are several, a part says which (`in EUR`)."""
    codes = sorted({ref.currency for ref in books.refs.values()})
    if len(codes) > 1:
        raise TableError(step.place, f"a part says its currency where there are several: `in {codes[0]}`")
    return codes[0]


def settle(books: Books, step: Step) -> Answer:
    pending_id = books.made[step.words[0]].transaction
    return said(step, posting.settle(pending_id=pending_id, **part_of(books, step), **named(step)))


def void(books: Books, step: Step) -> Answer:
    return said(step, posting.void(pending_id=books.made[step.words[0]].transaction, **named(step)))


def reverse(books: Books, step: Step) -> Answer:
    words = {"description": "reversed"} | named(step) | part_of(books, step)
    return said(step, posting.reverse(transaction_id=books.made[step.words[0]].transaction, **words))


def expire(books: Books, step: Step) -> Answer:
    """One reservation; or, without a name, all reservations and holds whose time has come."""
    if step.words:
        status = {"status": step.options["status"]} if "status" in step.options else {}
        pending_id = books.made[step.words[0]].transaction
        return answer(posting.expire(pending_id=pending_id, **status, **named(step)))
    now = timezone.now()
    ended = {"reservations": posting.expire_pending(now=now), "holds": holds.expire(now=now)}
    return Answer("done", ended, written=sum(ended.values()))


def extend(books: Books, step: Step) -> Answer:
    made, words = books.made[step.words[0]], {"reason": step.options.get("because", "more time"), "actor": Somebody()}
    words |= {"expires_at": moment(step.options["expires"]), "now": timezone.now()}
    if made.hold:
        return Answer("done", {"changed": holds.extend(hold_id=made.hold, **words)})
    return Answer("done", {"changed": posting.extend(pending_id=made.transaction, **words)})


def due(books: Books, step: Step) -> Answer:
    """The end of a reservation or hold has come. The database's clock cannot be moved, so the end is, by its owner."""
    made, past = books.made[step.words[0]], {"expires_at": timezone.now() - timedelta(milliseconds=1)}
    if made.hold:
        Hold.objects.filter(pk=made.hold).update(**past)
    else:
        Pending.objects.filter(pk=made.transaction).update(**past)
    return Answer("done")


def set_status(status: str) -> Callable[[Books, Step], Answer]:
    def change(books: Books, step: Step) -> Answer:
        accounts.set_status(account_id=books.refs[step.words[0]].id, status=status)
        return Answer("done")

    return change


def look(books: Books, step: Step) -> Answer:
    return Answer("done", changes=False)
