"""Withdrawing through the pages: honest before the click, once however often it is pressed, refused in plain words."""

import re
from decimal import Decimal

import pytest
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone

from ledger.models import Event, Transaction
from payments.models import IdempotencyKey, PolicyRule, Withdrawal
from payments.services import withdrawal_decisions
from portal.forms import once
from tests.integration.portal.pages import hidden, looked, text
from tests.integration.portal.world import World, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    made = World()
    made.deposit("1000.00")
    return made


@pytest.fixture
def portal(world: World) -> Browser:
    browser = Browser(headers={"user-agent": "Test phone"})
    browser.force_login(world.user)
    return browser


def test_a_withdrawal_is_shown_honestly_then_requested_once(world: World, portal: Browser) -> None:
    PolicyRule.objects.create(code="withdrawal_fee", parameters={"amount": "2.50"}, made_by="usr_x")
    payee = world.payee()
    data = {"payment_method": payee.public_id, "amount": "1.00,50"}
    assert looked(portal, "/withdraw/", data).status_code == 422

    data["amount"] = "100,50"
    check = looked(portal, "/withdraw/", data)
    page = text(check)
    for words in ("Taken from your wallet 100.50 EUR", "Our fee 2.50 EUR", "You receive 98.00 EUR", "DE•• •••• 3000"):
        assert words in page
    assert Withdrawal.objects.count() == 0, "looking changes nothing"

    form = {**hidden(check), "step": "confirm"}
    first, second = portal.post("/withdraw/", form), portal.post("/withdraw/", form)
    made = Withdrawal.objects.get()
    assert first["Location"] == second["Location"] == f"/movements/{made.public_id}/"
    assert (made.amount, made.fee, made.state) == (Decimal("100.50"), Decimal("2.50"), "requested")
    (event,) = Event.objects.filter(type="withdrawal.requested")
    assert (event.person, event.ip, event.device) == (world.user.public_id, "127.0.0.1", "Test phone")
    assert event.request_id
    assert "Available 899.50 EUR" in text(portal.get("/"))


def test_a_twin_is_led_to_the_same_withdrawal_even_when_the_money_is_gone(world: World, portal: Browser) -> None:
    payee = world.payee()
    check = looked(portal, "/withdraw/", {"payment_method": payee.public_id, "amount": "1000"})
    form = {**hidden(check), "step": "confirm"}
    first = portal.post("/withdraw/", form)
    assert portal.post("/withdraw/", form)["Location"] == first["Location"]
    assert Withdrawal.objects.count() == 1


def test_the_same_form_with_another_amount_is_refused(world: World, portal: Browser) -> None:
    payee = world.payee()
    check = looked(portal, "/withdraw/", {"payment_method": payee.public_id, "amount": "10"})
    form = {**hidden(check), "step": "confirm"}
    portal.post("/withdraw/", form)
    response = portal.post("/withdraw/", {**form, "amount": "20"})
    assert response.status_code == 409
    assert "already sent with other values" in text(response)
    assert [row.amount for row in Withdrawal.objects.all()] == [Decimal(10)]


def test_a_fee_that_changed_meanwhile_is_shown_again(world: World, portal: Browser) -> None:
    payee = world.payee()
    check = looked(portal, "/withdraw/", {"payment_method": payee.public_id, "amount": "10"})
    PolicyRule.objects.create(code="withdrawal_fee", parameters={"amount": "1.00"}, made_by="usr_x")
    again = portal.post("/withdraw/", {**hidden(check), "step": "confirm"})
    assert again.status_code == 200
    assert "figures have changed" in text(again) and "You receive 9.00 EUR" in text(again)
    assert Withdrawal.objects.count() == 0
    assert portal.post("/withdraw/", {**hidden(again), "step": "confirm"}).status_code == 302


