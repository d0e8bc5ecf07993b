"""What staff may do on the ledger's own pages: reverse in part, give a hold back in part, give it more time."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import accounts, events, holds, posting
from ledger.models import Event, Hold, Transaction
from ledger.posting import credit, debit
from payments.actors import Actor
from tests.factories import books
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.admin.test_acts import at, do, text

pytestmark = pytest.mark.django_db(transaction=True)  # refusals of the database end their transaction


@pytest.fixture
def clients() -> list[Any]:
    return [office.client("500.00"), office.client("0")]


@pytest.fixture
def posted(clients: list[Any]) -> Transaction:
    """80.00 from one client to another."""
    source, target = (accounts.ref(of.account_code("wallet"), "EUR") for of in clients)
    with transaction.atomic():
        legs = [debit(source, Decimal(80)), credit(target, Decimal(80))]
        done = posting.post(reason="CLIENT_INTERNAL_TRANSFER", legs=legs)
    return Transaction.objects.get(pk=done.id)


@pytest.fixture
def hold(clients: list[Any]) -> Hold:
    """60.00 of the first client, until 2098."""
    wallet = accounts.ref(clients[0].account_code("wallet"), "EUR")
    with transaction.atomic():
        placed = holds.place(
            wallet=wallet, amount=Decimal(60), kind="manual", reason="court order", actor="usr_x",
            expires_at=datetime(2098, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    return Hold.objects.get(pk=placed.hold_id)


def test_a_transaction_is_reversed_in_parts_and_a_form_sent_twice_acts_once(
    clients: list[Any], posted: Transaction
) -> None:
    person, address, once = office.signed_in("finance_approver"), at("ledger_transaction_reverse", posted), uuid.uuid4()
    check = unchanged(lambda: person.post(address, {"amount": "30.00", "reason": "Wrong client", "once": once}))
    assert "Reverse 30.00 of it" in text(check)
    for _ in range(2):
        assert do(person, address, amount="30.00", reason="Wrong client", once=once).status_code == 302
    assert (books.available(clients[0]), books.available(clients[1])) == (450, 50)
    assert Event.objects.filter(type="transaction.reversed").count() == 1
    too_much = unchanged(lambda: do(person, address, amount="50.01", reason="Wrong client", once=uuid.uuid4()))
    assert too_much.status_code == 422
    do(person, address, amount="50.00", reason="Wrong client", once=uuid.uuid4())
    assert (books.available(clients[0]), books.available(clients[1])) == (500, 0)
    assert f"{address}" not in text(person.get(at("ledger_transaction_change", posted))), "nothing is left to reverse"


def test_who_posted_it_does_not_reverse_it(posted: Transaction) -> None:
    user = office.staff_user("finance_approver")
    maker = Actor.for_user(user)
    events.record(type="transaction.posted", object_ref=posted.public_id, actor=maker, occurred_at=timezone.now())
    address = at("ledger_transaction_reverse", posted)
    refused = unchanged(lambda: do(office.browser(user), address, reason="Mine was wrong", once=uuid.uuid4()))
    assert refused.status_code == 403
    reversal = do(office.signed_in("finance_approver"), address, reason="His was wrong", once=uuid.uuid4())
    assert reversal.status_code == 302
    undone = Transaction.objects.get(reverses=posted)
    assert "Reverse" not in text(office.browser(user).get(at("ledger_transaction_change", undone))).split("Linked")[0]


def test_a_hold_is_given_back_in_part_and_given_more_time(clients: list[Any], hold: Hold) -> None:
    person, address, once = office.signed_in("compliance"), at("ledger_hold_release", hold), uuid.uuid4()
    for _ in range(2):
        assert do(person, address, amount="20.00", reason="Papers came", once=once).status_code == 302
    assert (books.held(clients[0]), books.available(clients[0])) == (40, 460)
    too_much = unchanged(lambda: do(person, address, amount="40.01", reason="Papers came", once=uuid.uuid4()))
    assert too_much.status_code == 422
    later = at("ledger_hold_extend", hold)
    assert do(person, later, last_day="2098-06-30", reason="Papers late").status_code == 302
    assert Hold.objects.get().expires_at == datetime(2098, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    sooner = unchanged(lambda: do(person, later, last_day="2098-06-29", reason="Papers came"))
    assert sooner.status_code == 409
    assert Event.objects.get(type="hold.extended").data["reason"] == "Papers late"
    do(person, address, reason="All came", once=uuid.uuid4())
    assert (Hold.objects.get().state, books.available(clients[0])) == ("released", 500)


def test_a_hold_of_a_movement_is_decided_there() -> None:
    of = office.client("500.00")
    row = office.withdrawal(of)
    hold = Hold.objects.get(pk=row.hold_id)
    person = office.signed_in("compliance")
    assert person.get(at("ledger_hold_release", hold)).status_code == 302, "not offered"
    forged = unchanged(
        lambda: person.post(
            at("ledger_hold_release", hold), {"reason": "Free it", "once": str(uuid.uuid4()), "confirmed": "1"}
        )
    )
    assert forged.status_code == 422
    assert books.held(of) == 100
