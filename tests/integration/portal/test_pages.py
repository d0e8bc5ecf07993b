"""Every page: for the right person only, under the strict policy, without a line of inline script or style."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from django.utils import timezone

from portal import urls as portal_urls
from portal.queries import timeline
from tests.integration.portal.world import World, full_history, person

pytestmark = pytest.mark.django_db
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "object-src": None,
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


@pytest.fixture
def world() -> World:
    made = World()
    full_history(made, timezone.now())
    return made


@pytest.fixture
def portal(world: World) -> Browser:
    signed_in = Browser()
    signed_in.force_login(world.user)
    return signed_in


def addresses(world: World) -> list[str]:
    """Every page of the portal that this client can open, movements of every kind among them."""
    lines = timeline.page(world.client, now=timezone.now(), limit=100).lines
    movements = [
        f"/trading/{line.account}/{line.day}/" if line.noun == "trading_day" else f"/movements/{line.reference}/"
        for line in lines
    ]
    deposit = next(line.reference for line in lines if line.kind == "deposit" and line.state == "initiated")
    withdrawal = next(line.reference for line in lines if line.kind == "withdrawal" and line.state == "requested")
    payee = world.client.payment_methods.get().public_id
    return [
        "/", "/balances/EUR/", "/balances/USD/", "/activity/", "/activity/?kind=deposit&state=open&q=5",
        "/deposit/", f"/deposit/{deposit}/", "/transfer/", "/withdraw/", f"/movements/{withdrawal}/cancel/",
        "/payees/", "/payees/add/", f"/payees/{payee}/remove/", "/trading/", "/trading/open/", "/settings/", "/help/",
        *movements,
    ]  # fmt: skip


def account_pages() -> list[str]:
    return ["/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/logout/"]


LONG = "q=" + "x" * 81


class Strictness(HTMLParser):
    """Finds what a strict policy would refuse, and what breaks a page for some people."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "style" or "style" in values:
            self.wrong.append(f"inline style on <{tag}>")
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.wrong.append("inline script")
        self.wrong += [f"{name} on <{tag}>" for name in values if name.startswith(("on", "hx-on"))]
        for name in ("src", "href", "action"):
            if (values.get(name) or "").startswith(("http:", "https:", "//", "javascript:")):
                self.wrong.append(f"{tag} leads elsewhere: {values[name]}")
        if identifier := values.get("id"):
            self.ids.append(identifier)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))


def assert_strict(response: HttpResponse) -> None:
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";") if part.strip())
    for directive, value in STRICT.items():
        assert policy.get(directive) == value, directive
    assert "unsafe" not in response["Content-Security-Policy"]
    page = Strictness()
    page.feed(response.content.decode())
    assert page.wrong == []
    assert len(page.ids) == len(set(page.ids)), "an id names one thing"
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_every_page_is_strict_private_and_whole(world: World, portal: Browser) -> None:
    for address in addresses(world) + account_pages():
        response = portal.get(address)
        assert response.status_code == 200, address
        assert_strict(response)
        assert address.startswith("/accounts/") or "no-store" in response["Cache-Control"]
        assert "%(" not in response.content.decode(), address


def test_pages_for_nobody_in_particular_are_strict_too(client: Browser) -> None:
    for address, status in (("/accounts/login/", 200), ("/accounts/password/reset/", 200), ("/nothing/", 404)):
        response = client.get(address)
        assert response.status_code == status
        assert_strict(response)


def test_the_error_pages_wear_the_portals_look(world: World, portal: Browser) -> None:
    response = portal.get("/movements/wd_nothing/")
    assert response.status_code == 404
    assert b"There is nothing here" in response.content
    browser_with_checks = Browser(enforce_csrf_checks=True)
    browser_with_checks.force_login(world.user)
    assert browser_with_checks.post("/settings/", {}).status_code == 403


def views() -> Iterator[URLPattern]:
    yield from portal_urls.urlpatterns


def test_every_address_is_behind_the_gate() -> None:
    for pattern in views():
        view = pattern.callback
        assert getattr(view, "client_page", False) or getattr(view, "anonymous_page", False), pattern.pattern
    assert [str(p.pattern) for p in views() if getattr(p.callback, "anonymous_page", False)] == ["theme/"]


def test_who_is_not_signed_in_is_sent_to_sign_in(world: World, client: Browser) -> None:
    for address in addresses(world):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")


def test_staff_without_a_client_are_sent_to_their_own_pages(settings: object) -> None:
    settings.SECOND_FACTOR_REQUIRED = False  # type: ignore[attr-defined]
    browser = Browser()
    browser.force_login(person("ops@example.test", "payments_ops", staff=True))
    for address in ("/", "/activity/", "/withdraw/"):
        assert browser.get(address)["Location"] == "/admin/"


