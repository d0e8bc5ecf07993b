"""The guard against calls inside transactions is itself awake."""

import socket
from collections.abc import Iterator

import pytest
from django.db import transaction

from payments import dispatch, outbox
from tests.factories.outside import CallInsideTransaction, calls_inside_transactions

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_call_inside_a_transaction_is_caught(door: int, calls_inside_transactions: list[str]) -> None:
    with socket.socket() as calling, pytest.raises(CallInsideTransaction), transaction.atomic():
        calling.connect(("127.0.0.1", door))
    assert "test_guard" in calls_inside_transactions.pop()


def test_a_connection_that_was_opened_before_does_not_help(door: int, calls_inside_transactions: list[str]) -> None:
    with socket.create_connection(("127.0.0.1", door)) as kept:
        kept.sendall(b"before")
        with pytest.raises(CallInsideTransaction), transaction.atomic():
            kept.sendall(b"inside")
    assert len(calls_inside_transactions) == 1
    calls_inside_transactions.clear()


def test_the_nudge_after_a_commit_is_outside() -> None:
    with transaction.atomic():
        outbox.put("test.nothing", key="1", payload={})


def test_our_own_door_says_so_without_any_socket() -> None:
    dispatch.require_no_transaction()
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
        dispatch.require_no_transaction()
