"""A real Chromium on a real server with a client who has seen everything. Any page error or refused resource fails."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from ledger import accounts
from payments.models import User
from tests.integration.portal.world import World, full_history


@pytest.fixture(autouse=True)
def _forget_accounts() -> Iterator[None]:
    accounts.forget()
    yield
    accounts.forget()


@pytest.fixture
def world(transactional_db: None) -> World:
    made = World()
    full_history(made, timezone.now())
    return made


@pytest.fixture
def sign_in(live_server: Any) -> Callable[[BrowserContext, User], None]:
    """Sign a person in without the form."""

    def sign(context: BrowserContext, user: User) -> None:
        browser = Browser()
        browser.force_login(user)
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
