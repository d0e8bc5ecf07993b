"""Every staff page at three widths, light and dark: nothing sticks out, the browser complains of nothing.

SCREENSHOTS=<folder> keeps a picture of each page for people to look at.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from payments.models import User
from tests.browser.admin.conftest import Day
from tests.browser.looks import LOOKS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SIZES = {390: 844, 1024: 768, 1440: 900}
# Unfold's own frame: landmarks, the heading order around the title, the hidden menus.
FRAME = frozenset({"region", "landmark-one-main", "landmark-unique", "list", "page-has-heading-one", "heading-order"})
SignIn = Callable[[BrowserContext, User], None]


@pytest.fixture
def opened(browser: Browser, sign_in: SignIn) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def page(user: User, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        sign_in(context, user)
        return context.new_page()

    yield page
    for context in contexts:
        context.close()


def pages_of_approver(day: Day) -> dict[str, str]:
    def shown(reference: str) -> str:
        from ledger.admin import references

        return references.url(reference)

    return {
        "today": reverse("admin:index"),
        "approvals": reverse("admin:approvals"),
        "status": reverse("admin:status"),
        "decision": reverse("admin:approval", args=[day.small.public_id]),
        "decision-second": reverse("admin:approval", args=[day.large.public_id]),
        "decision-adjustment": reverse("admin:approval", args=[day.correction.public_id]),
        "exceptions": reverse("admin:reconciliation_exceptioncase_changelist"),
        "search": reverse("admin:search") + "?q=Maria",
        "withdrawals": reverse("admin:payments_withdrawal_changelist"),
        "withdrawal": shown(day.failed.public_id),
        "client": shown(day.maria.public_id),
        "payee": shown(day.maria.payment_methods.get().public_id),
        "deposit": shown(day.everything["dep"].public_id),
        "transfer": shown(day.unknown.public_id),
        "fx-position": reverse("admin:fx-position"),
        "rates": reverse("admin:payments_rate_changelist"),
        "rate": shown(day.everything["rate"].public_id),
        "quote": shown(day.everything["fxq"].public_id),
        "conversions": reverse("admin:payments_conversion_changelist"),
        "conversion": shown(day.everything["cv"].public_id),
        "accounts": reverse("admin:ledger_account_changelist"),
        "entries": reverse("admin:ledger_entry_changelist"),
        "transactions": reverse("admin:ledger_transaction_changelist"),
        "holds": reverse("admin:ledger_hold_changelist"),
        "hold": shown(day.everything["hold"].public_id),
        "hold-capture": reverse("admin:ledger_hold_capture", args=[day.everything["hold"].public_id]),
        "reverse": reverse("admin:ledger_transaction_reverse", args=[day.everything["cv"].transaction.public_id]),
        "events": reverse("admin:ledger_event_changelist"),
        "statement": shown(day.everything["st"].public_id),
        "rules": reverse("admin:payments_policyrule_changelist"),
        "refund": reverse("admin:payments_deposit_refund", args=[day.everything["dep"].public_id]),
        "versions": reverse("admin:payments_client_history", args=[day.maria.public_id]),
        "nothing-found": reverse("admin:payments_deposit_changelist") + "?q=nothing-like-this",
        "search-empty": reverse("admin:search") + "?q=zzzz",
        **pages_of_sums(day),
        **pages_of_files(day),
    }


def pages_of_sums(day: Day) -> dict[str, str]:
    """What finance looks at: sums of the book, what is watched, and the way out to the general ledger."""
    from ledger.admin import references

    return {
        "trial-balance": reverse("admin:trial-balance") + "?currency=EUR",
        "trial-balance-accounts": reverse("admin:trial-balance") + "?currency=EUR&by=account&at=2026-01-01T12:00",
        "trial-balance-both-clocks": reverse("admin:trial-balance")
        + "?currency=EUR&at=2026-01-01T12:00:00&recorded_at=2099-01-02T12:00:00",
        "roll-ups": reverse("admin:roll-ups") + "?currency=EUR",
        "roll-ups-clients": reverse("admin:roll-ups") + "?currency=EUR&by=prefix&prefix=client",
        "monitors": reverse("admin:ledger_balancemonitor_changelist"),
        "monitor": references.url(day.everything["mon"].public_id),
        "monitor-set-up": reverse("admin:ledger_balancemonitor_set-up"),
        "gl-mapping": reverse("admin:ledger_glmapping_changelist"),
        "gl-mapping-line": references.url(day.everything["glm"].public_id),
        "gl-mapping-add": reverse("admin:ledger_glmapping_add-line"),
        "gl-exports": reverse("admin:ledger_glexport_changelist"),
        "cut-overs": reverse("admin:payments_openingimport_changelist"),
        "cut-over": references.url(day.everything["opn"].public_id),
        "cut-over-approve": reverse("admin:payments_openingimport_approve", args=[day.everything["opn"].public_id]),
    }


def pages_of_files(day: Day) -> dict[str, str]:
    """What can be taken away, and what is said when it cannot."""
    from ledger.admin import references

    of = [day.closed.public_id]
    return {
        "periods": reverse("admin:ledger_period_changelist"),
        "period": references.url(day.closed.public_id),
        "period-open": references.url(day.everything["per"].public_id),
        "period-accounts": reverse("admin:ledger_period_accounts", args=of),
        "period-account-found": reverse("admin:ledger_period_accounts", args=of) + "?q=bank",
        "period-account-unknown": reverse("admin:ledger_period_accounts", args=of) + "?q=nothing-like-this",
        "period-account-still": reverse("admin:ledger_period_accounts", args=of) + "?q=house",
        "downloads": reverse("admin:downloads"),
        "checkpoints": reverse("admin:checkpoints"),
        "gl-export": references.url(day.everything["glx"].public_id),
    }


def pages_of_ops(day: Day) -> dict[str, str]:
    from ledger.admin import references

    options = "admin:reconciliation_exceptioncase"
    return {
        "ops-today": reverse("admin:index"),
        "ops-approvals": reverse("admin:approvals"),
        "ops-own-decision": reverse("admin:approval", args=[day.made_by_ops.public_id]),
        "ops-exception": references.url(day.receipt.public_id),
        "ops-exception-unknown": references.url(day.doubt.public_id),
        "ops-resolve": reverse(f"{options}_resolve", args=[day.receipt.public_id]),
        "ops-assign": reverse(f"{options}_assign", args=[day.receipt.public_id]),
        "ops-give-back": reverse("admin:payments_withdrawal_give-back", args=[day.failed.public_id]),
        "ops-transfer-resolve": reverse("admin:payments_transfer_resolve", args=[day.unknown.public_id]),
        "ops-bring-rate": reverse("admin:payments_rate_bring"),
        "ops-draft": reverse("admin:payments_adjustment_draft"),
        "ops-cut-over-upload": reverse("admin:payments_openingimport_upload"),
        "ops-pocket": reverse("admin:payments_client_pocket", args=[day.maria.public_id]),
        "ops-provider-event": references.url(day.everything["pev"].public_id),
        "ops-outbox": reverse("admin:payments_outboxmessage_changelist"),
        "ops-hold-place": reverse("admin:ledger_hold_place"),
        "ops-pending": references.url(day.everything["txn"].public_id),
        **{
            f"ops-pending-{act}": reverse(f"admin:ledger_transaction_{act}", args=[day.everything["txn"].public_id])
            for act in ("post", "void", "expire", "extend")
        },
    }


def pages_of_administrator(day: Day) -> dict[str, str]:
    return {
        "admin-people": reverse("admin:payments_user_changelist"),
        "admin-person": admin.site._registry[User].url_of(day.ops),
        "admin-roles": reverse("admin:payments_user_roles", args=[day.ops.public_id]),
        "admin-key": reverse("admin:payments_apikey_create"),
    }


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def overflow(page: Page) -> int:
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {n['html'][:160]}" for rule in found if rule["id"] not in FRAME for n in rule["nodes"]]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_staff_pages_look_right(
    live_server: Any, opened: Callable[..., Page], day: Day, width: int, theme: str
) -> None:
    people = ((day.approver, pages_of_approver), (day.ops, pages_of_ops), (day.administrator, pages_of_administrator))
    for user, pages in people:
        page = opened(user, viewport={"width": width, "height": SIZES[width]}, color_scheme=theme)
        complaints: list[str] = []

        def console(message: ConsoleMessage, complaints: list[str] = complaints, page: Page = page) -> None:
            if message.type in ("error", "warning"):
                complaints.append(f"{page.url}: {message.text}")

        page.on("console", console)
        wrong: list[str] = []
        for name, address in pages(day).items():
            page.goto(live_server.url + address)
            page.wait_for_selector("html:not([x-cloak])")
            keep(page, f"{name}-{width}-{theme}")
            if overflow(page) > 0:
                wrong.append(f"{name} is {overflow(page)} px wider than {width} px")
            if width != 1024:
                wrong += [f"{name}: {violation}" for violation in violations(page)]
        assert wrong == []
        assert complaints == []


@pytest.mark.parametrize("width", [390, 1440])
def test_what_cannot_be_fetched_is_said_on_a_page(
    live_server: Any, opened: Callable[..., Page], day: Day, width: int
) -> None:
    page = opened(day.approver, viewport={"width": width, "height": SIZES[width]})
    page.goto(live_server.url + reverse("admin:ledger_period_trial_csv", args=[day.everything["per"].public_id]))
    looked_at(page, f"refused-file-{width}")
    page.goto(live_server.url + reverse("admin:downloads"))
    page.get_by_label("From").fill("2026-11-02")
    page.get_by_label("To").fill("2026-11-01")
    page.get_by_role("button", name="Download journal").click()
    page.get_by_text("The first day is after the last one.").first.wait_for()
    looked_at(page, f"refused-journal-{width}")
    page.get_by_label("To").fill("2026-11-30")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download journal").click()
    assert waiting.value.suggested_filename == "book.journal"


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_behind_forms_look_right(live_server: Any, opened: Callable[..., Page], day: Day, width: int) -> None:
    page = opened(day.approver, viewport={"width": width, "height": SIZES[width]})
    address = live_server.url + reverse("admin:approval", args=[day.small.public_id])
    page.goto(address)
    page.locator("summary", has_text="Reject").click()
    page.get_by_role("button", name="Reject payout").click()
    looked_at(page, f"decision-refused-{width}")
    page.goto(address)
    page.get_by_role("button", name="Approve payout").click()
    looked_at(page, f"decision-check-{width}")
    day.small.payment_method.holder_name = "Somebody Else"
    day.small.payment_method.save()
    page.get_by_role("button", name="Approve payout").click()
    looked_at(page, f"decision-changed-{width}")
    page = opened(day.administrator, viewport={"width": width, "height": SIZES[width]})
    page.goto(live_server.url + reverse("admin:payments_apikey_create"))
    page.get_by_label("Name").fill("CRM, read only")
    page.get_by_label("Role").select_option("auditor")
    page.get_by_label("Who answers for it").fill(day.compliance.email)
    page.get_by_role("button", name="Check what will happen").click()
    looked_at(page, f"key-check-{width}")
    page.get_by_role("button", name="Make the key").click()
    looked_at(page, f"key-secret-{width}")


def looked_at(page: Page, name: str) -> None:
    page.wait_for_selector("html:not([x-cloak])")
    keep(page, f"{name}-light")
    assert overflow(page) <= 0, name
    assert violations(page) == [], name
