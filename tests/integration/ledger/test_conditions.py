"""Conditions: a posting that happens only if the account has enough, or has not moved since the caller looked."""

from decimal import Decimal

import pytest
from django.db import transaction

from ledger import invariants, posting, queries
from ledger.errors import ConditionNotMet, InvalidAmount, InvalidRequest, VersionConflict
from ledger.models import Transaction
from ledger.posting import Draft, available_gte, credit, debit, if_version
from tests.factories.refusals import refused
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


def version(account):
    return queries.balance_of(account.id).seq


def move(amount, *conditions, **words):
    with transaction.atomic():
        return posting.post(
            reason="CLIENT_INTERNAL_TRANSFER",
            legs=[debit(books.wallet(), Decimal(amount)), credit(books.wallet(books.BEN), Decimal(amount))],
            conditions=conditions,
            **words,
        )


def test_a_posting_goes_through_while_the_account_is_as_the_caller_saw_it():
    books.receive("100")
    seen = version(books.wallet())
    assert seen == 1
    move("10", if_version(books.wallet(), seen))
    assert version(books.wallet()) == 2
    error = refused(VersionConflict, lambda: move("10", if_version(books.wallet(), seen)))
    assert (error.data["expected"], error.data["version"]) == (1, 2)
    assert books.wallet().code in error.detail
    assert books.balance(books.wallet()) == "90"


def test_reservations_and_their_ends_raise_the_version_too():
    books.receive("100")
    pending = books.send("10", pending=True)
    assert version(books.wallet()) == 2
    books.void(pending)
    assert version(books.wallet()) == 3
    move("1", if_version(books.wallet(), 3), if_version(books.wallet(books.BEN), 2))


def test_enough_must_be_available_before_reservations_counted_and_floors_not():
    books.receive("100")
    books.trading()
    books.send("30", pending=True)
    move("10", available_gte(books.wallet(), Decimal("70")))
    error = refused(ConditionNotMet, lambda: move("10", available_gte(books.wallet(), Decimal("60.01"))))
    assert (error.data["available"], error.data["wanted"]) == ("60", "60.01")
    assert books.wallet().code in error.detail
    # Money on its way in is not there yet, and an account that the posting does not touch may be asked about too.
    refused(ConditionNotMet, lambda: move("10", available_gte(books.wallet(books.BEN), Decimal("10.01"))))
    refused(ConditionNotMet, lambda: move("10", available_gte(books.trading(), Decimal("0.01"))))
    move("10", available_gte(books.trading(), Decimal("-5")))


def test_a_replay_is_answered_whatever_has_become_of_the_condition():
    books.receive("100")
    first = move("10", if_version(books.wallet(), 1), idempotency_key="k")
    again = move("10", if_version(books.wallet(), 1), idempotency_key="k")
    assert (again.id, again.replayed) == (first.id, True)
    assert move("10", idempotency_key="k").id == first.id
    assert Transaction.objects.count() == 2


def test_a_reservation_can_be_conditional():
    books.receive("100")
    move("10", if_version(books.wallet(), 1), pending=True)
    assert books.figures(books.wallet()) == ("100", "0", "10")
    assert invariants.run().clean


def test_house_accounts_carry_no_condition():
    for account in (books.bank(), books.fees()):
        with pytest.raises(InvalidRequest, match="keeps no live balance"):
            available_gte(account, Decimal(1))
        with pytest.raises(InvalidRequest, match="keeps no live balance"):
            if_version(account, 0)
    # Who goes round that is refused by the database.
    books.receive("100")
    forged = posting.Condition(books.bank(), version=0)
    error = refused(InvalidRequest, lambda: move("1", forged))
    assert error.param == "conditions"
    assert "live balance" in error.detail


@pytest.mark.parametrize("wrong", [-1, True, "1", 2**63, 1.0])
def test_a_version_is_a_whole_number(wrong):
    with pytest.raises(InvalidRequest):
        if_version(books.wallet(), wrong)


def test_an_amount_has_the_decimals_of_its_currency():
    with pytest.raises(InvalidAmount):
        available_gte(books.wallet(), Decimal("1.001"))


def test_in_a_batch_a_condition_sees_what_the_drafts_before_left():
    books.receive("100")
    legs = [debit(books.wallet(), Decimal(10)), credit(books.wallet(books.BEN), Decimal(10))]
    drafts = [
        Draft(reason="CLIENT_INTERNAL_TRANSFER", legs=legs, conditions=[condition])
        for condition in (
            if_version(books.wallet(), 1),
            if_version(books.wallet(), 1),
            if_version(books.wallet(), 2),
            available_gte(books.wallet(), Decimal(80)),
            available_gte(books.wallet(), Decimal(80)),
        )
    ]
    answers = posting.post_each(drafts)
    found = [getattr(answer, "code", "ok") for answer in answers]
    assert found == ["ok", "version_conflict", "ok", "ok", "condition_not_met"]
    assert books.balance(books.wallet()) == "70"


def test_a_reversal_takes_no_condition():
    with pytest.raises(InvalidRequest) as caught:
        move("1", if_version(books.wallet(), 0), reverses=books.receive("1").id)
    assert caught.value.param == "conditions"
