"""The ledger by hand in a real browser: a hold placed and taken, a part posted, entries chosen for a reversal."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from ledger import accounts, posting
from ledger.models import Hold, Transaction
from ledger.posting import credit, debit
from payments.models import User
from tests.browser.admin.conftest import Day
from tests.browser.admin.test_admin_look import looked_at, opened
from tests.factories import books

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
__all__ = ["opened"]  # the fixture
Opened = Callable[..., Page]
CHECK = "Check what will happen"


def captured(of: Any) -> Transaction:
    """A deposit of 200.00, of which the provider kept 6.00."""
    names = ("psp/stripe/clearing", "house/psp-fees", of.account_code("wallet"))
    clearing, fees, wallet = (accounts.ref(name, "EUR") for name in names)
    with transaction.atomic():
        legs = [debit(clearing, Decimal(194)), debit(fees, Decimal(6)), credit(wallet, Decimal(200))]
        done = posting.post(reason="DEPOSIT_CAPTURED", legs=legs)
    return Transaction.objects.get(pk=done.id)


@pytest.mark.parametrize("width", [390, 1440])
def test_a_hold_is_placed_and_another_person_takes_a_part(
    live_server: Any, opened: Opened, day: Day, width: int
) -> None:
    size = {"width": width, "height": 900}
    page = opened(day.compliance, viewport=size)
    page.goto(f"{live_server.url}{reverse('admin:payments_client_change', args=[day.jean.public_id])}")
    page.get_by_role("link", name="Place a hold").click()
    expect(page.get_by_label("Whose money")).to_have_value(day.jean.public_id)
    page.get_by_label("Amount").fill("100,5")
    page.get_by_label("AML review").check()
    page.get_by_label("Why").fill("Source of funds asked for")
    page.get_by_role("button", name=CHECK).click()
    expect(page.get_by_role("alert")).to_contain_text("point before the decimals")
    looked_at(page, f"hold-refused-{width}")
    page.get_by_label("Amount").fill("100.50")
    page.get_by_role("button", name=CHECK).click()
    expect(page.get_by_role("heading", name="What the accounts will hold")).to_be_visible()
    looked_at(page, f"hold-check-{width}")
    page.get_by_role("button", name="Hold 100.50 EUR").dblclick()
    expect(page.get_by_text("100.50 EUR held.")).to_be_visible()
    hold = Hold.objects.get(reason="Source of funds asked for")

    page = opened(day.approver, viewport=size)
    page.goto(f"{live_server.url}{reverse('admin:ledger_hold_capture', args=[hold.public_id])}")
    page.get_by_label("Amount").fill("40")
    page.get_by_label("Why").fill("Court order 17/2026")
    page.get_by_role("button", name=CHECK).click()
    looked_at(page, f"hold-capture-check-{width}")
    page.get_by_role("button", name="Take 40 EUR of it to house/adjustments").dblclick()
    expect(page.get_by_text("Taken to house/adjustments.")).to_be_visible()
    hold.refresh_from_db()
    assert (hold.captured, hold.remaining) == (40, Decimal("60.50"))


@pytest.mark.parametrize("width", [390, 1440])
def test_a_part_is_posted_and_entries_are_reversed(live_server: Any, opened: Opened, day: Day, width: int) -> None:
    size = {"width": width, "height": 900}
    page, pending = opened(day.ops, viewport=size), day.everything["txn"]
    page.goto(f"{live_server.url}{reverse('admin:ledger_transaction_post', args=[pending.public_id])}")
    page.get_by_label("Amount").fill("30")
    page.get_by_label("Why").fill("Confirmed by phone")
    page.get_by_role("button", name=CHECK).click()
    looked_at(page, f"pending-post-check-{width}")
    page.get_by_role("button", name="Post 30 EUR of it").dblclick()
    expect(page.get_by_text("Posted by txn_")).to_be_visible()
    pending.reservation.refresh_from_db()
    assert pending.reservation.remaining == 60

    found, page = captured(day.maria), opened(day.approver, viewport=size)
    before = books.balance("psp/stripe/clearing")
    page.goto(f"{live_server.url}{reverse('admin:ledger_transaction_reverse', args=[found.public_id])}")
    page.locator("summary", has_text="Choose entries instead").click()
    for amount in ("194.01", "100"):
        page.get_by_label("Debit psp/stripe/clearing").fill(amount)
        page.get_by_label("Credit client/").fill(amount)
        page.get_by_label("Why").fill("Paid twice")
        page.get_by_role("button", name=CHECK).click()
        if amount == "194.01":
            expect(page.get_by_role("alert")).to_contain_text("194.00 EUR of psp/stripe/clearing is left")
        looked_at(page, f"reverse-{amount}-{width}")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_label("Debit psp/stripe/clearing")).to_have_value("100")
    page.get_by_role("button", name=CHECK).click()
    page.get_by_role("button", name="Reverse 2 chosen entries of it").dblclick()
    expect(page.get_by_text("Reversed by txn_")).to_be_visible()
    assert books.balance("psp/stripe/clearing") == before - 100
    assert Transaction.objects.filter(reverses=found).count() == 1


def test_entries_are_chosen_without_scripts(
    live_server: Any, browser: Browser, day: Day, sign_in: Callable[[Any, User], None]
) -> None:
    found = captured(day.maria)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    sign_in(context, day.approver)
    page = context.new_page()
    page.goto(f"{live_server.url}{reverse('admin:ledger_transaction_reverse', args=[found.public_id])}")
    page.locator("summary", has_text="Choose entries instead").click()
    page.get_by_label("Debit house/psp-fees").fill("6")
    page.get_by_label("Credit client/").fill("6")
    page.get_by_label("Why").fill("The fee was waived")
    page.get_by_role("button", name=CHECK).click()
    page.get_by_role("button", name="Reverse 2 chosen entries of it").click()
    expect(page.get_by_text("Reversed by txn_")).to_be_visible()
    context.close()
    assert books.balance("house/psp-fees") == 0
