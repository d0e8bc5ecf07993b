"""Dry runs: the entries and balances that would be, every refusal of the real call, and nothing left behind."""

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from ledger import accounts, dry_runs, posting, queries
from ledger.errors import DomainError, InsufficientAvailable, InvalidTransition
from ledger.posting import Draft, credit, debit, if_version
from tests.factories.refusals import changes, footprint, unchanged
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


def words(amount, **more):
    legs = [debit(books.wallet(), Decimal(amount)), credit(books.wallet(books.BEN), Decimal(amount))]
    return {"reason": "CLIENT_INTERNAL_TRANSFER", "legs": legs, **more}


def shown(lines):
    return [(line.code, line.amount, line.balance_before, line.balance_after, line.seq) for line in lines]


@pytest.fixture(autouse=True)
def hundred():
    books.receive("100")
    books.wallet(books.BEN)


def test_it_shows_the_very_entries_that_the_real_call_then_writes():
    rehearsed = unchanged(lambda: dry_runs.post(**words("12.50")))
    assert shown(rehearsed.lines) == [
        (books.wallet().code, Decimal("-12.5"), 100, Decimal("87.5"), 2),
        (books.wallet(books.BEN).code, Decimal("12.5"), 0, Decimal("12.5"), 1),
    ]
    with transaction.atomic():
        posted = posting.post(**words("12.50"))
    assert shown(queries.lines_of(posted.id)) == shown(rehearsed.lines)


@pytest.mark.parametrize(
    "more",
    [
        {"amount": "100.01"},
        {"amount": "60", "idempotency_key": "used"},
        {"amount": "60", "conditions": True},
        {"amount": "5", "reason": "CHARGEBACK"},
    ],
)
def test_a_refusal_is_that_of_the_real_call(more):
    books.send("1", idempotency_key="used")
    amount, more = more["amount"], {name: word for name, word in more.items() if name != "amount"}
    if more.get("conditions"):
        more["conditions"] = [if_version(books.wallet(), 7)]
    found = []
    for act in (dry_runs.post, posting.post):
        before = footprint()
        with pytest.raises(DomainError) as caught, transaction.atomic():
            act(**words(amount, **more))
        assert changes(before) == {}
        found.append(
            (type(caught.value), caught.value.code, caught.value.detail, caught.value.param, caught.value.data)
        )
    assert found[0] == found[1]


def test_a_replay_is_shown_as_the_transaction_that_is_there():
    sent = books.send("5", idempotency_key="k")
    rehearsed = unchanged(lambda: dry_runs.post(**words("5", idempotency_key="k")))
    assert rehearsed.replays == sent.id
    assert [line.balance_after for line in rehearsed.lines] == [95, 5]


def test_what_repeats_another_of_the_same_batch_repeats_nothing_that_is_in_the_books():
    twins = [Draft(**words("5", idempotency_key="k"))] * 2
    first, second = unchanged(lambda: dry_runs.post_batch(twins))
    assert (first.replays, second.replays) == (None, None)
    assert [line.balance_after for line in second.lines] == [95, 5]


def test_a_batch_shows_each_step_and_what_would_be_refused():
    drafts = [Draft(**words("60")), Draft(**words("60")), Draft(**words("30", pending=True))]
    first, second, third = unchanged(lambda: dry_runs.post_each(drafts))
    assert [line.balance_after for line in first.lines] == [40, 60]
    assert isinstance(second, InsufficientAvailable)
    assert [(line.balance_before, line.balance_after, line.layer) for line in third.lines] == [(40, 40, 1), (60, 60, 1)]
    before = footprint()
    with pytest.raises(InsufficientAvailable) as caught:
        dry_runs.post_batch(drafts)
    assert [bad["index"] for bad in caught.value.data["errors"]] == [1]
    assert changes(before) == {}
    whole = unchanged(lambda: dry_runs.post_batch(drafts[::2]))
    assert [len(one.lines) for one in whole] == [2, 2]


def test_any_verb_can_be_rehearsed():
    pending = books.send("40", pending=True)
    settled = unchanged(lambda: dry_runs.rehearse(lambda: books.settle(pending)))
    assert settled.remaining == 0
    books.void(pending)
    with pytest.raises(InvalidTransition):
        dry_runs.rehearse(lambda: books.settle(pending))


def test_an_account_opened_on_the_way_is_not_there_afterwards():
    def work():
        target = accounts.ref("client/cl_new/wallet", "EUR")
        return dry_runs.post(reason="BANK_RECEIPT", legs=[debit(books.bank(), Decimal(1)), credit(target, Decimal(1))])

    assert unchanged(lambda: dry_runs.rehearse(work)).lines[1].code == "client/cl_new/wallet"


def test_house_accounts_show_each_step_of_a_batch_although_they_keep_none():
    def receipt(amount, **more):
        legs = [debit(books.bank(), Decimal(amount)), credit(books.wallet(), Decimal(amount))]
        return Draft(reason="BANK_RECEIPT", legs=legs, **more)

    drafts = [receipt("1"), Draft(**words("500")), receipt("2", pending=True), receipt("4")]
    answers = unchanged(lambda: dry_runs.post_each(drafts))
    assert isinstance(answers[1], InsufficientAvailable)
    bank = [answer.lines[0] for answer in answers if not isinstance(answer, DomainError)]
    assert [(line.balance_before, line.balance_after) for line in bank] == [(100, 101), (101, 101), (101, 105)]
    with transaction.atomic():
        posted = posting.post_batch(drafts[:1])
    assert queries.lines_of(posted[0].id)[0].balance_after is None


def test_how_many_statements_it_takes_does_not_depend_on_the_entries():
    def asked(count):
        legs = [debit(books.bank(), Decimal(count)), *(credit(books.wallet(), Decimal(1)) for _ in range(count))]
        with CaptureQueriesContext(connection) as seen:
            dry_runs.post(reason="BANK_RECEIPT", legs=legs)
        return len(seen)

    assert asked(1) == asked(90)
