"""A real Chromium on a real server, with a day of work waiting in the back office. Any complaint of it fails."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from ledger import accounts, seal_checkpoints
from payments.actors import Actor
from payments.models import PolicyRule, User
from payments.services import withdrawal_decisions
from tests.factories import people
from tests.integration.admin import office
from tests.integration.ledger import sealed_books


@pytest.fixture(autouse=True)
def _forget_accounts(transactional_db: None) -> Iterator[None]:
    accounts.forget()
    yield
    accounts.forget()


class Day:
    """A morning in the back office: people, and what waits for them."""

    def __init__(self) -> None:
        self.ops = office.staff_user("payments_ops", name="Olga Ops")
        self.approver = office.staff_user("finance_approver", name="Frank Finance")
        self.compliance = office.staff_user("compliance", name="Carla Compliance")
        self.administrator = office.staff_user("administrator", name="Adam Admin")
        now = timezone.now()
        ops = Actor.for_user(self.ops)
        PolicyRule.objects.create(
            code="second_approver", currency="EUR", parameters={"limit": "10000"}, made_by=ops.person
        )
        PolicyRule.objects.create(
            code="withdrawal_fee", currency="EUR", parameters={"amount": "1.50"}, made_by=ops.person
        )
        self.maria = office.client("25000.00", name="Maria Schmidt")
        self.jean = office.client("1200.00", name="Jean-Baptiste de la Fontaine-Montgolfier")
        self.small = office.withdrawal(self.maria, "480.00")
        self.large = office.withdrawal(self.maria, "12000.00")
        self.made_by_ops = office.withdrawal(self.jean, "250.00", by=ops, to=people.payee(
            self.jean, iban=office.IBANS[2], holder="Montgolfier SARL"))  # fmt: skip
        withdrawal_decisions.approve(
            withdrawal_id=self.large.pk, content_hash=self.large.content_hash,
            actor=Actor.for_user(self.compliance), now=now, note="Looked at the documents again; fine.",
        )  # fmt: skip
        self.correction = office.adjustment(self.jean, "25.00", by=ops)
        self.failed = office.failed(self.jean, "90.00")
        self.unknown = office.transfer(self.jean, asked_times=6, asked_at=now)
        office.deposit(self.maria, amount="1500.00")
        self.receipt = office.receipt_case(self.maria)
        self.doubt = office.case(of=self.jean, object_ref=self.unknown.public_id, now=now - timedelta(hours=6),
                                 title=f"Transfer {self.unknown.public_id}: MT5 does not answer")  # fmt: skip
        self.everything = office.everything(now)
        self.closed = office.closed_day(now)
        sealed_books.seal_all()
        self.signed = seal_checkpoints.sign_head(now=now)


@pytest.fixture
def day(transactional_db: None) -> Day:
    return Day()


@pytest.fixture
def sign_in(live_server: Any) -> Callable[[BrowserContext, User], None]:
    """Sign a person in without the form."""

    def sign(context: BrowserContext, user: User) -> None:
        browser = Browser()
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": live_server.url}])

    return sign


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complained about: errors of scripts, refusals of the page policy, missing files."""
    found: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            found.append(message.text)

    page.on("console", console)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found
