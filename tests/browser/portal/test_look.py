"""Every page at three widths, light and dark: nothing sticks out, the browser complains of nothing, axe finds nothing.

SCREENSHOTS=<folder> keeps a picture of each page for people to look at.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from payments.models import User
from tests.browser.looks import LOOKS
from tests.integration.portal.test_pages import account_pages, addresses
from tests.integration.portal.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SIZES = {390: 844, 1024: 768, 1440: 900}
SignIn = Callable[[BrowserContext, User], None]


@pytest.fixture
def opened(browser: Browser, sign_in: SignIn, world: World) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def page(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        sign_in(context, world.user)
        return context.new_page()

    yield page
    for context in contexts:
        context.close()


def overflow(page: Page) -> int:
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_pages_look_right(live_server: Any, opened: Callable[..., Page], world: World, width: int, theme: str) -> None:
    page = opened(viewport={"width": width, "height": SIZES[width]}, color_scheme=theme)
    complaints: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    for number, address in enumerate(addresses(world) + account_pages()):
        page.goto(live_server.url + address)
        assert overflow(page) <= 0, f"{address} is wider than {width} px"
        keep(page, f"{number:02d}-{address.strip('/').replace('/', '-').split('?')[0] or 'home'}-{width}-{theme}")
        if width != 1024:
            assert violations(page) == [], address
    assert complaints == []


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1024, "light")])
def test_check_and_refusal_pages_look_right(
    live_server: Any, opened: Callable[..., Page], width: int, theme: str
) -> None:
    page = opened(viewport={"width": width, "height": SIZES[width]}, color_scheme=theme)
    fields = {
        "/deposit/": ("Amount", "1,250.50"),
        "/transfer/": ("Amount", "20"),
        "/withdraw/": ("Amount", "20"),
        "/payees/add/": ("IBAN", "DE02 1203 0000 0000 2020 51"),
        "/trading/open/": ("", ""),
    }
    for address, (label, value) in fields.items():
        for wrong in (True, False) if label else (False,):
            page.goto(live_server.url + address)
            if label:
                page.get_by_label(label).fill("?" if wrong else value)
            page.get_by_role("button", name="Continue").click()
            assert page.title().startswith("Error:" if wrong else "Check")
            keep(page, f"{'wrong' if wrong else 'check'}-{address.strip('/').replace('/', '-')}-{width}-{theme}")
            assert overflow(page) <= 0 and violations(page) == [], address


def test_sign_in_pages_look_right(live_server: Any, page: Page, complaints: list[str]) -> None:
    for address in ("/accounts/login/", "/accounts/password/reset/"):
        page.goto(live_server.url + address)
        keep(page, address.strip("/").replace("/", "-"))
        assert violations(page) == [] and overflow(page) <= 0
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert violations(page) == []
    assert complaints == []


def test_four_hundred_percent_zoom_needs_no_sideways_scrolling(
    live_server: Any, opened: Callable[..., Page], world: World
) -> None:
    """1280 by 1024 at 400 % is 320 by 256 (WCAG 1.4.10); nothing may cover what is focused (2.4.11)."""
    page = opened(viewport={"width": 320, "height": 256}, reduced_motion="reduce")
    for address in addresses(world) + account_pages():
        page.goto(live_server.url + address)
        assert overflow(page) <= 0, address
    page.goto(live_server.url + "/")
    keep(page, "zoom-home")
    assert page.locator(".tabs").evaluate("e => getComputedStyle(e).position") == "static"


def test_targets_are_large_enough_for_a_thumb(live_server: Any, opened: Callable[..., Page], world: World) -> None:
    page = opened(viewport={"width": 390, "height": 844})
    for address in ("/", "/activity/", "/withdraw/", "/settings/"):
        page.goto(live_server.url + address)
        small = page.evaluate(
            """() => [...document.querySelectorAll(
                 "button, .button, .tabs a, .chip, .part, select, input:not([type=hidden]):not([type=radio])")]
                 .filter(e => e.offsetParent !== null && e.getBoundingClientRect().height < 43.5)
                 .map(e => e.outerHTML.slice(0, 80))"""
        )
        assert small == [], address


def test_forced_colours_keep_every_shape(live_server: Any, opened: Callable[..., Page]) -> None:
    page = opened(viewport={"width": 390, "height": 844}, forced_colors="active")
    page.goto(live_server.url + "/")
    keep(page, "forced-colours-home")
    assert page.locator(".tag svg").first.is_visible()


def test_the_keyboard_reaches_everything_in_order(live_server: Any, opened: Callable[..., Page]) -> None:
    page = opened(viewport={"width": 1024, "height": 768})
    page.goto(live_server.url + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Add money"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
