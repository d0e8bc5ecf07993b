"""What staff may do on the ledger's own pages: reverse in part or by entry, give a hold back in part or more time."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import accounts, events, posting
from ledger.models import Event, Hold, Transaction
from ledger.money import Money
from ledger.posting import credit, debit
from payments.actors import Actor
from tests.factories import books
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.admin.reading import error, rows, words
from tests.integration.admin.test_acts import at, do, text

pytestmark = pytest.mark.django_db(transaction=True)  # refusals of the database end their transaction


WRITTEN, BALANCES = "What will be written", "What the accounts will hold"


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
    return office.hold(clients[0])


@pytest.fixture
def captured(clients: list[Any]) -> Transaction:
    """A deposit of 200.00 for the first client, of which the provider kept 6.00."""
    wallet = clients[0].account_code("wallet")
    with transaction.atomic():
        legs = [
            debit(accounts.ref("psp/stripe/clearing", "EUR"), Decimal(194)),
            debit(accounts.ref("house/psp-fees", "EUR"), Decimal(6)),
            credit(accounts.ref(wallet, "EUR"), Decimal(200)),
        ]
        done = posting.post(reason="DEPOSIT_CAPTURED", legs=legs)
    return Transaction.objects.get(pk=done.id)


def by_entry(person: Any, address: str) -> dict[str, str]:
    """The fields of the form's entries, by side and account."""
    form = person.get(address).context["form"]
    return {words(form.fields[name].label): name for name in form.grouped()}


def test_a_transaction_is_reversed_in_parts_and_a_form_sent_twice_acts_once(
    clients: list[Any], posted: Transaction
) -> None:
    person, address, once = office.signed_in("finance_approver"), at("ledger_transaction_reverse", posted), uuid.uuid4()
    check = unchanged(lambda: person.post(address, {"amount": "30.00", "reason": "Wrong client", "once": once}))
    assert "Reverse 30.00 EUR of it" in text(check)
    assert rows(check, WRITTEN) == [("wallet", "", "30.00 EUR", "posted"), ("wallet", "30.00 EUR", "", "posted")]
    assert rows(check, BALANCES) == [
        ("wallet posted", "420.00 EUR", "450.00 EUR"),
        ("wallet posted", "80.00 EUR", "50.00 EUR"),
    ]
    for _ in range(2):
        assert do(person, address, amount="30.00", reason="Wrong client", once=once).status_code == 302
    assert (books.available(clients[0]), books.available(clients[1])) == (450, 50)
    assert Event.objects.filter(type="transaction.reversed").count() == 1
    too_much = unchanged(lambda: do(person, address, amount="50.01", reason="Wrong client", once=uuid.uuid4()))
    assert too_much.status_code == 422
    assert error(too_much, "amount") == (
        "50.00 EUR is left, 50.01 EUR was asked for. Leave the amount out to take all that is left."
    )
    assert rows(person.get(address), "What can be reversed", "panels") == [
        ("wallet debit", "80.00 EUR", "30.00 EUR", "50.00 EUR"),
        ("wallet credit", "80.00 EUR", "30.00 EUR", "50.00 EUR"),
    ]
    rest = {"reason": "Wrong client", "once": uuid.uuid4()}
    for _ in range(2):
        assert person.post(address, rest | {"confirmed": "1"}).status_code == 302, "all that is left"
    assert (books.available(clients[0]), books.available(clients[1])) == (500, 0)
    assert f"{address}" not in text(person.get(at("ledger_transaction_change", posted))), "nothing is left to reverse"


