"""One euro's whole journey, as people make it, in a real browser against the whole product with its demo firm.

A client pays by card, sees it land, sends 600 to MT5, loses 50 there, brings 200 back, withdraws 100; another person
approves it in the staff pages; the client sees it paid, and the bank's statement shows it. Then the books are verified
and read by a program that we did not write.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.factories.product import Product, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "demo-firm-only"
CLIENT = "elder@demo.example"
WAIT = 30_000  # milliseconds


@pytest.fixture(scope="module")
def product(browser: Any) -> Iterator[Product]:
    """`make run` with the demo firm, whose history is complete before the journey starts. One for all tests here: those
    with a browser and those without would be run apart."""
    with running(DEMO_MODE="1") as started:
        started.until(lambda: started.said("] ready"), 300)
        assert not started.said("the demo firm is not complete"), "".join(started.lines[-40:])
        yield started


def sign_in(browser: Any, product: Product, email: str, **options: Any) -> Any:
    """A signed-in page; any error of a script on it fails the test at once."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, **options)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"http://127.0.0.1:{product.port}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    return page


def go(page: Any, product: Product, path: str) -> None:
    page.goto(f"http://127.0.0.1:{product.port}{path}")


def amount_after(page: Any, product: Product, word: str) -> Decimal:
    """The first EUR amount that stands behind a word on the home page."""
    go(page, product, "/")
    text = page.inner_text("main").replace("\xa0", " ").replace("\n", " ")
    found = re.search(rf"{word}\s+([\d,]+\.\d\d)\s+EUR", text)
    assert found, text
    return Decimal(found.group(1).replace(",", ""))


def until(done: Callable[[], bool], what: str, seconds: float = 45) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.5)


def confirm(page: Any) -> None:
    """Continue to the check page, then do it."""
    page.click("main button[value=check]")
    page.click("main button[value=confirm]")
    page.wait_for_load_state()


def door(product: Product, offset: int, path: str, data: Any = None) -> Any:
    body = None if data is None else json.dumps(data).encode()
    url = f"http://127.0.0.1:{product.port + offset}{path}"
    with urlopen(Request(url, data=body), timeout=10) as answer:
        return json.loads(answer.read())


def test_the_demo_firm_has_work_waiting(product: Product) -> None:
    """Some forty clients in four currencies, made by the flows; approvals, unknown transfers and exceptions wait."""
    counts = (
        "Client.objects.count()",
        "Deposit.objects.order_by().values('currency').distinct().count()",
        "Withdrawal.objects.filter(state='requested').count()",
        "Transfer.objects.filter(state='unknown').count()",
        "ExceptionCase.objects.exclude(state='resolved').count()",
        "Withdrawal.objects.filter(settled_at__isnull=False).count()",
    )
    imports = "import json; from payments.models import *; from reconciliation.models import *"
    command = f"{imports}; print(json.dumps([{', '.join(counts)}]))"
    counted = product.manage("shell", "--verbosity", "0", "-c", command)
    clients, currencies, approvals, unknown, cases, settled = json.loads(counted.stdout.strip().splitlines()[-1])
    assert clients == 40
    assert currencies == 4
    assert approvals >= 5
    assert unknown >= 2
    assert cases >= 4
    assert settled >= 5


