"""Batches: every bad draft is named before anything is written, each for itself, chains, replays, reservations."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from ledger import accounts, invariants, posting
from ledger.accounts import AccountRef
from ledger.errors import (
    AccountClosed,
    ChainBroken,
    DomainError,
    DuplicateReference,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidRequest,
    Unbalanced,
)
from ledger.models import Entry, Pending, Transaction
from ledger.posting import Draft, Source, credit, debit
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


def move(amount, *, out_of=None, to=None, **words):
    legs = [debit(out_of or books.wallet(), Decimal(amount)), credit(to or books.wallet(books.BEN), Decimal(amount))]
    return Draft(reason="CLIENT_INTERNAL_TRANSFER", legs=legs, **words)


def lopsided():
    legs = [debit(books.wallet(), Decimal(5)), credit(books.wallet(books.BEN), Decimal(4))]
    return Draft(reason="CLIENT_INTERNAL_TRANSFER", legs=legs)


def each(*drafts):
    with transaction.atomic():
        return posting.post_each(drafts)


def codes(answers):
    return [answer.code if isinstance(answer, DomainError) else "ok" for answer in answers]


def sound():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return invariants.run().findings == []


@pytest.fixture
def hundred():
    books.receive("100", idempotency_key="salary")
    books.wallet(books.BEN)


def test_every_bad_draft_is_named_and_nothing_is_written(hundred):
    used = books.send("1", idempotency_key="used")
    before = Entry.objects.count()
    drafts = [
        move("60"),
        lopsided(),
        move("2", idempotency_key="used"),
        move("60"),
        move("40"),
        Draft(reason="CHARGEBACK", legs=move("1").legs),
        move("39"),
    ]
    with pytest.raises(Unbalanced) as caught, transaction.atomic():
        posting.post_batch(drafts)
    assert caught.value.data["index"] == 1
    assert [(bad["index"], bad["code"]) for bad in caught.value.data["errors"]] == [
        (1, "unbalanced"),
        (2, "idempotency_key_reused"),
        (3, "insufficient_available"),
        (4, "insufficient_available"),
        (5, "invalid_request"),
    ]
    third, fourth = caught.value.data["errors"][2:4]
    assert (third["available"], third["wanted"], third["account"]) == ("39", "60", books.wallet().code)
    assert third["detail"].startswith(books.wallet().code)
    assert (fourth["available"], fourth["wanted"]) == ("39", "40")
    assert caught.value.data["errors"][1]["transaction"] == str(used.id)
    assert (Entry.objects.count(), books.balance(books.wallet())) == (before, "99")


def test_each_for_itself_leaves_what_could_be_posted(hundred):
    answers = each(move("60"), lopsided(), move("60"), move("40"), move("1"))
    assert codes(answers) == ["ok", "unbalanced", "insufficient_available", "ok", "insufficient_available"]
    assert (books.balance(books.wallet()), books.balance(books.wallet(books.BEN))) == ("0", "100")
    assert Transaction.objects.count() == 3
    assert sound()


def test_money_that_comes_in_earlier_in_the_batch_can_be_spent_later_in_it(hundred):
    there_and_back = [move("100"), move("80", out_of=books.wallet(books.BEN), to=books.wallet()), move("80")]
    assert codes(each(*there_and_back)) == ["ok"] * 3
    assert books.balance(books.wallet(books.BEN)) == "100"
    assert sound()


def test_a_chain_stands_or_falls_together(hundred):
    answers = each(
        move("30", chain="rent"),
        move("90", chain="rent"),
        move("10", chain="rent"),
        move("50"),
        move("25", chain="food", idempotency_key="f1"),
        move("25", chain="food"),
    )
    assert codes(answers) == ["chain_broken", "insufficient_available", "chain_broken", "ok", "ok", "ok"]
    assert [answers[n].data["broken_by"] for n in (0, 2)] == [1, 1]
    assert isinstance(answers[0], ChainBroken)
    assert books.balance(books.wallet()) == "0"
    assert sound()


def test_a_broken_chain_gives_back_its_money_and_its_names(hundred):
    answers = each(
        move("100", chain="a", idempotency_key="k"),
        move("100", chain="a", idempotency_key="k"),  # a replay of what falls with the chain
        lopsided_in("a"),
        move("100", idempotency_key="k"),
    )
    assert codes(answers) == ["chain_broken", "chain_broken", "unbalanced", "ok"]
    assert not answers[3].replayed
    assert books.balance(books.wallet(books.BEN)) == "100"
    assert sound()


def test_every_name_of_a_broken_chain_is_free_again(hundred):
    """Also where other names of the batch come first in the database's count."""
    line = Source("bank", "line", "1")
    answers = each(
        move("10", chain="a", source=line),
        move("500", chain="a"),
        move("20", source=line),
        move("1", idempotency_key="k"),
        move("1", idempotency_key="k"),
    )
    assert codes(answers) == ["chain_broken", "insufficient_available", "ok", "ok", "ok"]
    assert [answer.replayed for answer in answers[2:]] == [False, False, True]
    assert books.balance(books.wallet()) == "79"
    assert sound()


def lopsided_in(chain):
    return Draft(reason="CLIENT_INTERNAL_TRANSFER", legs=lopsided().legs, chain=chain)


