"""A morning's work in a real browser: approve, reject, and clear an exception; with scripts, and without them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from payments.models import User
from reconciliation.models import CaseNote
from tests.browser.admin.conftest import Day
from tests.factories import books

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[BrowserContext, User], None]
WIDE = {"width": 1440, "height": 900}


def test_a_second_person_approves_a_payout(
    live_server: Any, page: Page, context: BrowserContext, day: Day, sign_in: SignIn, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    sign_in(context, day.approver)
    page.goto(live_server.url + reverse("admin:index"))
    page.locator("#nav-sidebar").get_by_role("link", name="Approvals").click()
    page.get_by_role("link", name="Maria Schmidt").first.click()
    expect(page.get_by_role("heading", name="What will be posted when the bank has paid")).to_be_visible()
    expect(page.get_by_role("heading", name="Policy checks, as of now")).to_be_visible()
    page.get_by_role("button", name="Approve payout of 480.00").click()
    expect(page.get_by_text("Please check")).to_be_visible()
    page.get_by_role("button", name="Approve payout of 480.00").click()
    expect(page.get_by_text("is approved and goes to the bank")).to_be_visible()
    day.small.refresh_from_db()
    assert day.small.state == "approved"
    assert complaints == []


def test_rejecting_asks_for_a_reason_and_gives_the_money_back(
    live_server: Any, page: Page, context: BrowserContext, day: Day, sign_in: SignIn, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(context, day.compliance)
    page.goto(live_server.url + reverse("admin:approval", args=[day.made_by_ops.public_id]))
    page.get_by_role("link", name="Decide").click()
    page.locator("summary", has_text="Reject").click()
    page.get_by_role("button", name="Reject payout of 250.00").click()
    expect(page.get_by_role("alert")).to_contain_text("This field is required")
    form = page.locator("details[open]", has_text="Reject payout")
    form.get_by_label("Reason").select_option("payee_not_client")
    form.get_by_label("Note to the maker").fill("The account is a company's.")
    form.get_by_role("button", name="Reject payout of 250.00").click()
    expect(page.get_by_text("We can only pay to an account in your own name.")).to_be_visible()
    page.get_by_role("button", name="Reject payout of 250.00").click()
    expect(page.get_by_text("the money is back in the wallet")).to_be_visible()
    day.made_by_ops.refresh_from_db()
    assert (day.made_by_ops.state, day.made_by_ops.reason_code) == ("rejected", "payee_not_client")
    assert books.held(day.jean) == 90, "only the other payout is still held"
    # The browser itself notes every answer that is not a success.
    assert [words for words in complaints if "422" not in words] == []


def test_an_exception_is_taken_noted_and_resolved(
    live_server: Any, page: Page, context: BrowserContext, day: Day, sign_in: SignIn, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    sign_in(context, day.ops)
    page.goto(live_server.url + reverse("admin:reconciliation_exceptioncase_changelist"))
    page.get_by_role("button", name="Take the next one").click()
    expect(page.get_by_text("Ask the other side by phone, with our reference.")).to_be_visible()
    page.get_by_label("Note").fill("Called the platform: ticket 77001.")
    page.get_by_role("button", name="Add a note").click()
    expect(page.get_by_role("rowheader", name="Called the platform: ticket 77001.").or_(
        page.locator("td", has_text="Called the platform: ticket 77001.")).first).to_be_visible()  # fmt: skip
    page.get_by_role("link", name="Resolve…").click()
    page.get_by_label("It had happened; the other side confirmed").check()
    page.get_by_label("What was found").fill("Confirmed under ticket 77001.")
    page.get_by_role("button", name="Check what will happen").click()
    page.get_by_role("button", name="Resolve: It had happened; the other side confirmed").click()
    expect(page.get_by_text("Resolved: It had happened; the other side confirmed.")).to_be_visible()
    day.doubt.refresh_from_db()
    assert day.doubt.state == "resolved"
    assert CaseNote.objects.filter(case=day.doubt).count() == 3
    assert complaints == []


def test_a_double_click_drafts_one_correction(
    live_server: Any, page: Page, context: BrowserContext, day: Day, sign_in: SignIn
) -> None:
    from payments.models import Adjustment

    sign_in(context, day.ops)
    before = Adjustment.objects.count()
    page.goto(live_server.url + reverse("admin:reconciliation_exceptioncase_assign", args=[day.receipt.public_id]))
    page.get_by_label("How the owner was found").fill("Name on the statement")
    page.get_by_role("button", name="Check what will happen").click()
    page.get_by_role("button", name="Draft 250.00").dblclick()
    expect(page.get_by_text("waits for a second person").first).to_be_visible()
    assert Adjustment.objects.count() == before + 1


def test_deciding_works_without_scripts(live_server: Any, browser: Browser, day: Day, sign_in: SignIn) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=WIDE)
    sign_in(context, day.approver)
    page = context.new_page()
    page.goto(live_server.url + reverse("admin:approvals"))
    page.get_by_role("link", name="Maria Schmidt").first.click()
    page.get_by_role("button", name="Approve payout of 480.00").click()
    page.get_by_role("button", name="Approve payout of 480.00").click()
    expect(page.get_by_text("is approved and goes to the bank")).to_be_visible()
    day.small.refresh_from_db()
    assert day.small.state == "approved"
    context.close()


def test_the_queue_fits_a_desk_screen_with_short_rows(
    live_server: Any, page: Page, context: BrowserContext, day: Day, sign_in: SignIn
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    sign_in(context, day.approver)
    page.goto(live_server.url + reverse("admin:approvals"))
    heights = page.locator(".ww-table--approvals tbody tr").evaluate_all("rows => rows.map(r => r.offsetHeight)")
    assert heights and max(heights) <= 44, heights
    box = page.locator(".ww-scroll").first
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth")
