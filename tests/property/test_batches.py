"""A batch is the same as its drafts posted one by one: two pieces of SQL, one outcome."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import accounts, invariants, posting
from ledger.errors import DomainError
from ledger.posting import Draft, Leg, Source, available_gte

CODES = [
    "bank/sepa/client-money",
    "client/ada/wallet",
    "client/ben/wallet",
    "client/ada/trading/mt5/1",
    "client/ada/held",
]
START = datetime(2026, 5, 1, tzinfo=UTC)

accounts_of = st.sampled_from([0, 0, 1, 1, 2, 2, 3] * 3 + [4])
amounts = st.sampled_from([1, 5, 5, 20, 100])


@st.composite
def drafts(draw):
    made = []
    for _ in range(draw(st.integers(1, 2))):
        made += [(draw(accounts_of), -1), (draw(accounts_of), 1)]
        amount = draw(amounts)
        made[-2:] = [(made[-2][0], -amount), (made[-1][0], amount)]
    return {
        "legs": made,
        "key": draw(st.sampled_from([None, None, None, "k1", "k2"])),
        "source": draw(st.sampled_from([None, None, None, "s1", "s2"])),
        "effective_at": START + timedelta(days=draw(st.integers(0, 9))),
    }


def draft(words, refs):
    return Draft(
        reason="MANUAL_ADJUSTMENT",
        legs=[Leg(refs[index], Decimal(amount)) for index, amount in words["legs"]],
        idempotency_key=words["key"],
        source=Source("test", "draft", words["source"]) if words["source"] else None,
        effective_at=words["effective_at"],
    )


def outcome(post):
    """What a way of posting leaves behind, seen from outside: answers or refusal, entries, balances. Then undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            with transaction.atomic():
                answers = post()
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except DomainError as error:
            answers = (error.code, error.data.get("index"))
        cursor.execute("""
            SELECT a.code, e.amount, e.layer, e.seq, e.balance_after, e.pending_in_after, e.pending_out_after,
                   e.effective_at, e.backdated, e.leg, t.idempotency_key, t.source_id, t.legs, t.phase
              FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
              JOIN ledger_transaction t ON t.id = e.transaction_id ORDER BY e.id""")
        entries = cursor.fetchall()
        cursor.execute("""SELECT account_id, balance, pending_in, pending_out, seq, effective_high FROM ledger_balance
                           ORDER BY account_id""")
        balances = cursor.fetchall()
        assert invariants.run().findings == []
        transaction.set_rollback(True)
    return answers, entries, balances


def one_by_one(made):
    """The loop that a batch stands for; a refusal names the draft and leaves nothing."""
    order, answers = [], []
    for index, words in enumerate(made):
        try:
            posted = posting.post(
                reason=words.reason,
                legs=words.legs,
                idempotency_key=words.idempotency_key,
                source=words.source,
                effective_at=words.effective_at,
            )
        except DomainError as error:
            error.data["index"] = index
            raise
        if posted.id not in order:
            order.append(posted.id)
        answers.append((order.index(posted.id), posted.replayed))
    return answers


def batch(made):
    order, answers = [], []
    for posted in posting.post_batch(made):
        if posted.id not in order:
            order.append(posted.id)
        answers.append((order.index(posted.id), posted.replayed))
    return answers


def batch_each(made):
    """The answers of `post_each` in order; transactions by the draft that wrote them."""
    order, answers = [], []
    for one in posting.post_each(made):
        if isinstance(one, DomainError):
            answers.append((one.code, one.param, one.data))
            continue
        if one.id not in order:
            order.append(one.id)
        answers.append((order.index(one.id), one.replayed))
    return answers


@pytest.mark.django_db
@given(words=st.lists(drafts(), min_size=1, max_size=8), frozen=st.booleans())
def test_a_batch_is_its_drafts_one_by_one(words, frozen):
    with transaction.atomic():
        refs = [accounts.ref(code, "EUR") for code in CODES]
        posting.post(
            reason="MANUAL_ADJUSTMENT", legs=[Leg(refs[0], Decimal(-60)), Leg(refs[1], Decimal(60))], effective_at=START
        )
        if frozen:
            accounts.set_status(account_id=refs[2].id, status="frozen")
        made = [draft(each, refs) for each in words]
        loop, together = outcome(lambda: one_by_one(made)), outcome(lambda: batch(made))
        assert loop == together
        transaction.set_rollback(True)


@pytest.mark.django_db
@given(
    words=st.lists(drafts(), min_size=1, max_size=8),
    pending=st.lists(st.booleans(), min_size=8, max_size=8),
    funds=st.sampled_from([60, 5000]),
    status=st.sampled_from(["open", "open", "open", "frozen", "closed"]),
    each=st.booleans(),
)
def test_a_batch_is_the_same_whether_it_is_judged_draft_by_draft_or_not(words, pending, funds, status, each):
    """A condition that always holds has each draft judged; without it, only batches that could be refused are."""
    with transaction.atomic():
        refs = [accounts.ref(code, "EUR") for code in CODES]
        start = [Leg(refs[0], Decimal(-3 * funds)), *(Leg(ref, Decimal(funds)) for ref in refs[1:4])]
        posting.post(reason="MANUAL_ADJUSTMENT", legs=start, effective_at=START + timedelta(days=3))
        spare = accounts.ref("client/cl_spare/wallet", "EUR")
        accounts.set_status(account_id=spare.id, status=status)
        made = [
            replace(draft(one, [*refs[:2], refs[2] if funds > 60 else spare, *refs[3:]]), pending=reserve)
            for one, reserve in zip(words, pending, strict=False)
        ]
        judged = [replace(one, conditions=[available_gte(refs[1], Decimal(-(10**9)))]) for one in made]
        way = batch_each if each else batch
        assert outcome(lambda: way(made)) == outcome(lambda: way(judged))
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_batch_that_was_posted_before_is_answered_again_and_other_content_is_refused():
    refs = [accounts.ref(code, "EUR") for code in CODES]
    made = [
        draft({"legs": [(0, -5), (1, 5)], "key": f"k{n}", "source": None, "effective_at": START}, refs)
        for n in range(3)
    ]
    first = posting.post_batch(made)
    again = posting.post_batch(made)
    assert [posted.replayed for posted in again] == [True] * 3
    assert [posted.id for posted in again] == [posted.id for posted in first]
    other = draft({"legs": [(0, -6), (1, 6)], "key": "k1", "source": None, "effective_at": START}, refs)
    with pytest.raises(DomainError) as refused, transaction.atomic():
        posting.post_batch([other])
    assert (refused.value.code, refused.value.data["index"]) == ("idempotency_key_reused", 0)
