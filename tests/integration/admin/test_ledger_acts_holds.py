"""Holds by hand on staff pages: placed, taken for the firm by another person, given back; each form acts once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger import accounts, ids
from ledger.admin.holds import KIND_NAMES
from ledger.api import holding
from ledger.models import Event, Hold, Transaction
from payments.actors import Actor
from tests.factories import books
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.admin.reading import error, fact, rows
from tests.integration.admin.test_acts import at, do, text

pytestmark = pytest.mark.django_db(transaction=True)  # refusals of the database end their transaction

PLACE = "/admin/ledger/hold/place/"
WRITTEN, BALANCES = "What will be written", "What the accounts will hold"


@pytest.fixture
def of() -> Any:
    return office.client("500.00", name="Maria Schmidt")


def words(of: Any, **other: Any) -> dict[str, Any]:
    typed = {"account": of.public_id, "amount": "120.00", "currency": "EUR", "kind": "aml_review",
             "reason": "Source of funds asked for", "last_day": "2098-06-30", "once": str(uuid4())}  # fmt: skip
    return typed | other


def taking(**other: Any) -> dict[str, Any]:
    return {"to": "house/fees", "reason": "Court order 17/2026", "once": str(uuid4())} | other


def test_a_hold_is_placed_once_however_often_the_form_is_sent(of: Any) -> None:
    person, typed = office.signed_in("compliance"), words(of)
    check = unchanged(lambda: person.post(PLACE, typed))
    assert rows(check, WRITTEN) == [
        ("wallet", "120.00 EUR", "", "posted"),
        ("held", "", "120.00 EUR", "posted"),
    ]
    assert rows(check, BALANCES) == [
        ("wallet posted", "500.00 EUR", "380.00 EUR"),
        ("held posted", "0.00 EUR", "120.00 EUR"),
    ]
    assert fact(check, "Client", "checks") == "Maria Schmidt"
    answers = [person.post(PLACE, typed | {"confirmed": "1"}) for _ in range(2)]
    hold = Hold.objects.get()
    assert {answer["Location"] for answer in answers} == {at("ledger_hold_change", hold)}
    assert (hold.kind, hold.reason) == ("aml_review", "Source of funds asked for")
    assert hold.expires_at == datetime(2098, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    assert (books.available(of), books.held(of)) == (380, 120)
    assert Event.objects.filter(type="hold.placed", object_ref=hold.public_id).count() == 1
    other_words = unchanged(lambda: person.post(PLACE, typed | {"amount": "121.00", "confirmed": "1"}))
    assert other_words.status_code == 422, "the same form with another amount"
    books.assert_sound()


WRONG: list[tuple[dict[str, str], str | None, str]] = [
    ({"amount": "500.01"}, None, "available"),
    ({"amount": "12,50"}, "amount", "point before the decimals"),
    ({"amount": "1.005"}, "amount", "2 decimals"),
    ({"amount": "0"}, "amount", "above zero"),
    ({"account": "cl_nobody"}, "account", "There is no account"),
    ({"account": "house/fees"}, "account", "Only a client's wallet or pocket"),
    ({"account": "nonsense"}, "account", "not an account code"),
    ({"currency": "USD"}, "account", "There is no account"),
    ({"kind": "withdrawal"}, "kind", "not one of the available choices"),
    ({"last_day": "2020-01-01"}, "last_day", "ends in the future"),
    ({"reason": "x"}, "reason", "at least 3"),
]


def test_what_cannot_be_held_is_said_at_its_field(of: Any) -> None:
    person = office.signed_in("payments_ops")
    for wrong, field, says in WRONG:
        for confirmed in ({}, {"confirmed": "1"}):
            typed = words(of) | wrong | confirmed
            refused = unchanged(lambda typed=typed: person.post(PLACE, typed))
            assert refused.status_code == 422, wrong
            assert says in error(refused, field), (refused.context["form"].errors, field)


def test_a_wallet_can_be_named_by_its_code_and_by_its_id(of: Any) -> None:
    person, wallet = office.signed_in("compliance"), accounts.find(of.account_code("wallet"), "EUR")
    for name in (wallet.code, f" {wallet.code} ", ids.encode("acc", wallet.id)):
        assert do(person, PLACE, **words(of, account=name, amount="100.00", last_day="")).status_code == 302
    assert (books.held(of), Hold.objects.filter(expires_at=None).count()) == (300, 3)


def test_a_hold_is_taken_in_part_and_wholly_by_somebody_else(of: Any) -> None:
    maker = office.staff_user("compliance", name="Carla Compliance")
    do(office.browser(maker), PLACE, **words(of))
    hold = Hold.objects.get()
    address, person, typed = at("ledger_hold_capture", hold), office.signed_in("finance_approver"), taking(amount="50")
    own = unchanged(lambda: office.browser(maker).post(address, typed))
    assert (own.status_code, "cannot decide it" in error(own)) == (403, True)
    check = unchanged(lambda: person.post(address, typed))
    assert "Take 50 EUR of it to house/fees" in text(check)
    assert rows(check, WRITTEN) == [("held", "50.00 EUR", "", "posted"), ("house/fees", "", "50.00 EUR", "posted")]
    assert rows(check, BALANCES) == [
        ("held posted", "120.00 EUR", "70.00 EUR"),
        ("house/fees posted", "0.00 EUR", "50.00 EUR"),
    ]
    for _ in range(2):
        assert person.post(address, typed | {"confirmed": "1"}).status_code == 302
    assert (books.held(of), books.balance("house/fees")) == (70, 50)
    assert Event.objects.filter(type="hold.captured").count() == 1
    too_much = unchanged(lambda: person.post(address, taking(amount="70.01")))
    assert (too_much.status_code, error(too_much, "amount")) == (
        422, "70.00 EUR is left, 70.01 EUR was asked for. Leave the amount out to take all that is left.",
    )  # fmt: skip
    assert do(person, address, **taking()).status_code == 302
    hold.refresh_from_db()
    moved = rows(person.get(at("ledger_hold_change", hold)), "Taken or given back", "panels")
    assert [row[1:4] for row in moved] == [("house/fees", f"{part}.00 EUR", "Court order 17/2026") for part in (50, 70)]
    assert (hold.state, books.held(of), books.balance("house/fees")) == ("captured", 0, 120)
    assert address not in text(person.get(at("ledger_hold_change", hold))), "nothing is left to take"
    late = unchanged(lambda: person.post(address, taking(confirmed="1")))
    assert (late.status_code, error(late)) == (409, "All of it was captured already; nothing is held.")
    books.assert_sound()


def test_held_money_goes_to_the_house_only(of: Any) -> None:
    hold, person = office.hold(of), office.signed_in("finance_approver")
    for target, says in (
        ("bank/sepa/own", "an account of the house"),
        ("house/nothing", "not an account code"),
        ("", "This field is required."),
    ):
        for confirmed in ({}, {"confirmed": "1"}):
            typed = taking(to=target) | confirmed
            refused = unchanged(lambda typed=typed: person.post(at("ledger_hold_capture", hold), typed))
            assert refused.status_code == 422
            assert says in error(refused, "to")
    other = office.client("0").account_code("wallet")
    accounts.ref(other, "EUR")
    theft = unchanged(lambda: person.post(at("ledger_hold_capture", hold), taking(to=other, confirmed="1")))
    assert "an account of the house" in error(theft, "to")
    assert books.held(of) == 60


def test_a_hold_whose_time_has_come_can_only_run_out(of: Any) -> None:
    ends = timezone.now() + timedelta(seconds=3)
    hold = office.hold(of, expires_at=ends)
    office.wait_for(ends)
    person = office.signed_in("compliance")
    page = text(person.get(at("ledger_hold_change", hold)))
    for name, typed in (("capture", taking()), ("release", taking()), ("extend", {"last_day": "2098-01-01"})):
        address = at(f"ledger_hold_{name}", hold)
        assert address not in page
        assert person.get(address).status_code == 302, "not offered"
        late = unchanged(lambda a=address, t=typed: person.post(a, {"reason": "Too late"} | t | {"confirmed": "1"}))
        assert (late.status_code, error(late)) == (409, "It has expired.")


def test_a_hold_of_a_movement_is_taken_nowhere_here() -> None:
    of = office.client("500.00")
    hold = Hold.objects.get(pk=office.withdrawal(of).hold_id)
    person = office.signed_in("finance_approver")
    page = text(person.get(at("ledger_hold_change", hold)))
    assert not [name for name in ("capture", "release", "extend") if at(f"ledger_hold_{name}", hold) in page]
    forged = unchanged(lambda: person.post(at("ledger_hold_capture", hold), taking(confirmed="1")))
    assert (forged.status_code, "decide it there" in error(forged)) == (422, True)


def test_each_act_is_for_its_own_roles(of: Any) -> None:
    hold = office.hold(of)
    may = {"place": {"payments_ops", "compliance"}, "extend": {"payments_ops", "compliance"},
           "capture": {"finance_approver", "compliance"}, "release": {"finance_approver", "compliance"}}  # fmt: skip
    for role in ("support", "payments_ops", "finance_approver", "compliance", "auditor"):
        person = office.signed_in(role)
        page = text(person.get(at("ledger_hold_change", hold))) + text(
            person.get(reverse("admin:ledger_hold_changelist"))
        )
        for name, roles in may.items():
            address = PLACE if name == "place" else at(f"ledger_hold_{name}", hold)
            assert (f'href="{address}"' in page) is (role in roles), (role, name)
            if role not in roles:
                assert person.get(address).status_code == 403
                forged = unchanged(lambda a=address, p=person: p.post(a, words(of) | taking() | {"confirmed": "1"}))
                assert forged.status_code == 403, (role, name)


def test_the_list_says_why_and_by_whom_in_as_many_questions_for_two_as_for_sixty(of: Any) -> None:
    makers = [office.staff_user("compliance", name=f"Person {number}") for number in range(6)]
    person, listed = office.signed_in("support"), reverse("admin:ledger_hold_changelist")

    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            assert person.get(listed).status_code == 200
        return len(questions)

    def place(number: int) -> None:
        actor = Actor.for_user(makers[number % 6])
        office.hold(of, "1.00", reason=f"Reason {number}", actor=actor.id)

    for number in range(2):
        place(number)
    person.get(listed)
    few = asked()
    for number in range(2, 60):
        place(number)
    assert asked() == few <= 12
    page = text(person.get(listed))
    assert 'title="Reason 59">Reason 59<' in page
    assert "Person 5" in page


def test_holds_that_run_out_soon_are_found(of: Any) -> None:
    now, person = timezone.now(), office.signed_in("compliance")
    soon, later = (office.hold(of, "1.00", expires_at=now + timedelta(days=days)) for days in (3, 20))
    office.hold(of, "1.00", expires_at=None)
    listed = reverse("admin:ledger_hold_changelist")
    for days, found in (("1", []), ("7", [soon]), ("31", [later, soon])):
        assert list(person.get(listed, {"ends": days}).context["cl"].result_list) == found, days
    assert len(person.get(listed, {"ends": "x"}).context["cl"].result_list) == 3


def test_a_clients_page_shows_the_open_holds_and_leads_to_another(of: Any) -> None:
    office.hold(of, "12.50", actor=office.staff_user("compliance", name="Carla Compliance").public_id)
    page = reverse("admin:payments_client_change", args=[of.public_id])
    shown = office.signed_in("payments_ops").get(page)
    assert [row[:3] for row in rows(shown, "Open holds", "panels")] == [
        ("12.50 EUR", "Manual court order", "Carla Compliance")
    ]
    address = f"{PLACE}?account={of.public_id}"
    assert address in text(shown)
    assert f'value="{of.public_id}"' in text(office.signed_in("payments_ops").get(address))
    assert address not in text(office.signed_in("support").get(page)), "who may not place one is not led there"


def test_every_kind_that_can_be_placed_has_a_name() -> None:
    assert set(holding.KINDS) <= set(KIND_NAMES)
    assert KIND_NAMES["aml_review"] == "AML review"


def test_a_preview_opens_no_account_and_takes_no_number(of: Any) -> None:
    """The held account comes to be with its first hold; a look at what would happen makes none."""
    person = office.signed_in("compliance")
    unchanged(lambda: person.post(PLACE, words(of)))
    assert not Transaction.objects.filter(reason_id="HOLD_PLACED").exists()
    with pytest.raises(Exception, match="There is no account"):
        accounts.find(of.account_code("held"), "EUR")
