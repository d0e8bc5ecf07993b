"""Batches in which nothing can be refused are not judged draft by draft; whatever could be refused is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, connection, transaction

from ledger import accounts, invariants, posting
from ledger.models import Transaction
from ledger.posting import Draft, Source, available_gte, credit, debit
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


def line(number, amount="1", **words):
    """A line of a provider's settlement file: money comes in."""
    legs = [debit(books.bank(), Decimal(amount)), credit(books.wallet(books.BEN), Decimal(amount))]
    return Draft(reason="BANK_RECEIPT", legs=legs, source=Source("bank", "line", str(number)), **words)


def sent(amount):
    legs = [debit(books.wallet(), Decimal(amount)), credit(books.wallet(books.BEN), Decimal(amount))]
    return Draft(reason="CLIENT_INTERNAL_TRANSFER", legs=legs)


@pytest.fixture
def hundred():
    books.receive("100")
    books.wallet(books.BEN)


@pytest.fixture
def away(hundred):
    """The judge is away: a batch that needs one cannot be posted."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER FUNCTION ledger_judge RENAME TO ledger_judge_away")


def judged(drafts):
    try:
        with transaction.atomic():
            posting.post_each(drafts)
    except ProgrammingError as error:
        assert "ledger_judge" in str(error)
        return True
    return False


def test_what_always_fits_is_written_without_a_judge(away):
    later = datetime.now(UTC) + timedelta(days=1)
    drafts = [
        *(line(number) for number in range(20)),
        line("back then", effective_at=datetime(2026, 5, 1, tzinfo=UTC), metadata={"file": "x"}),
        line("chained", chain="a"),
        line("to come", pending=True, expires_at=later),
        sent("60"),
        replace(sent("40"), pending=True, idempotency_key="k"),
    ]
    posted = posting.post_batch(drafts)
    assert (len({one.id for one in posted}), any(one.replayed for one in posted)) == (25, False)
    assert (books.balance(books.wallet()), books.balance(books.wallet(books.BEN))) == ("40", "82")
    recorded = {one.pk: one.recorded_at for one in Transaction.objects.all()}
    assert all(recorded[one.id] == one.recorded_at for one in posted)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert {finding.check for finding in invariants.run().findings} == {"guards"}, "but for the judge, who is away"


@pytest.mark.parametrize(
    "drafts",
    [
        lambda: [sent("100.01")],
        lambda: [sent("60"), sent("41")],
        lambda: [replace(sent("60"), pending=True), sent("41")],
        lambda: [line(1, "50"), replace(sent("1"), conditions=[available_gte(books.wallet(), Decimal(1))])],
        lambda: [line(1), line(1)],
        lambda: [line(1), line(2, pending=True, expires_at=datetime(2026, 1, 1, tzinfo=UTC))],
        lambda: [line(1), Draft(reason="BANK_RECEIPT", legs=line(1).legs[:1])],
        lambda: [line(1), Draft(reason="MANUAL_ADJUSTMENT", legs=[debit(books.held(), Decimal(1)), line(1).legs[1]])],
    ],
    ids=["too much", "too much together", "too much reserved", "condition", "name", "ended", "lopsided", "held"],
)
def test_what_could_be_refused_is_judged(away, drafts):
    assert judged(drafts())
    assert (books.balance(books.wallet()), books.balance(books.wallet(books.BEN))) == ("100", "0")


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_an_account_that_takes_no_part_is_judged(away, status):
    accounts.set_status(account_id=books.wallet(books.BEN).id, status=status)
    assert judged([line(1)])


def test_a_name_in_the_books_is_answered_and_the_rest_is_written_once(hundred):
    """The unique index finds it in the middle of what was written without a judge: that is undone, then judged."""
    first = posting.post_batch([line(3)])[0]
    answers = posting.post_batch([line(number) for number in range(6)])
    assert [one.replayed for one in answers] == [False] * 3 + [True] + [False] * 2
    assert answers[3] == replace(first, replayed=True)
    assert books.balance(books.wallet(books.BEN)) == "6"
    assert Transaction.objects.count() == 7