def test_members_of_a_chain_stand_next_to_each_other(hundred):
    answers = each(move("1", chain="a"), move("2"), move("3", chain="a"))
    assert codes(answers) == ["ok", "ok", "invalid_request"]
    assert answers[2].param == "chain"


def test_a_member_that_was_posted_before_is_answered_even_if_its_chain_breaks(hundred):
    first = each(move("10", idempotency_key="k"))[0]
    answers = each(move("10", idempotency_key="k", chain="a"), move("95", chain="a"))
    assert answers[0].id == first.id
    assert answers[0].replayed
    assert codes(answers) == ["ok", "insufficient_available"]


def test_fresh_and_replayed_drafts_mix_and_one_key_counts_once(hundred):
    old = each(move("1", idempotency_key="a", source=books.source("s1")))[0]
    answers = each(
        move("1", idempotency_key="a", source=books.source("s1")),
        move("2", idempotency_key="b"),
        move("2", idempotency_key="b"),
        move("3", idempotency_key="b"),
        move("4", source=books.source("s1")),
        move("5", source=books.source("s2")),
        move("6", source=books.source("s2")),
    )
    assert codes(answers) == [
        "ok", "ok", "ok", "idempotency_key_reused", "duplicate_reference", "ok", "duplicate_reference",
    ]  # fmt: skip
    assert [answer.replayed for answer in answers[:3]] == [True, False, True]
    assert answers[0].id == old.id
    assert answers[1].id == answers[2].id
    assert isinstance(answers[3], IdempotencyKeyReused)
    assert isinstance(answers[4], DuplicateReference)
    assert books.balance(books.wallet()) == "92"
    assert sound()


def test_a_single_posting_replays_from_a_batch_and_the_other_way_round(hundred):
    one = books.send("1", idempotency_key="a")
    again, other = each(move("1", idempotency_key="a"), move("2", idempotency_key="b"))
    assert (again.id, again.replayed, again.recorded_at) == (one.id, True, one.recorded_at)
    assert books.send("2", idempotency_key="b").id == other.id
    reserved = each(move("3", idempotency_key="c", pending=True))[0]
    assert books.send("3", idempotency_key="c", pending=True).id == reserved.id
    with pytest.raises(IdempotencyKeyReused):
        books.send("3", idempotency_key="c")


def test_reservations_in_a_batch_are_settled_like_any_other(hundred):
    expires = datetime(2030, 1, 1, tzinfo=UTC)
    first, second, third = each(
        move("60", pending=True, expires_at=expires), move("60"), move("40", to=books.trading(), pending=True)
    )
    assert isinstance(second, InsufficientAvailable)
    assert books.figures(books.wallet()) == ("100", "0", "100")
    assert books.figures(books.wallet(books.BEN)) == ("0", "60", "0")
    pending = Pending.objects.get(pk=first.id)
    assert (pending.amount, pending.remaining, pending.state, pending.expires_at) == (60, 60, "pending", expires)
    books.settle(first)
    books.void(third)
    assert books.figures(books.wallet()) == ("40", "0", "0")
    assert sound()


def test_what_takes_effect_earlier_is_marked_as_backdated(hundred):
    now = datetime.now(UTC)
    each(move("1", effective_at=now), move("2", effective_at=now - timedelta(days=2)), move("3", effective_at=now))
    rows = Entry.objects.filter(account_id=books.wallet(books.BEN).id).order_by("seq")
    assert [row.backdated for row in rows] == [False, True, False]
    assert [books.plain(row.balance_after) for row in rows] == ["1", "3", "6"]


def test_a_closed_account_and_one_that_is_not_there_are_refused_by_name(hundred):
    closed = books.wallet("cl_gone")
    nobody = AccountRef(10**9, "client/cl_no/wallet", "EUR", "wallet", 1)
    accounts.set_status(account_id=closed.id, status="closed")
    answers = each(move("1", to=closed), move("1", to=nobody), move("1", to=books.held()))
    assert codes(answers) == ["account_closed", "not_found", "invalid_request"]
    assert isinstance(answers[0], AccountClosed)
    assert answers[0].data["account"] == closed.code


def test_words_with_quotes_backslashes_and_nulls_arrive_as_they_are(hundred):
    text = 'a "quoted\\" {word}, NULL\n\ttab \\x00 ü €'
    drafts = [
        move(
            "1", description=text, metadata={"note": text, "n": None}, idempotency_key=text, source=books.source(text)
        ),
        move("1", description="NULL", idempotency_key="NULL"),
        move("1"),
    ]
    answers = each(*drafts)
    first, second, third = (Transaction.objects.get(pk=answer.id) for answer in answers)
    assert (first.description, first.idempotency_key, first.source_id) == (text, text, text)
    assert first.metadata == {"note": text, "n": None}
    assert (second.description, second.idempotency_key, second.metadata) == ("NULL", "NULL", None)
    assert (third.description, third.idempotency_key, third.source_id) == ("", None, None)
    assert [answer.replayed for answer in each(*drafts[:2])] == [True, True]


def test_a_batch_has_a_limit_and_may_be_empty(hundred):
    assert each() == []
    assert posting.post_batch([]) == []
    with pytest.raises(InvalidRequest) as caught:
        posting.post_each([move("1")] * 10_001)
    assert caught.value.param == "transactions"
    assert books.balance(books.wallet()) == "100"