def test_the_whole_journey_of_one_euro(product: Product, browser: Any) -> None:
    client = sign_in(browser, product, CLIENT)
    start = amount_after(client, product, "Available")

    # Pay 1000 by card: our page, the provider's page, and back.
    go(client, product, "/deposit/")
    client.fill("input[name=amount]", "1000")
    confirm(client)
    client.wait_for_url(re.compile(r"/pay/"))
    client.fill("input[name=card_number]", "4242 4242 4242 4242")
    client.locator("form:has(input[name=card_number]) button").first.click()
    client.wait_for_url(re.compile(rf":{product.port}/"))
    until(lambda: amount_after(client, product, "Available") == start + 1000, "the card payment never landed")

    # Send 600 to MT5, lose 50 there, bring 200 back.
    move(client, product, "to_platform", "600")
    until(lambda: amount_after(client, product, "Available") == start + 400, "the transfer never left")
    login = login_of(client, product)
    before = amount_after(client, product, "Balance")
    door(product, 102, "/_sim/trade", {"login": login, "symbol": "EURUSD", "profit": "-50.00", "swap": "0",
                                       "commission": "0", "fee": "0"})  # fmt: skip
    until(lambda: amount_after(client, product, "Balance") == before - 50, "the loss was never read")
    move(client, product, "from_platform", "200")
    until(lambda: amount_after(client, product, "Available") == start + 600, "the money never came back")

    # Withdraw 100; the page says what happens before anything does.
    go(client, product, "/withdraw/")
    client.locator("input[name=payment_method]").first.check(force=True)
    client.fill("input[name=amount]", "100")
    confirm(client)
    reference = re.search(r"wd_[0-9a-z]{26}", client.content())
    assert reference, client.url
    assert amount_after(client, product, "Held") >= 100

    # Another person approves it.
    approve(browser, product, reference.group())
    go(client, product, f"/movements/{reference.group()}/")

    def paid() -> bool:
        client.reload()
        return "was paid to your bank account" in client.inner_text("main")

    until(paid, "the payout was never paid")

    # The bank's statement shows it, and the timeline tells the whole story.
    door(product, 103, "/_sim/close_day", {})
    assert settled(product, reference.group())
    go(client, product, "/activity/")
    story = client.inner_text("main").replace("\xa0", " ")
    for words in ("1,000.00 EUR", "600.00 EUR", "200.00 EUR", "100.00 EUR", "MT5"):
        assert words in story
    assert amount_after(client, product, "Available") == start + 500


def move(page: Any, product: Product, direction: str, amount: str) -> None:
    go(page, product, "/transfer/")
    page.locator(f"input[name=direction][value={direction}]").check(force=True)  # its label covers it
    page.locator("input[name=trading_account]").first.check(force=True)
    page.fill("input[name=amount]", amount)
    confirm(page)


def login_of(page: Any, product: Product) -> str:
    go(page, product, "/trading/")
    found = re.search(r"MT5 (\d+)", page.inner_text("main"))
    assert found
    return found.group(1)


def approve(browser: Any, product: Product, reference: str) -> None:
    """The finance approver finds it in the queue, reads what will be posted, and says yes."""
    staff = sign_in(browser, product, "finance-approver@demo.example")
    staff.set_viewport_size({"width": 1440, "height": 900})
    go(staff, product, f"/admin/search/?q={reference}")
    assert reference in staff.content()
    go(staff, product, f"/admin/approvals/{reference}/")
    assert "100.00 EUR" in staff.inner_text("body").replace("\xa0", " ")
    staff.get_by_role("button", name=re.compile("^Approve")).or_(
        staff.get_by_role("link", name=re.compile("^Approve"))
    ).first.click()
    staff.wait_for_load_state()
    confirm_button = staff.get_by_role("button", name=re.compile(r"^(Yes|Approve|Confirm)"))
    if confirm_button.count():
        confirm_button.first.click()
        staff.wait_for_load_state()
    staff.context.close()


def settled(product: Product, reference: str) -> bool:
    """One process that looks again and again: starting one for each look would take longer than the matching."""
    command = (
        "import time; from payments.services import withdrawals\n"
        "for _ in range(240):\n"
        f"    if withdrawals.find('{reference}').settled_at: print('SETTLED'); break\n"
        "    time.sleep(0.5)"
    )
    answer = product.manage("shell", "--verbosity", "0", "-c", command)
    assert "SETTLED" in answer.stdout, (answer.stdout, answer.stderr, "".join(product.lines[-30:]))
    return True


def test_the_books_are_right_and_others_read_them(product: Product, tmp_path: Path) -> None:
    """After all that: every invariant holds, and beancount accepts the whole book."""
    verified = product.manage("verify_ledger")
    assert verified.returncode == 0, verified.stdout
    book = product.manage("export_journal", "--format", "beancount").stdout
    path = tmp_path / "book.beancount"
    path.write_text(book)
    from beancount import loader

    entries, errors, _ = loader.load_file(str(path))
    assert not errors, errors[:3]
    assert len(entries) > 500