def test_a_person_without_any_role_sees_nothing(world: World) -> None:
    browser = Browser()
    nobody = person("nobody@example.test", "client")
    browser.force_login(nobody)
    assert browser.get("/").status_code == 403, "a client's role without a client"
    nobody.groups.clear()
    assert browser.get("/").status_code == 403
    world.user.groups.clear()
    browser.force_login(world.user)
    assert browser.get("/").status_code == 403, "a client whose role was taken away, at the next request"


def test_what_is_somebody_elses_does_not_exist(world: World) -> None:
    other = World("Somebody Else")
    browser = Browser()
    browser.force_login(other.user)
    before = {row.pk: (row.state, row.version) for row in world.client.withdrawals.all()}
    general = re.compile(r"/(balances/.*|payees/add/|trading/open/|[a-z]*/?(\?.*)?)")
    theirs = [address for address in addresses(world) if not general.fullmatch(address)]
    assert len(theirs) > 20
    for address in theirs:
        assert browser.get(address).status_code == 404, address
        assert browser.post(address).status_code in (404, 405), address
    for row in world.client.withdrawals.all():
        assert browser.post(f"/movements/{row.public_id}/continue/").status_code == 404
        assert (row.state, row.version) == before[row.pk]
    deposit = world.client.deposits.filter(state="initiated").get()
    assert browser.post(f"/deposit/{deposit.public_id}/pay/").status_code == 404
    seen = browser.get("/").content + browser.get("/activity/").content + browser.get("/payees/").content
    assert world.client.name.encode() not in seen and b"wd_" not in seen
    account, payee = world.client.trading_accounts.get(), world.client.payment_methods.get()
    for address, data in (
        ("/transfer/", {"direction": "to_platform", "trading_account": account.public_id, "amount": "1"}),
        ("/withdraw/", {"payment_method": payee.public_id, "amount": "1"}),
    ):
        assert browser.post(address, {**data, "step": "confirm"}).status_code == 422
    assert world.client.transfers.count() == 4 and world.client.withdrawals.count() == 5


def test_malformed_addresses_are_404_or_a_friendly_refusal(portal: Browser) -> None:
    for address in ("/movements/x/", "/movements/wd_00/", "/movements/cl_0123/", "/trading/ta_1/2026-01-01/",
                    "/balances/XXX/", "/deposit/dep_1/", "/deposit/back/abc/"):  # fmt: skip
        assert portal.get(address).status_code == 404, address
    for query in (
        "kind=x",
        "state=x",
        "currency=x",
        "from=x",
        "to=2026-13-01",
        "cursor=x",
        "q=" + "x" * 81,
        "from=0001-01-01",
    ):
        response = portal.get(f"/activity/?{query}")
        assert response.status_code == 422, query
        assert b"Everything is shown instead" in response.content
        assert_strict(response)


def test_an_empty_portal_says_what_to_do_first() -> None:
    world = World()
    browser = Browser()
    browser.force_login(world.user)
    for address, words in (
        ("/", "Nothing here yet"),
        ("/activity/", "Nothing has happened yet"),
        ("/transfer/", "You need a trading account first"),
        ("/withdraw/", "a bank account in your own name"),
        ("/payees/", "No bank account yet"),
        ("/trading/", "You have no trading account yet"),
    ):
        response = browser.get(address)
        assert response.status_code == 200
        assert words in response.content.decode()
        assert_strict(response)


def _cost(portal: Browser, address: str) -> int:
    portal.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert portal.get(address).status_code == 200
    return len(queries)


def test_pages_cost_few_queries_however_long_the_history(world: World, portal: Browser) -> None:
    (requested,) = world.client.withdrawals.filter(state="requested")
    limits = {"/": 12, "/activity/": 8, "/balances/EUR/": 8, f"/movements/{requested.public_id}/": 12, "/withdraw/": 9}
    before = {address: _cost(portal, address) for address in limits}
    for _ in range(40):
        world.deposit("10.00")
        world.withdrawal("5.00", world.client.payment_methods.get(), "paid", fee="1.00")
    after = {address: _cost(portal, address) for address in limits}
    assert after == before
    for address, limit in limits.items():
        assert after[address] <= limit, (address, after[address])


def test_first_load_is_small(portal: Browser) -> None:
    """Everything a first visit fetches, before compression (files are compressed in production)."""
    from django.contrib.staticfiles import finders

    page = portal.get("/").content.decode()
    files = set(re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page))
    size = len(page) + sum(Path(str(finders.find(name))).stat().st_size for name in files)
    assert files and size < 100_000