def test_entries_are_chosen_and_mirrored_exactly(clients: list[Any], captured: Transaction) -> None:
    """The provider takes back what it paid out, but keeps its fee: the fee's entry stays as it is."""
    person, address = office.signed_in("finance_approver"), at("ledger_transaction_reverse", captured)
    of = by_entry(person, address)
    clearing, fees, wallet = of["Debit psp/stripe/clearing"], of["Debit house/psp-fees"], of["Credit wallet"]
    typed = {clearing: "100", wallet: "100.00", "reason": "Paid twice", "once": str(uuid.uuid4())}
    check = unchanged(lambda: person.post(address, typed))
    assert "Reverse 2 chosen entries of it" in text(check)
    assert rows(check, WRITTEN) == [
        ("psp/stripe/clearing", "", "100.00 EUR", "posted"),
        ("wallet", "100.00 EUR", "", "posted"),
    ]
    assert rows(check, BALANCES) == [
        ("psp/stripe/clearing posted", "694.00 EUR", "594.00 EUR"),
        ("wallet posted", "700.00 EUR", "600.00 EUR"),
    ]
    for _ in range(2):
        assert person.post(address, typed | {"confirmed": "1"}).status_code == 302
    undone = Transaction.objects.get(reverses=captured)
    assert (undone.reason_id, undone.description) == ("DEPOSIT_CAPTURED_REVERSAL", "Paid twice")
    assert (books.available(clients[0]), books.balance("house/psp-fees")) == (600, 6)

    new = {"reason": "Paid twice", "once": str(uuid.uuid4())}
    for confirmed in ({}, {"confirmed": "1"}):
        over = unchanged(lambda c=confirmed: person.post(address, new | {clearing: "94.01", wallet: "94.01"} | c))
        assert (over.status_code, error(over, clearing)) == (
            422, "94.00 EUR of psp/stripe/clearing is left, 94.01 EUR was asked for. "
            "Leave the entries out to take all that is left.",
        )  # fmt: skip
    uneven = unchanged(lambda: person.post(address, new | {fees: "6", wallet: "5"}))
    assert (uneven.status_code, "differ by 1" in error(uneven)) == (422, True)
    both = unchanged(lambda: person.post(address, new | {"amount": "5", fees: "5", wallet: "5"}))
    assert error(both, "amount") == "Give an amount or choose entries, not both."
    changed = unchanged(lambda: person.post(address, typed | {wallet: "99", clearing: "99", "confirmed": "1"}))
    assert changed.status_code == 422, "the form that was sent already, with other words"

    assert do(person, address, **new).status_code == 302
    assert (books.available(clients[0]), books.balance("house/psp-fees")) == (500, 0), "all that was left"
    late = unchanged(lambda: person.post(address, {**new, "once": str(uuid.uuid4()), clearing: "1", wallet: "1"}))
    assert error(late, clearing) == "0.00 EUR of psp/stripe/clearing is left, 1.00 EUR was asked for."
    nothing = unchanged(lambda: person.post(address, {**new, "once": str(uuid.uuid4()), "confirmed": "1"}))
    assert (nothing.status_code, error(nothing, "amount")) == (422, "All of it was reversed already; nothing is left.")
    books.assert_sound()


def test_a_conversion_asks_in_which_currency_a_part_is_meant() -> None:
    of = office.client("500.00")
    converted = office.conversion(of).transaction
    person, address = office.signed_in("finance_approver"), at("ledger_transaction_reverse", converted)
    assert 'name="currency"' in text(person.get(address))
    silent = unchanged(lambda: person.post(address, {"amount": "10", "reason": "Wrong rate", "once": uuid.uuid4()}))
    assert (silent.status_code, "several currencies" in error(silent, "currency")) == (422, True)
    typed = {"amount": "50", "currency": "EUR", "reason": "Wrong rate", "once": str(uuid.uuid4())}
    check = unchanged(lambda: person.post(address, typed))
    assert "Reverse 50 EUR of it" in text(check)
    assert ("wallet posted", "400.00 EUR", "450.00 EUR") in rows(check, BALANCES)
    assert person.post(address, typed | {"confirmed": "1"}).status_code == 302
    assert do(person, address, reason="Wrong rate", once=uuid.uuid4()).status_code == 302
    assert (books.available(of), books.available(of, "USD")) == (500, 0)


def test_what_cannot_be_reversed_is_not_offered(clients: list[Any], hold: Hold) -> None:
    person = office.signed_in("finance_approver")
    pending = office.reserved(clients[0])
    with transaction.atomic():
        part = posting.settle(pending_id=pending.pk, amount=Money.of("10", "EUR"))
    for key, offered in ((pending.pk, False), (part.id, True), (hold.placed_by_id, False)):
        found = Transaction.objects.get(pk=key)
        assert (
            at("ledger_transaction_reverse", found) in text(person.get(at("ledger_transaction_change", found)))
        ) is (offered), found
    address = at("ledger_transaction_reverse", pending)
    forged = unchanged(lambda: person.post(address, {"reason": "Wrong", "once": uuid.uuid4(), "confirmed": "1"}))
    assert forged.status_code == 422


def test_only_who_reverses_sees_it(posted: Transaction) -> None:
    address = at("ledger_transaction_reverse", posted)
    for role in ("support", "payments_ops", "finance_approver", "compliance", "auditor", "administrator"):
        person = office.signed_in(role)
        shown = f'href="{address}"' in text(person.get(at("ledger_transaction_change", posted)))
        assert shown is (role == "finance_approver"), role
        if not shown:
            assert person.get(address).status_code == 403
            typed = {"reason": "Mine", "once": uuid.uuid4(), "confirmed": "1"}
            assert unchanged(lambda p=person, t=typed: p.post(address, t)).status_code == 403


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
