"""The verbs of periods: a business day or month is closed for ever, and its statements are asked for."""

import hashlib

from django.utils import timezone

from ledger import periods
from ledger.models import Account
from tests.scenarios.books import Answer, Books, Made, Somebody
from tests.scenarios.posting_acts import set_status
from tests.scenarios.reading import Step


def close(books: Books, step: Step) -> Answer:
    """An account, or a period: `2026-03-02` a day, `2026-03` a month."""
    label = step.words[0]
    if label in books.refs:
        return set_status("closed")(books, step)
    period = periods.close(period_id=periods.name(label=label).pk, actor=Somebody(), now=timezone.now())
    return Answer("done", {"entries": period.entries})


def statement(books: Books, step: Step) -> Answer:
    """A statement of a closed period; with `same st1`, the very bytes of the one that was made above."""
    name, label = step.words
    account = Account.objects.get(pk=books.refs[name].id)
    found = periods.statement(account=account, period=periods.find(label))
    digest = hashlib.sha256(found.body).hexdigest()
    facts = {"opening": found.opening, "closing": found.closing, "entries": found.entries}
    if "same" in step.options:
        facts["same"] = books.made[step.options["same"]].digest == digest
    return Answer("done", facts, Made(digest=digest), changes=False)
