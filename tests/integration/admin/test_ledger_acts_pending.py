"""Pending transactions by hand on staff pages: posted in parts, voided, ended by an outside status, given more time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger import accounts, posting
from ledger.models import Event, Pending, Transaction
from ledger.money import Money
from ledger.posting import Source, credit, debit
from tests.factories import books
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.admin.reading import error, fact, rows
from tests.integration.admin.test_acts import at, do, text

pytestmark = pytest.mark.django_db(transaction=True)  # refusals of the database end their transaction

WRITTEN, BALANCES, RESERVED = "What will be written", "What the accounts will hold", "What was reserved"
ACTS = ("post", "void", "expire", "extend")


@pytest.fixture
def of() -> Any:
    return office.client("500.00")


@pytest.fixture
def pending(of: Any) -> Transaction:
    """90.00 on their way from the wallet into a pocket."""
    return office.reserved(of)


def why(**other: Any) -> dict[str, Any]:
    return {"reason": "Confirmed by phone", "once": str(uuid4())} | other


def savings(of: Any) -> Decimal:
    return books.balance(of.account_code("pocket", "savings"))


def test_it_is_posted_in_parts_and_each_form_posts_once(of: Any, pending: Transaction) -> None:
    person, address, typed = office.signed_in("payments_ops"), at("ledger_transaction_post", pending), why(amount="30")
    check = unchanged(lambda: person.post(address, typed))
    assert "Post 30 EUR of it" in text(check)
    assert rows(check, WRITTEN) == [
        ("wallet", "", "30.00 EUR", "released"),
        ("pocket/savings", "30.00 EUR", "", "released"),
        ("wallet", "30.00 EUR", "", "posted"),
        ("pocket/savings", "", "30.00 EUR", "posted"),
    ]
    assert rows(check, BALANCES) == [
        ("wallet posted", "500.00 EUR", "470.00 EUR"),
        ("wallet on its way out", "90.00 EUR", "60.00 EUR"),
        ("pocket/savings posted", "0.00 EUR", "30.00 EUR"),
        ("pocket/savings on its way in", "90.00 EUR", "60.00 EUR"),
    ]
    for _ in range(2):
        assert person.post(address, typed | {"confirmed": "1"}).status_code == 302
    assert (books.balance(of.account_code("wallet")), savings(of), books.available(of)) == (470, 30, 410)
    assert Event.objects.filter(type="transaction.settled").count() == 1
    page = person.get(at("ledger_transaction_change", pending))
    assert rows(page, RESERVED, "panels") == [
        ("wallet debit", "90.00 EUR", "30.00 EUR", "60.00 EUR"),
        ("pocket/savings credit", "90.00 EUR", "30.00 EUR", "60.00 EUR"),
    ]
    assert fact(page, "Still pending") == "60.00 EUR"
    assert fact(page, "Runs out").startswith("1 Jan 2098")
    assert fact(page, "Ends when told") == "mt5.rejected"
    books.assert_sound()


def test_too_much_is_refused_at_the_field_and_nothing_moves(of: Any, pending: Transaction) -> None:
    person, address = office.signed_in("payments_ops"), at("ledger_transaction_post", pending)
    for confirmed in ({}, {"confirmed": "1"}):
        over = unchanged(lambda c=confirmed: person.post(address, why(amount="90.01") | c))
        assert (over.status_code, error(over, "amount")) == (
            422, "90.00 EUR is left, 90.01 EUR was asked for. Leave the amount out to take all that is left.",
        )  # fmt: skip
    assert 'value="90.01"' in text(over), "what was typed is kept"
    assert Pending.objects.get().remaining == 90


def test_entries_are_chosen_where_an_amount_does_not_divide(of: Any) -> None:
    """A third of 90.00 out of 100.00 split 33.33 and 66.67 is no exact part; entries say it."""
    other = office.client("0")
    wallet, pocket, theirs = (
        accounts.ref(code, "EUR")
        for code in (of.account_code("wallet"), of.account_code("pocket", "savings"), other.account_code("wallet"))
    )
    with transaction.atomic():
        legs = [debit(wallet, Decimal(100)), credit(pocket, Decimal("33.33")), credit(theirs, Decimal("66.67"))]
        done = posting.post(reason="CLIENT_INTERNAL_TRANSFER", legs=legs, pending=True)
    found = Transaction.objects.get(pk=done.id)
    person, address = office.signed_in("payments_ops"), at("ledger_transaction_post", found)
    refused = unchanged(lambda: person.post(address, why(amount="50.00")))
    assert "give the entries" in error(refused, "amount")
    form = refused.context["form"]
    names = {label: name for name in form.grouped() for label in [form.fields[name].label]}
    debited, credited, _ = names.values()
    both = unchanged(lambda: person.post(address, why(amount="1", **{debited: "1", credited: "1"})))
    assert error(both, "amount") == "Give an amount or choose entries, not both."
    uneven = unchanged(lambda: person.post(address, why(**{debited: "20", credited: "10"})))
    assert (uneven.status_code, "differ by 10" in error(uneven)) == (422, True)
    over = unchanged(lambda: person.post(address, why(**{debited: "33.34", credited: "33.34"})))
    assert error(over, credited).endswith(
        "savings is left, 33.34 EUR was asked for. Leave the entries out to take all that is left."
    )
    decimals = unchanged(lambda: person.post(address, why(**{debited: "1.001", credited: "1"})))
    assert "2 decimals" in error(decimals, debited)
    typed = why(**{debited: "33.33", credited: "33.33"})
    check = unchanged(lambda: person.post(address, typed))
    assert "Post 2 chosen entries of it" in text(check)
    for _ in range(2):
        assert person.post(address, typed | {"confirmed": "1"}).status_code == 302
    assert (savings(of), books.balance(theirs.code)) == (Decimal("33.33"), 0)
    stale = unchanged(lambda: person.post(address, why(**{debited: "33.33", credited: "33.33", "confirmed": "1"})))
    assert error(stale, credited).endswith("savings is left, 33.33 EUR was asked for.")
    assert do(person, address, **why()).status_code == 302
    assert (savings(of), books.balance(theirs.code)) == (Decimal("33.33"), Decimal("66.67"))
    books.assert_sound()


def test_it_is_voided_once_and_then_offers_nothing(of: Any, pending: Transaction) -> None:
    person, address, typed = office.signed_in("payments_ops"), at("ledger_transaction_void", pending), why()
    check = unchanged(lambda: person.post(address, typed))
    assert rows(check, BALANCES)[0] == ("wallet on its way out", "90.00 EUR", "0.00 EUR")
    assert ("wallet available", "410.00 EUR", "500.00 EUR") in rows(check, BALANCES)
    for _ in range(2):
        assert person.post(address, typed | {"confirmed": "1"}).status_code == 302
    assert (books.available(of), savings(of)) == (500, 0)
    voided = Transaction.objects.get(pending=pending)
    assert (voided.phase, voided.description) == ("void", "Confirmed by phone")
    assert Event.objects.filter(type="transaction.voided").count() == 1
    page = text(person.get(at("ledger_transaction_change", pending)))
    for name, typed in zip(
        ACTS, (why(), why(), why(status="mt5.rejected"), why(expires_at="2099-01-01T00:00")), strict=True
    ):
        at_ = at(f"ledger_transaction_{name}", pending)
        assert at_ not in page
        late = unchanged(lambda a=at_, t=typed: person.post(a, t | {"confirmed": "1"}))
        words = {"post": "It was voided, so there is nothing to post: reserve it again."}
        assert (late.status_code, error(late)) == (409, words.get(name, "It was voided already; nothing is pending."))


def test_an_outside_status_that_it_names_ends_it(of: Any, pending: Transaction) -> None:
    person, address = office.signed_in("payments_ops"), at("ledger_transaction_expire", pending)
    assert 'value="mt5.rejected"' in text(person.get(address))
    unknown = unchanged(lambda: person.post(address, why(status="mt5.placed", confirmed="1")))
    assert (unknown.status_code, "not one of the available choices" in error(unknown, "status")) == (422, True)
    typed = why(status="mt5.rejected")
    check = unchanged(lambda: person.post(address, typed))
    assert "End it, because of “mt5.rejected”" in text(check)
    assert {row[-1] for row in rows(check, WRITTEN)} == {"released"}
    for _ in range(2):
        assert person.post(address, typed | {"confirmed": "1"}).status_code == 302
    ended = Transaction.objects.get(pending=pending)
    assert (ended.phase, ended.metadata, books.available(of)) == ("expire", {"status": "mt5.rejected"}, 500)
    assert Event.objects.filter(type="transaction.expired").count() == 1
    books.assert_sound()


def test_it_is_given_more_time_and_never_less(of: Any, pending: Transaction) -> None:
    user = office.staff_user("payments_ops")
    user.timezone = "Asia/Tokyo"
    user.save()
    person, address = office.browser(user), at("ledger_transaction_extend", pending)
    assert 'value="2098-01-01T09:00"' in text(person.get(address)), "the end now set, in the reader's zone"
    check = unchanged(lambda: person.post(address, why(expires_at="2098-02-01T09:00")))
    assert "Let it run until 01 February 2098, 09:00" in text(check)
    for _ in range(2):
        assert do(person, address, **why(expires_at="2098-02-01T09:00")).status_code == 302
    assert Pending.objects.get().expires_at == datetime(2098, 2, 1, tzinfo=UTC)
    assert Event.objects.filter(type="transaction.extended").count() == 1
    sooner = unchanged(lambda: person.post(address, why(expires_at="2098-01-31T09:00")))
    assert (sooner.status_code, "only be put off" in error(sooner)) == (409, True)
    endless = office.reserved(of, "10.00", expires_at=None, expires_on=())
    page = text(person.get(at("ledger_transaction_change", endless)))
    offered = {name for name in ACTS if at(f"ledger_transaction_{name}", endless) in page}
    assert offered == {"post", "void"}


def test_what_belongs_to_a_movement_or_has_run_out_is_not_decided_here(of: Any) -> None:
    person = office.signed_in("payments_ops")
    ours = office.reserved(of, "10.00", source=Source("payments", "transfer", "tr_1"))
    callers = office.reserved(of, "10.00", source=Source("api:crm", "saving", "A-17"))
    ends = timezone.now() + timedelta(seconds=3)
    over = office.reserved(of, "10.00", expires_at=ends)
    office.wait_for(ends)
    for found, offered in ((ours, False), (over, False), (callers, True)):
        page = text(person.get(at("ledger_transaction_change", found)))
        assert {at(f"ledger_transaction_{name}", found) in page for name in ACTS} == {offered}
    forged = unchanged(lambda: person.post(at("ledger_transaction_post", ours), why(confirmed="1")))
    assert (forged.status_code, "decide it there" in error(forged)) == (422, True)
    late = unchanged(lambda: person.post(at("ledger_transaction_void", over), why(confirmed="1")))
    assert (late.status_code, error(late)) == (409, "It has expired.")


def test_what_was_never_pending_has_none_of_it(of: Any) -> None:
    posted = Transaction.objects.order_by("pk").first()
    person = office.signed_in("payments_ops")
    page = person.get(at("ledger_transaction_change", posted))
    assert RESERVED not in text(page)
    for name in ACTS:
        address = at(f"ledger_transaction_{name}", posted)
        assert person.get(address).status_code == 302, "not offered"
        typed = why(status="mt5.rejected", expires_at="2099-01-01T00:00", confirmed="1")
        forged = unchanged(lambda a=address, t=typed: person.post(a, t))
        assert forged.status_code in (404, 422), name


def test_only_who_posts_by_hand_sees_the_acts(pending: Transaction) -> None:
    for role in ("support", "payments_ops", "finance_approver", "compliance", "auditor", "administrator"):
        person = office.signed_in(role)
        page = text(person.get(at("ledger_transaction_change", pending)))
        for name in ACTS:
            address = at(f"ledger_transaction_{name}", pending)
            assert (f'href="{address}"' in page) is (role == "payments_ops"), (role, name)
            if role != "payments_ops":
                assert person.get(address).status_code == 403
                forged = unchanged(lambda a=address, p=person: p.post(a, why(confirmed="1", status="mt5.rejected")))
                assert forged.status_code == 403, (role, name)


def test_the_page_costs_the_same_after_many_parts(of: Any, pending: Transaction) -> None:
    person, page = office.signed_in("payments_ops"), at("ledger_transaction_change", pending)
    do(person, at("ledger_transaction_post", pending), **why(amount="1"))

    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            assert person.get(page).status_code == 200
        return len(questions)

    person.get(page)
    few = asked()
    for _ in range(8):
        with transaction.atomic():
            posting.settle(pending_id=pending.pk, amount=Money.of("1.00", "EUR"))
    assert asked() == few <= 22
    assert fact(person.get(page), "Still pending") == "81.00 EUR"


def test_open_reservations_are_listed(of: Any, pending: Transaction) -> None:
    person, listed = office.signed_in("payments_ops"), reverse("admin:ledger_transaction_changelist")
    assert list(person.get(listed, {"reservation__state": "pending"}).context["cl"].result_list) == [pending]
    assert list(person.get(listed, {"reservation__state": "voided"}).context["cl"].result_list) == []
