"""Transfers, payees and settings through the pages: each act shows itself first and then happens exactly once."""

import pytest
from django.test import Client as Browser

from ledger.models import Event
from payments.models import Client, Transfer
from tests.integration.portal.pages import hidden, looked, text
from tests.integration.portal.world import World

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


# --- transferring -----------------------------------------------------------------------------------------------------


def test_a_transfer_shows_before_and_after_and_reserves_once(world: World, portal: Browser) -> None:
    account = world.trading_account(currency="EUR")
    data = {"direction": "to_platform", "trading_account": account.public_id, "amount": "600"}
    check = looked(portal, "/transfer/", data)
    assert "In your wallet 1,000.00 EUR → becomes 400.00 EUR" in text(check)
    form = {**hidden(check), "step": "confirm"}
    first, second = portal.post("/transfer/", form), portal.post("/transfer/", form)
    made = Transfer.objects.get()
    assert first["Location"] == second["Location"] == f"/movements/{made.public_id}/"
    assert (made.state, made.direction) == ("reserved", "to_platform")
    page = text(portal.get("/"))
    assert "Available 400.00 EUR" in page and "On its way 600.00 EUR" in page and "Total 1,000.00 EUR" in page


def test_more_than_there_is_cannot_be_transferred(world: World, portal: Browser) -> None:
    account = world.trading_account(currency="EUR")
    data = {"direction": "to_platform", "trading_account": account.public_id, "amount": "1000.01"}
    response = looked(portal, "/transfer/", data)
    assert response.status_code == 422
    assert "You have 1,000.00 EUR available." in text(response)
    assert 'value="1000.01"' in response.content.decode()
    assert Transfer.objects.count() == 0


# --- payees, settings -------------------------------------------------------------------------------------------------


def test_a_payee_is_checked_shown_and_added_once(world: World, portal: Browser) -> None:
    data = {"holder_name": "Alex Example", "iban": "de89 3704 0044 0532 0130 00", "bic": ""}
    check = looked(portal, "/payees/add/?next=withdraw", data)
    assert "DE89 3704 0044 0532 0130 00" in text(check)
    form = {**hidden(check), "step": "confirm"}
    for _ in range(2):
        done = portal.post("/payees/add/?next=withdraw", form)
        payee = world.client.payment_methods.get()
        assert done["Location"] == f"/withdraw/?payee={payee.public_id}"
    assert payee.name_matches


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("iban", "DE89370400440532013001", "not a valid IBAN"),
        ("iban", "US12345", "not a valid IBAN"),
        ("holder_name", "X", "2 to 140 characters"),
        ("bic", "NOTABIC", "not a valid BIC"),
    ],
)
def test_wrong_bank_details_are_refused_at_their_field(
    world: World, portal: Browser, field: str, value: str, words: str
) -> None:
    data = {"holder_name": "Alex Example", "iban": "DE89370400440532013000", "bic": "", field: value}
    response = looked(portal, "/payees/add/", data)
    if response.status_code == 200:
        response = portal.post("/payees/add/", {**hidden(response), "step": "confirm"})
    assert response.status_code == 422
    assert words in text(response)
    assert f'href="#id_{field}"' in response.content.decode()
    assert world.client.payment_methods.count() == 0


def test_a_payee_in_use_stays_until_its_withdrawal_ends(world: World, portal: Browser) -> None:
    payee = world.payee()
    made = world.withdrawal("10.00", payee)
    assert portal.post(f"/payees/{payee.public_id}/remove/").status_code == 409
    portal.post(f"/movements/{made.public_id}/cancel/")
    assert portal.post(f"/payees/{payee.public_id}/remove/").status_code == 302
    payee.refresh_from_db()
    assert payee.state == "removed"


def test_settings_change_zone_and_colours_and_keep_a_record(world: World, portal: Browser) -> None:
    response = portal.post("/settings/", {"timezone": "Asia/Tokyo", "theme": "dark"}, follow=True)
    assert 'data-theme="dark"' in response.content.decode()
    assert "Asia/Tokyo (UTC+09:00)" in text(response)
    assert Client.objects.get(pk=world.client.pk).timezone == "Asia/Tokyo"
    (event,) = Event.objects.filter(type="client.timezone_changed")
    assert event.before == {"timezone": "Europe/Berlin"}
    assert portal.post("/settings/", {"timezone": "Mars/Base", "theme": "dark"}).status_code == 422
    assert Client.objects.get(pk=world.client.pk).timezone == "Asia/Tokyo"


def test_colours_can_be_chosen_without_signing_in(client: Browser) -> None:
    client.post("/theme/", {"theme": "dark", "next": "/accounts/login/"})
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()
    assert client.post("/theme/", {"theme": "dark", "next": "https://elsewhere.example/"})["Location"] == "/"
    client.post("/theme/", {"theme": "<script>", "next": "/"})
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()


def test_an_act_needs_its_form_token_against_forgery(world: World) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(world.user)
    made = world.withdrawal("10.00", world.payee())
    for address in ("/withdraw/", "/transfer/", "/deposit/", f"/movements/{made.public_id}/cancel/", "/settings/"):
        assert browser.post(address, {"step": "confirm"}).status_code == 403
    made.refresh_from_db()
    assert made.state == "requested"
