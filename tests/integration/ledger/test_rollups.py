"""Sums of the book: however it is grouped and at whatever moment, debits equal credits and a drill-down adds up."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger import errors, queries, rollups
from ledger.scopes import Scope, scope

pytestmark = pytest.mark.django_db

MOMENTS = [
    None,
    datetime(2026, 2, 27, tzinfo=UTC),
    datetime(2026, 3, 2, 12, tzinfo=UTC),
    datetime(2026, 3, 4, tzinfo=UTC),
]


@pytest.mark.parametrize("by", rollups.LEVELS)
@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_debits_equal_credits_per_currency_at_any_moment(kept_book, by, at):
    rows = rollups.roll_up(by=by, effective_at=at)
    assert rows
    for total in rollups.totals(rows):
        assert total.debit == total.credit
        trial = queries.trial_balance(currency=total.currency, effective_at=at)
        assert total.debit == sum(row.debit for row in trial), "the trial balance says the same"


def test_the_sums_of_the_accounts_are_the_sums_of_the_groups(kept_book):
    accounts = {(row.name, row.currency): row for row in rollups.roll_up(by="account")}
    for (code, currency), row in accounts.items():
        assert row.balance == next(
            figures.balance for figures in queries.trial_balance(currency=currency) if figures.code == code
        )
    for by in ("category", "kind", "prefix"):
        groups, singles = defaultdict(Decimal), defaultdict(Decimal)
        for row in rollups.roll_up(by=by):
            groups[row.currency] += row.credit - row.debit
        for row in accounts.values():
            singles[row.currency] += row.credit - row.debit
        assert groups == singles


def test_a_group_opens_into_what_it_is_made_of(kept_book):
    clients = next(row for row in rollups.roll_up(by="prefix") if row.name == "client" and row.currency == "EUR")
    owners = rollups.roll_up(by="prefix", within=scope(prefix="client/*", currency="EUR"))
    assert {row.name for row in owners} == {"client/cl_ada", "client/cl_ben"}
    assert sum(row.credit - row.debit for row in owners) == clients.credit - clients.debit
    assert sum(row.accounts for row in owners) == clients.accounts
    ada = rollups.roll_up(by="account", within=scope(prefix="client/cl_ada", currency="EUR"))
    assert sum(row.balance for row in ada) == next(row.balance for row in owners if row.name == "client/cl_ada")
    assert {row.name for row in ada} >= {"client/cl_ada/wallet", "client/cl_ada/held"}


def test_what_is_pending_is_told_beside_the_posted_sum(kept_book):
    wallets = next(iter(rollups.roll_up(by="kind", within=scope(kind="wallet", currency="EUR"))))
    assert wallets.pending_out == Decimal("65.5")


def test_a_branch_is_not_its_neighbour_with_a_longer_name(kept_book):
    assert rollups.roll_up(by="account", within=scope(prefix="client/cl_a")) == []
    assert rollups.roll_up(by="account", within=scope(prefix="ban")) == []


def test_the_side_of_a_sum_follows_from_its_words_alone():
    assert Scope(kind="debt").sign == Scope(prefix="bank").sign == Scope(category="expense").sign == -1
    assert Scope(kind="wallet").sign == Scope(prefix="client").sign == Scope(prefix="house/fees").sign == 1
    assert Scope(prefix="client/cl_7/debt").sign == -1


@pytest.mark.parametrize("words", [{"category": "money"}, {"kind": "purse"}, {"prefix": "a//b"}, {"prefix": "%"}])
def test_words_that_name_nothing_are_refused(words):
    with pytest.raises(errors.InvalidRequest) as refused:
        scope(**words)
    assert refused.value.param == next(iter(words))
