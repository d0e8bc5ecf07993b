"""Refusals: each cause has one stable code, and what the database says becomes the same error that Python raises."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, OperationalError

from ledger import database, errors
from ledger.accounts import AccountRef
from ledger.posting import Leg, Source, fingerprint


def every(cause=errors.DomainError):
    for child in cause.__subclasses__():
        yield child
        yield from every(child)


@pytest.mark.parametrize("cause", [c for c in every() if c.__module__ == errors.__name__], ids=lambda c: c.__name__)
def test_each_cause_has_a_code_and_words(cause):
    error = cause()
    assert error.code.replace("_", "").isalpha()
    assert str(error) == error.detail == cause.default_detail
    assert cause("other words", param="amount", index=3).data == {"index": 3}


class FromDatabase(Exception):
    """What psycopg raises, as far as we look at it."""

    def __init__(self, sqlstate, message="", detail="", constraint=None):
        self.sqlstate = sqlstate
        self.diag = type(
            "Diag", (), {"message_primary": message, "message_detail": detail, "constraint_name": constraint}
        )


def raised(cause, kind=DatabaseError):
    error = kind("x")
    error.__cause__ = cause
    return error


def test_the_databases_refusal_becomes_the_same_error():
    facts = '{"account": "client/a/wallet", "currency": "EUR", "available": "1", "wanted": "2"}'
    error = database.refusal(raised(FromDatabase("LG000", "insufficient_available", facts)))
    assert isinstance(error, errors.InsufficientAvailable)
    assert str(error) == "client/a/wallet has 1 EUR available, 2 EUR is needed."
    error = database.refusal(raised(FromDatabase("LG000", "invalid_request", '{"param": "amount"}')))
    assert (type(error), error.param) == (errors.InvalidRequest, "amount")
    error = database.refusal(raised(FromDatabase("23514", constraint="ledger_balance_floor")))
    assert isinstance(error, errors.InsufficientAvailable)


def test_what_is_no_refusal_stays_what_it_is():
    for cause in (FromDatabase("40P01"), FromDatabase("LG000", "append_only"), FromDatabase("23505")):
        error = raised(cause)
        assert database.refusal(error) is error


def test_only_deadlocks_and_serialization_failures_are_worth_another_try():
    for state, transient in (("40001", True), ("40P01", True), ("23505", False), ("57014", False)):
        assert database.is_transient(raised(FromDatabase(state), OperationalError)) is transient
        assert database.is_transient(FromDatabase(state)) is transient


def test_a_fingerprint_differs_with_every_part_and_with_nothing_else():
    account, other = AccountRef(1, "a", "EUR", "wallet", 1), AccountRef(2, "b", "EUR", "wallet", 1)
    base = ["single", "X", [Leg(account, Decimal("1.50"))], Source("s", "k", "1"), None, "", {"a": 1, "b": 2}]
    same = ["single", "X", [Leg(account, Decimal("1.5"))], Source("s", "k", "1"), None, "", {"b": 2, "a": 1}]
    assert fingerprint(*base) == fingerprint(*same)
    changes = [
        (0, "pending"),
        (1, "Y"),
        (2, [Leg(other, Decimal("1.5"))]),
        (2, [Leg(account, Decimal("1.51"))]),
        (3, Source("s", "k", "2")),
        (3, None),
        (5, "words"),
        (6, {"a": 1}),
    ]
    for index, value in changes:
        assert fingerprint(*base[:index], value, *base[index + 1 :]) != fingerprint(*base)
