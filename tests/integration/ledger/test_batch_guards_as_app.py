"""What a stolen app password could do with the function behind batches: no more than with postings."""

import uuid

import psycopg
import pytest

from tests.integration.ledger import books

pytestmark = pytest.mark.django_db

CALL = """
    SELECT ord, id, code FROM ledger_post_batch(%s, %s::uuid[], %s::text[], %s::boolean[], NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, %s::bytea[], %s::text[], NULL, NULL, NULL, %s::int[], %s::bigint[], %s::numeric[],
        %s::int[], %s::bigint[], %s::numeric[], %s::bigint[])"""


def arguments(legs, *, partial=False, conditions=()):
    """One reasoned draft with these (account, amount) legs and (account, least available, version) conditions."""
    return [
        partial, [uuid.uuid4()], ["MANUAL_ADJUSTMENT"], [False], [b"x" * 16], [""],
        [1] * len(legs), [account for account, _ in legs], [amount for _, amount in legs],
        [1] * len(conditions), *([condition[n] for condition in conditions] for n in range(3)),
    ]  # fmt: skip


@pytest.fixture
def unmoved(owner):
    sql = "SELECT count(*), (SELECT json_agg(b ORDER BY account_id)::text FROM ledger_balance b) FROM ledger_entry"
    before = owner.execute(sql).fetchone()
    yield
    assert owner.execute(sql).fetchone() == before, "something moved"


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize(
    ("legs", "code"),
    [
        ([("wallet", -5), ("bank", 4)], "unbalanced"),
        ([("wallet", "-0.001"), ("bank", "0.001")], "invalid_request"),
        ([("wallet", -5), ("dollars", 5)], "unbalanced"),
    ],
)
def test_what_never_balances_is_refused_by_the_entries_own_guard(app, kept_book, unmoved, legs, code, partial):
    ids = {"wallet": books.wallet().id, "bank": books.bank().id, "dollars": books.wallet(currency="USD").id}
    with pytest.raises(psycopg.Error) as caught:
        app.execute(CALL, arguments([(ids[name], amount) for name, amount in legs], partial=partial))
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == ("LG000", code)


@pytest.mark.parametrize(
    ("out_of", "amount", "condition", "code"),
    [
        ("wallet", 10**9, None, "insufficient_available"),
        ("held", 1, None, "invalid_request"),
        ("wallet", 1, ("bank", None, 0), "invalid_request"),
        ("wallet", 1, ("wallet", 10**9, None), "condition_not_met"),
        ("wallet", 1, ("wallet", None, 0), "version_conflict"),
    ],
)
def test_what_accounts_and_conditions_do_not_allow_is_refused_in_either_mode(
    app, kept_book, unmoved, out_of, amount, condition, code
):
    ids = {"wallet": books.wallet().id, "bank": books.bank().id, "held": books.held().id}
    legs = [(ids[out_of], -amount), (ids["bank"], amount)]
    conditions = [(ids[condition[0]], *condition[1:])] if condition else []
    assert app.execute(CALL, arguments(legs, partial=True, conditions=conditions)).fetchall() == [(1, None, code)]
    with pytest.raises(psycopg.Error) as caught:
        app.execute(CALL, arguments(legs, conditions=conditions))
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == ("LG000", code)


def test_entries_of_a_draft_stand_next_to_each_other(app, kept_book, unmoved):
    """Their places are counted from the first one, so nothing may come between them."""
    legs = [(books.wallet().id, -5), (books.wallet().id, -5), (books.bank().id, 5), (books.bank().id, 5)]
    call = arguments(legs)
    call[1:6] = [2 * value for value in ([uuid.uuid4()], *call[2:6])]
    call[1][1], call[6] = uuid.uuid4(), [1, 2, 1, 2]
    with pytest.raises(psycopg.Error) as caught:
        app.execute(CALL, call)
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == ("LG000", "invalid_request")


@pytest.mark.parametrize("drafts", [[], [0, 2]])
def test_a_draft_without_entries_of_its_own_is_not_written(app, kept_book, unmoved, drafts):
    legs = [(books.bank().id, 5), (books.bank().id, -5)][: len(drafts)]
    call = arguments(legs)
    call[6] = drafts
    with pytest.raises(psycopg.Error):
        app.execute(CALL, call)


def test_the_judge_is_not_for_callers(app):
    sql = "SELECT has_function_privilege(oid, 'EXECUTE') FROM pg_proc WHERE proname = %s"
    assert app.execute(sql, ["ledger_judge"]).fetchall() == [(False,)]
    assert app.execute(sql, ["ledger_batch_accounts"]).fetchall() == [(False,)]
    assert app.execute(sql, ["ledger_post_batch"]).fetchall() == [(True,)]
