"""Keeping money apart through the pages: shown before it happens, done once, and always part of the total."""

import pytest
from django.test import Client as Browser

from payments.models import Transfer
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


def form(**changes: str) -> dict[str, str]:
    return {"way": "into", "pocket": "Savings", "currency": "EUR", "amount": "250", **changes}


def test_money_moves_into_a_pocket_once_and_stays_part_of_the_total(world: World, portal: Browser) -> None:
    check = looked(portal, "/pockets/?currency=EUR", form())
    assert "In your wallet 1,000.00 EUR → becomes 750.00 EUR" in text(check)
    sent = {**hidden(check), "step": "confirm"}
    first, second = portal.post("/pockets/", sent), portal.post("/pockets/", sent)
    made = Transfer.objects.get()
    assert first["Location"] == second["Location"] == f"/movements/{made.public_id}/"
    assert (made.state, made.to_pocket) == ("confirmed", "savings")
    page = text(portal.get("/"))
    assert "Available 750.00 EUR" in page and "In pockets 250.00 EUR" in page and "Total 1,000.00 EUR" in page
    story = text(portal.get(first["Location"]))
    assert "Transfer to the pocket “savings”" in story
    assert "savings 250.00 EUR" in text(portal.get("/balances/EUR/"))


def test_more_than_a_pocket_holds_does_not_come_out_of_it(world: World, portal: Browser) -> None:
    check = looked(portal, "/pockets/", form())
    portal.post("/pockets/", {**hidden(check), "step": "confirm"})
    refused = looked(portal, "/pockets/", form(way="out", amount="250.01"))
    assert refused.status_code == 422
    assert "250.00 EUR" in text(refused)
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize("changes", [{"pocket": "rainy day"}, {"pocket": "nothing", "way": "out"}, {"amount": "0"}])
def test_what_cannot_be_is_said_beside_its_field(world: World, portal: Browser, changes: dict[str, str]) -> None:
    refused = looked(portal, "/pockets/", form(**changes))
    assert refused.status_code == 422
    assert not Transfer.objects.exists()


def test_the_page_without_money_leads_to_a_deposit() -> None:
    nobody = World()
    browser = Browser()
    browser.force_login(nobody.user)
    assert "You have no money yet" in text(browser.get("/pockets/"))