@pytest.mark.parametrize("token", ["", "forged", "old", "another's"])
def test_without_a_good_token_nothing_happens(world: World, portal: Browser, token: str) -> None:
    payee = world.payee()
    check = looked(portal, "/withdraw/", {"payment_method": payee.public_id, "amount": "10"})
    form = {**hidden(check), "step": "confirm"}
    if token == "old":
        signer = signing.TimestampSigner(salt=f"portal.once.withdraw.{world.user.public_id}")
        signer.timestamp = lambda: signing.b62_encode(1_700_000_000)  # type: ignore[method-assign]
        token = signer.sign("0" * 32)
    elif token == "another's":
        other = World()
        token = signing.TimestampSigner(salt=f"portal.once.withdraw.{other.user.public_id}").sign("0" * 32)
    response = portal.post("/withdraw/", {**form, once.FIELD: token})
    assert response.status_code == 200
    assert "open for too long" in text(response)
    assert Withdrawal.objects.count() == 0 and IdempotencyKey.objects.count() == 0
    assert portal.post("/withdraw/", {**hidden(response), "step": "confirm"}).status_code == 302


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("2000", "You have 1000.00 EUR available."),
        ("0", "above zero"),
        ("-5", "like 1,250.00"),
        ("1.250", "two different amounts"),
        ("abc", "like 1,250.00"),
        ("10.0011", "2 decimals"),
        ("", "This field is required"),
        ("9" * 39, "too large"),
    ],
)
def test_a_refused_amount_stays_in_the_form_with_its_words(
    world: World, portal: Browser, amount: str, words: str
) -> None:
    payee = world.payee()
    before = Transaction.objects.count()
    for step in ("check", "confirm"):
        response = portal.post("/withdraw/", {"payment_method": payee.public_id, "amount": amount, "step": step})
        assert response.status_code == 422 or (step == "confirm" and "open for too long" in text(response))
    response = looked(portal, "/withdraw/", {"payment_method": payee.public_id, "amount": amount})
    page = response.content.decode()
    assert words in text(response)
    assert f'value="{amount}"' in page or not amount
    assert '<a href="#id_amount">' in page and 'aria-describedby="id_amount_error"' in page
    assert 'aria-invalid="true"' in page
    assert "<title>Error:" in page
    assert Transaction.objects.count() == before and Withdrawal.objects.count() == 0


def test_a_rule_that_refuses_speaks_before_the_click() -> None:
    world = World(kyc="none")
    world.deposit("100.00")
    payee = world.payee()
    browser = Browser()
    browser.force_login(world.user)
    response = browser.post("/withdraw/", {"payment_method": payee.public_id, "amount": "10", "step": "check"})
    assert response.status_code == 422
    assert "Before your first withdrawal we have to check your documents." in text(response)
    assert Withdrawal.objects.count() == 0


def test_a_large_withdrawal_says_why_it_takes_longer(world: World, portal: Browser) -> None:
    world.deposit("20000.00")
    payee = world.payee()
    page = text(looked(portal, "/withdraw/", {"payment_method": payee.public_id, "amount": "12000"}))
    assert "This one takes a little longer" in page and "checked by a second person" in page


def test_change_something_brings_the_form_back_as_it_was(world: World, portal: Browser) -> None:
    payee = world.payee()
    check = looked(portal, "/withdraw/", {"payment_method": payee.public_id, "amount": "10"})
    (edit,) = re.findall(r'href="(/withdraw/\?edit=1)"', check.content.decode())
    form = portal.get(edit)
    assert form.status_code == 200
    assert 'value="10"' in form.content.decode() and "Error" not in text(form)


def test_cancelling_asks_first_and_gives_the_money_back_once(world: World, portal: Browser) -> None:
    made = world.withdrawal("100.00", world.payee())
    address = f"/movements/{made.public_id}/cancel/"
    assert "Cancel the withdrawal of 100.00 EUR" in text(portal.get(address))
    made.refresh_from_db()
    assert made.state == "requested", "asking is not doing"
    for _ in range(2):
        assert portal.post(address)["Location"] == f"/movements/{made.public_id}/"
    made.refresh_from_db()
    assert made.state == "cancelled"
    assert Event.objects.filter(type="withdrawal.cancelled").count() == 1
    assert "Available 1,000.00 EUR" in text(portal.get("/"))


def test_an_approved_withdrawal_can_no_longer_be_cancelled(world: World, portal: Browser) -> None:
    made = world.withdrawal("100.00", world.payee(), "approved")
    address = f"/movements/{made.public_id}/cancel/"
    assert portal.get(address)["Location"] == f"/movements/{made.public_id}/"
    response = portal.post(address)
    assert response.status_code == 409
    assert "This was not done" in text(response)
    made.refresh_from_db()
    assert made.state == "approved"


def test_what_staff_asked_for_is_shown_and_the_request_goes_on(world: World, portal: Browser) -> None:
    from payments.actors import Actor

    made = world.withdrawal("100.00", world.payee())
    approver = Actor.for_user(person("fin@example.test", "finance_approver", staff=True))
    withdrawal_decisions.send_back(
        withdrawal_id=made.pk, content_hash=made.content_hash, reason_code="documents_needed", note="staff only",
        client_message="Please send a bank statement.", actor=approver, now=timezone.now(),
    )  # fmt: skip
    page = text(portal.get(f"/movements/{made.public_id}/"))
    assert "Please send a bank statement." in page and "staff only" not in page
    for _ in range(2):
        assert portal.post(f"/movements/{made.public_id}/continue/").status_code == 302
    made.refresh_from_db()
    assert made.state == "requested"
    assert Event.objects.filter(type="withdrawal.resubmitted").count() == 1
