"""Pockets: a client's money under names of his own, always part of his total, never made or lost by moving it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import accounts, errors, holds, invariants
from ledger.models import Entry, Transaction
from ledger.money import Money
from payments.models import Transfer
from payments.services import clients, pockets, transfers
from portal.queries import balances, timeline
from tests.factories import books, people

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def ada(db):
    accounts.forget()
    client = people.client(name="Ada Client")
    people.fund(client, "1000.00", "EUR")
    return client


def euros(amount):
    return Money.of(amount, "EUR")


def move(client, amount, source="", target="savings", actor=None):
    return transfers.within(
        client=client, source=source, target=target, money=euros(amount), actor=actor or people.acting(client), now=NOW
    )


def shown(client):
    return balances.of_client(client, now=NOW).of("EUR")


def test_money_moves_into_a_pocket_and_back_and_the_total_stays(ada):
    made = move(ada, "300")
    assert (made.state, made.from_reference, made.to_reference) == ("confirmed", "wallet", "pocket:savings")
    assert books.balance(ada.account_code("pocket", "savings")) == Decimal("300")
    found = shown(ada)
    assert (found.total, found.available, found.in_pockets) == (euros("1000"), euros("700"), euros("300"))
    assert [(pocket.name, pocket.balance) for pocket in found.pockets] == [("savings", euros("300"))]
    assert found.available_to_withdraw == euros("700"), "what is kept apart is not withdrawn from there"
    move(ada, "100", source="savings", target="holidays")
    move(ada, "50", source="holidays", target="")
    found = shown(ada)
    assert (found.total, found.available, found.in_pockets) == (euros("1000"), euros("750"), euros("250"))
    assert invariants.run().clean


def test_the_timeline_tells_it_once_with_both_ends(ada):
    made = move(ada, "300")
    page = timeline.page(ada, now=NOW)
    lines = [line for line in page.lines if line.reference == made.public_id]
    assert [(line.noun, line.state, line.direction) for line in lines] == [("transfer", "confirmed", "between")]
    assert "savings" in str(lines[0].title)
    assert sum(1 for line in page.lines if line.money == euros("300")) == 1, "its entries are not told again"


def test_a_hold_on_a_pocket_is_held_money_and_goes_back_into_the_pocket(ada):
    move(ada, "300")
    pocket = accounts.find(ada.account_code("pocket", "savings"), "EUR")
    placed = holds.place(wallet=pocket, amount=Decimal("120"), kind="aml_review", reason="look", actor="test")
    found = shown(ada)
    assert (found.total, found.held, found.in_pockets) == (euros("1000"), euros("120"), euros("180"))
    holds.release(hold_id=placed.hold_id)
    assert shown(ada).in_pockets == euros("300")
    assert invariants.run().clean


@pytest.mark.parametrize(
    ("words", "refusal", "param"),
    [
        ({"amount": "0"}, errors.InvalidAmount, "amount"),
        ({"amount": "1000.01"}, errors.InsufficientAvailable, None),
        ({"amount": "1", "target": ""}, errors.InvalidRequest, "to"),
        ({"amount": "1", "target": "Sav ings"}, errors.InvalidRequest, "to"),
        ({"amount": "1", "target": "../wallet"}, errors.InvalidRequest, "to"),
        ({"amount": "1", "target": "x" * 41}, errors.InvalidRequest, "to"),
        ({"amount": "1", "source": "nowhere", "target": ""}, errors.InvalidRequest, "from"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(ada, words, refusal, param):
    before = Entry.objects.count(), Transfer.objects.count()
    with pytest.raises(refusal) as refused, transaction.atomic():
        move(ada, **words)
    assert refused.value.param == param
    assert (Entry.objects.count(), Transfer.objects.count()) == before
    assert shown(ada).total == euros("1000")


def test_a_pocket_is_never_emptied_below_nothing(ada):
    move(ada, "100")
    with pytest.raises(errors.InsufficientAvailable), transaction.atomic():
        move(ada, "100.01", source="savings", target="")
    assert shown(ada).in_pockets == euros("100")


def test_another_clients_pockets_do_not_exist_and_a_frozen_client_moves_nothing(ada):
    other = people.client(name="Otto Other")
    with pytest.raises(errors.NotFound):
        move(ada, "1", actor=people.acting(other))
    clients.set_state(client_id=ada.pk, state="frozen", actor=people.staff("compliance"), now=NOW)
    with pytest.raises(errors.AccountFrozen):
        move(ada, "1")
    assert pockets.of(ada) == []
    assert not Transaction.objects.filter(reason="CLIENT_INTERNAL_TRANSFER").exists()


def test_a_client_keeps_a_limited_number_of_pockets(ada):
    for number in range(pockets.POCKETS_MOST):
        move(ada, "1", target=f"p{number}")
    with pytest.raises(errors.InvalidRequest) as refused:
        move(ada, "1", target="one-more")
    assert refused.value.param == "to"
    move(ada, "1", target="p0")


def test_the_database_refuses_a_transfer_without_a_platform_that_is_not_between_two_ends(ada):
    made = move(ada, "300")
    for change in ({"direction": "to_platform"}, {"from_pocket": "savings"}, {"direction": "sideways"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.filter(pk=made.pk).update(**change)


steps = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.sampled_from(["", "a", "b", "c"]), st.integers(1, 60_000)),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=steps)
def test_whatever_is_moved_the_parts_are_the_total(ada, moves):
    with transaction.atomic():
        for source, target, cents in moves:
            try:
                with transaction.atomic():
                    move(ada, f"{cents // 100}.{cents % 100:02d}", source=source, target=target)
            except errors.DomainError:
                continue
        found = shown(ada)
        assert found.total == euros("1000")
        assert found.total == found.available + found.held + found.on_its_way + found.in_pockets
        transaction.set_rollback(True)
    accounts.forget()
