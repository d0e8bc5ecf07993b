"""What a client does in the portal, in a real browser: with scripts off, and with them for comfort."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from payments.models import User, Withdrawal
from tests.integration.portal.world import PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[BrowserContext, User], None]


def test_the_core_journeys_work_without_scripts(live_server: Any, browser: Browser, world: World) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(live_server.url + "/activity/")
    page.get_by_label("Email").fill(world.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activity")

    page.get_by_role("link", name="Withdrawals").click()
    expect(page.locator(".line")).to_have_count(5)
    page.get_by_role("link", name="Waiting for you").click()
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_role("link", name="Clear all").click()
    page.get_by_label("Amount or reference").fill("98.50")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".line")).to_have_count(1)
    page.locator(".line-title a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Withdrawal to DE")
    expect(page.get_by_text("98.50 EUR was paid to your bank account")).to_be_visible()

    page.goto(live_server.url + "/")
    page.get_by_role("link", name="Withdraw", exact=True).click()
    page.get_by_label("Amount").fill("12,50")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your withdrawal")
    page.get_by_role("button", name="Withdraw 12.50").click()
    expect(page.get_by_text("12.50 EUR is reserved in your wallet")).to_be_visible()
    page.get_by_role("link", name="Cancel this withdrawal").click()
    page.get_by_role("button", name="Cancel the withdrawal of").click()
    expect(page.get_by_text("You cancelled it.")).to_be_visible()
    context.close()


def test_older_lines_are_added_in_place(live_server: Any, page: Page, context: BrowserContext, world: World,
                                        sign_in: SignIn, complaints: list[str]) -> None:  # fmt: skip
    for _ in range(30):
        world.deposit("1.00")
    sign_in(context, world.user)
    page.goto(live_server.url + "/activity/")
    expect(page.locator(".line")).to_have_count(25)
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".line")).to_have_count(50)
    assert page.url.endswith("/activity/"), "the address stays that of the first page"
    references = page.locator(".line-title a").evaluate_all("all => all.map(e => e.getAttribute('href'))")
    assert len(set(references)) == 50
    assert complaints == []


def test_a_double_click_makes_one_withdrawal(live_server: Any, page: Page, context: BrowserContext, world: World,
                                             sign_in: SignIn, complaints: list[str]) -> None:  # fmt: skip
    sign_in(context, world.user)
    before = Withdrawal.objects.count()
    page.goto(live_server.url + "/withdraw/")
    page.get_by_label("Amount").fill("10")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Withdraw 10.00").dblclick()
    expect(page.get_by_text("10.00 EUR is reserved in your wallet")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Withdraw")
    assert Withdrawal.objects.count() == before + 1
    assert complaints == []


def test_what_is_wrong_is_read_first_and_leads_to_its_field(
    live_server: Any, page: Page, context: BrowserContext, world: World, sign_in: SignIn
) -> None:
    sign_in(context, world.user)
    page.goto(live_server.url + "/withdraw/")
    page.get_by_label("Amount").fill("1.250")
    page.get_by_role("button", name="Continue").click()
    assert page.title().startswith("Error:")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    page.locator("#error-summary a").click()
    assert page.evaluate("document.activeElement.id") == "id_amount"
    assert page.get_by_label("Amount").input_value() == "1.250"
