"""Converting in a real browser: at three widths, light and dark, until the countdown ends, and without scripts."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ledger import accounts
from payments.models import Conversion, User
from tests.browser.looks import LOOKS
from tests.browser.portal.test_look import SIZES, keep, overflow, violations
from tests.factories import rates
from tests.integration.portal.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[BrowserContext, User], None]


@pytest.fixture
def client(transactional_db: None) -> World:
    accounts.forget()
    rates.publish(at=timezone.now() - timedelta(hours=1))
    made = World()
    made.deposit("12345.67", "USD")
    made.deposit("850.00")
    return made


@pytest.fixture
def opened(browser: Browser, sign_in: SignIn, client: World) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def page(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        sign_in(context, client.user)
        return context.new_page()

    yield page
    for context in contexts:
        context.close()


def asked(page: Page, live_server: Any, amount: str = "1000") -> None:
    page.goto(f"{live_server.url}/convert/?from=USD&to=EUR")
    page.get_by_label("Amount", exact=True).fill(amount)
    page.get_by_role("button", name="Show me the rate").click()


def checked(page: Page, name: str) -> None:
    keep(page, name)
    assert overflow(page) <= 0, name
    assert violations(page) == [], name


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_look_right(live_server: Any, opened: Callable[..., Page], width: int, theme: str) -> None:
    page = opened(viewport={"width": width, "height": SIZES[width]}, color_scheme=theme)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(f"{live_server.url}/convert/?from=USD&to=EUR")
    checked(page, f"convert-form-{width}-{theme}")
    asked(page, live_server)
    expect(page.locator("[data-left]")).to_have_text(re.compile("0:[0-3][0-9]"))
    checked(page, f"convert-quote-{width}-{theme}")
    page.get_by_role("button", name=re.compile("Convert 1,000.00")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Converted to")
    checked(page, f"convert-done-{width}-{theme}")
    page.goto(live_server.url)
    keep(page, f"convert-home-{width}-{theme}")
    assert overflow(page) <= 0
    assert complaints == []


def test_the_countdown_ends_and_a_new_rate_is_one_press_away(
    live_server: Any, opened: Callable[..., Page], settings: Any
) -> None:
    settings.FX = settings.FX | {"quote_seconds": 5}
    page = opened(viewport={"width": 390, "height": 844})
    asked(page, live_server)
    expect(page.get_by_role("button", name="Show me a new rate")).to_be_hidden()
    expect(page.get_by_role("button", name="Show me a new rate")).to_be_visible(timeout=8000)
    expect(page.get_by_role("button", name=re.compile("Convert 1,000.00"))).to_be_hidden()
    checked(page, "convert-over-390-light")
    settings.FX = settings.FX | {"quote_seconds": 30}
    page.get_by_role("button", name="Show me a new rate").click()
    page.get_by_role("button", name=re.compile("Convert 1,000.00")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Converted to")
    assert Conversion.objects.count() == 1


def test_without_scripts_it_converts_all_the_same(live_server: Any, opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    asked(page, live_server)
    keep(page, "convert-noscript-1280-light")
    page.get_by_role("button", name=re.compile("Convert 1,000.00")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Converted to")
