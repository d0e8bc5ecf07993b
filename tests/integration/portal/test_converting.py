"""Converting in the portal: a form, a quote that can be read and refused, one conversion, and its line in the feed."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from ledger import accounts
from payments.models import Conversion, FxQuote
from payments.services import fx_quotes
from tests.factories import people, rates
from tests.integration.portal.pages import hidden, text
from tests.integration.portal.world import World

pytestmark = pytest.mark.django_db
DATA = {"sell_currency": "EUR", "buy_currency": "USD", "fixed": "sell", "amount": "100"}


@pytest.fixture
def world() -> World:
    accounts.forget()
    rates.publish({"USD": "1.0852", "JPY": "163.42"}, at=timezone.now() - timedelta(hours=1))
    made = World()
    made.deposit("1000.00")
    return made


@pytest.fixture
def portal(world: World) -> Browser:
    browser = Browser(headers={"user-agent": "Test phone"})
    browser.force_login(world.user)
    return browser


def quoted(portal: Browser, **changes: str) -> str:
    """Fill in the form; the address of the quote."""
    response = portal.post("/convert/", DATA | changes)
    assert response.status_code == 302, text(response)
    return response["Location"]


def test_from_the_form_to_the_feed(world: World, portal: Browser) -> None:
    page = text(portal.get("/convert/?from=EUR"))
    assert "EUR · 1,000.00 available" in page
    here = quoted(portal)
    page = text(portal.get(here))
    assert "You give 100.00 EUR" in page and "You get 108.14 USD" in page
    assert "1 EUR = 1.0814018 USD" in page and "0.35 % · 0.37 USD" in page
    assert "1,000.00 EUR → becomes 900.00 EUR" in page
    assert Conversion.objects.count() == 0
    first, second = portal.post(here), portal.post(here)  # a double click
    made = Conversion.objects.get()
    assert first["Location"] == second["Location"] == f"/movements/{made.public_id}/"
    story = text(portal.get(first["Location"]))
    assert "Converted to 108.14 USD" in story and "100.00 EUR became 108.14 USD, in your wallet" in story
    assert "Your rate: 1 EUR = 1.0814018 USD. Our spread of 0.35% is in it: 0.37 USD." in story
    assert made.public_id in story
    feed = text(portal.get("/activity/"))
    assert feed.count("Converted to 108.14 USD") == 1 and "Currency conversion" not in feed
    assert portal.get(here)["Location"] == first["Location"]


def test_the_feed_finds_a_conversion_by_either_currency_and_amount(world: World, portal: Browser) -> None:
    portal.post(quoted(portal))
    for query in ("currency=EUR", "currency=USD", "kind=conversion", "q=108.14", "q=100.00+EUR", "state=done"):
        assert "Converted to" in text(portal.get(f"/activity/?{query}")), query
    for query in ("currency=JPY", "kind=fee", "q=5.00"):
        assert "Converted to" not in text(portal.get(f"/activity/?{query}")), query


def test_the_amount_wanted_can_be_given_instead(world: World, portal: Browser) -> None:
    here = quoted(portal, buy_currency="JPY", fixed="buy", amount="5000")
    assert "You get 5,000 JPY" in text(portal.get(here))
    portal.post(here)
    assert str(Conversion.objects.get().bought) == "5000 JPY"


def test_an_expired_rate_says_so_and_offers_a_new_one(world: World, portal: Browser) -> None:
    here = quoted(portal)
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        response = portal.post(here)
        assert response.status_code == 409
        assert "no longer valid. Nothing was converted" in text(response)
        assert Conversion.objects.count() == 0
        wishes = hidden(response)
        assert wishes["amount"] == "100.00" and wishes["sell_currency"] == "EUR"
        again = portal.post("/convert/", wishes)
    assert again.status_code == 302 and again["Location"] != here
    assert FxQuote.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "1000.01"}, "You have 1,000.00 EUR available."),
        ({"amount": "2000", "fixed": "buy"}, "You have 1,000.00 EUR available."),
        ({"buy_currency": "EUR"}, "Choose another currency than the one you give."),
        ({"amount": "0"}, "The amount must be above zero."),
        ({"amount": "0.001"}, "EUR has 2 decimals."),
        ({"buy_currency": "JPY", "fixed": "buy", "amount": "1.5"}, "JPY has 0 decimals."),
        ({"sell_currency": "USD"}, "Select a valid choice"),
    ],
)
def test_a_refusal_is_shown_beside_what_was_typed(world: World, portal: Browser, changes, words) -> None:
    response = portal.post("/convert/", DATA | changes)
    assert response.status_code == 422
    assert words in text(response)
    assert FxQuote.objects.exclude(fixed="buy").count() == 0 and Conversion.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_money_that_has_gone_meanwhile_is_not_converted(world: World, portal: Browser) -> None:
    here = quoted(portal, amount="900")
    portal.post(quoted(portal, amount="500"))
    response = portal.post(here)
    assert response.status_code == 422 and "You have 500.00 EUR available." in text(response)
    assert Conversion.objects.count() == 1


def test_somebody_elses_quote_does_not_exist(world: World, portal: Browser) -> None:
    other = people.client()
    quote = fx_quotes.offer(
        client=other, fixed=people.fund(other, "50.00"), other_currency="USD", actor=people.acting(other),
        now=timezone.now(),
    )  # fmt: skip
    for send in (portal.get, portal.post):
        assert send(f"/convert/{quote.public_id}/").status_code == 404
    assert Conversion.objects.count() == 0


def test_without_money_or_without_rates_the_page_says_what_to_do(portal: Browser, world: World) -> None:
    poor = Browser()
    poor.force_login(World().user)
    assert "nothing in your wallet to convert yet" in text(poor.get("/convert/"))
    with time_machine.travel(timezone.now() + timedelta(days=10)):
        browser = Browser()
        browser.force_login(world.user)
        assert "no fresh exchange rates at the moment" in text(browser.get("/convert/"))
