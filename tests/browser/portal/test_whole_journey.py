"""The journey of a client's money through the portal, on real parts: card in, MT5 and back, bank out.

Chromium clicks, our server serves, the card provider, the platform and the bank are the shipped simulators over HTTP;
only the worker's crank is turned by hand. A second person approves, as one must.
"""

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from config.settings.interfaces import page_policy
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.platforms.mt5.simulator import Mt5Simulator
from payments.connectors.psp.stripe.simulator import StripeSimulator
from payments.models import Client, Deposit, Withdrawal
from payments.services import trading_deals, withdrawal_decisions
from tests.factories.books import assert_sound
from tests.factories.firm import Firm, control
from tests.integration.portal.world import PASSWORD, World, person

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SECRET = "whsec_journey"


@pytest.fixture
def firm(live_server: Any, settings: Any, tmp_path: Path) -> Iterator[Firm]:
    made = Firm(settings, tmp_path)
    hook = f"{live_server.url}/hooks/stripe/"
    stripe = made.run(StripeSimulator(state=tmp_path / "stripe.sqlite3", webhook_url=hook, webhook_secret=SECRET))
    settings.STRIPE = {
        "api_base": stripe.url, "secret_key": "sk_test_journey", "webhook_secrets": [SECRET], "webhook_tolerance": 300,
    }  # fmt: skip
    settings.CONTENT_SECURITY_POLICY = page_policy(stripe.url)
    made.mt5 = made.run(Mt5Simulator(state=tmp_path / "mt5.sqlite3", password="Password1"))  # type: ignore[attr-defined]
    server = {"url": made.mt5.url, "login": "1000", "password": "Password1", "utc_offset_minutes": 120}  # type: ignore[attr-defined]
    settings.MT5 = {"servers": {"mt5": server}}
    made.open_bank()
    registry.forget()
    yield made
    registry.platform("mt5").close()  # type: ignore[attr-defined]
    made.stop()


@pytest.fixture
def shot(page: Page) -> Callable[[str], None]:
    """Keep a picture of this moment when SCREENSHOTS names a folder."""

    def keep(name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{folder}/journey-{name}.png", full_page=True)

    return keep


def part(page: Page, name: str) -> str:
    """A figure of the first balance card, as the client reads it."""
    return (page.locator(".part", has_text=name).locator(".amount").first.text_content() or "").replace("\xa0", " ")


def test_a_dollars_whole_journey(
    live_server: Any, page: Page, firm: Firm, complaints: list[str], shot: Callable[[str], None]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    client = World().client
    page.goto(live_server.url)
    page.get_by_label("Email").fill(client.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    shot("01-empty")

    pay_by_card(page, firm, shot)
    to_the_platform_and_back(page, firm, client, live_server.url, shot)
    out_to_the_bank(page, firm, client, live_server.url, shot)

    page.goto(live_server.url + "/activity/")
    titles = [text.strip().replace("\xa0", " ") for text in page.locator(".line-title").all_text_contents()]
    login = client.trading_accounts.get().login
    assert titles == [
        "Withdrawal to DE•• •••• 3000",
        "Transfer to your wallet",
        f"Trading result on MT5 {login}",
        f"Transfer to MT5 {login}",
        "Deposit by card",
    ]
    shot("12-activity")
    assert_sound()
    assert complaints == []


def pay_by_card(page: Page, firm: Firm, shot: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Add money").first.click()
    page.get_by_label("Amount").fill("1,000")
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_role("button", name="Continue").click()
    shot("02-deposit-check")
    page.get_by_role("button", name="Pay 1,000.00").click()
    page.locator("button.card").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Deposit by card")
    shot("03-back-from-the-card-page")
    deposit = Deposit.objects.get()
    firm.work_until(lambda: Deposit.objects.get().state == "captured")
    # The page finds out by itself.
    expect(page.locator("#state .tag")).to_contain_text("In your wallet", timeout=10_000)
    shot("04-in-the-wallet")
    page.get_by_role("link", name="To your money").click()
    assert part(page, "Available") == "1,000.00 EUR"
    assert deposit.amount == Decimal(1000)


def to_the_platform_and_back(page: Page, firm: Firm, client: Client, url: str, shot: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Open a trading account").click()
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_role("button", name="Continue").click()
    shot("05-open-account")
    page.get_by_role("button", name="Open the account").click()
    expect(page.get_by_text("Your trading account is open")).to_be_visible()
    account = client.trading_accounts.get()

    page.get_by_role("link", name="Transfer to it").click()
    page.get_by_label("Amount").fill("600")
    page.get_by_role("button", name="Continue").click()
    shot("06-transfer-check")
    page.get_by_role("button", name="Transfer 600.00").click()
    expect(page.get_by_text("600.00 EUR is reserved in your wallet")).to_be_visible()
    page.goto(url)
    assert (part(page, "Available"), part(page, "On its way")) == ("400.00 EUR", "600.00 EUR")
    shot("07-on-its-way")
    firm.work_until(lambda: client.transfers.get().state == "confirmed")

    trade = {"login": account.login, "symbol": "EURUSD", "profit": "-50.00"}
    control(firm.mt5, "/_sim/trade", trade)  # type: ignore[attr-defined]
    trading_deals.read(trading_account=account, now=timezone.now())
    page.goto(url + "/trading/")
    expect(page.locator(".figure-main")).to_contain_text("550.00")
    shot("08-lost-fifty")

    page.get_by_role("link", name="Back to wallet").click()
    page.get_by_label("Amount").fill("200")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Transfer 200.00").click()
    firm.work_until(lambda: not client.transfers.exclude(state="confirmed").exists())
    page.goto(url)
    assert (part(page, "Available"), part(page, "On its way")) == ("600.00 EUR", "0.00 EUR")


def out_to_the_bank(page: Page, firm: Firm, client: Client, url: str, shot: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Withdraw", exact=True).click()
    page.get_by_role("link", name="Add a bank account").click()
    page.get_by_label("IBAN").fill("DE89 3704 0044 0532 0130 00")
    page.get_by_role("button", name="Continue").click()
    shot("09-payee-check")
    page.get_by_role("button", name="Add this bank account").click()
    page.get_by_label("Amount").fill("100")
    page.get_by_role("button", name="Continue").click()
    shot("10-withdraw-check")
    page.get_by_role("button", name="Withdraw 100.00").click()
    expect(page.get_by_text("100.00 EUR is reserved in your wallet")).to_be_visible()
    address = page.url

    made = Withdrawal.objects.get()
    checker = Actor.for_user(person("approver@example.test", "finance_approver", staff=True))
    withdrawal_decisions.approve(
        withdrawal_id=made.pk, content_hash=made.content_hash, actor=checker, now=timezone.now()
    )
    firm.work_until(lambda: Withdrawal.objects.get().state == "paid")
    page.goto(address)
    expect(page.get_by_text("100.00 EUR was paid to your bank account")).to_be_visible()
    shot("11-paid")
    page.goto(url)
    assert (part(page, "Available"), part(page, "Held")) == ("500.00 EUR", "0.00 EUR")
