"""Each role opens exactly the pages that its permissions name; nobody else opens anything."""

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from ledger.models import Account, Entry, Event, Hold, Transaction
from payments.models import ApiKey, User
from payments.roles import ROLES, permissions_of
from portal.staff.navigation import GROUPS
from tests.integration.admin import office

STAFF = [role for role in ROLES if role != "client"]


def admins() -> list[Any]:
    return list(admin.site._registry.values())


def addresses() -> dict[str, str]:
    """Every list and every object's page → the permission that opens it."""
    made = office.everything(timezone.now())
    ApiKey.objects.create(name="CRM", prefix="abcd2345", secret_hash="0" * 64, role="support")
    rows = {m: m.objects.order_by("pk").first() for m in (Account, Transaction, Entry, Hold, Event, User, ApiKey)}
    found = {
        reverse("admin:search"): "payments.view_client",
        reverse("admin:fx-position"): "payments.view_fxrevaluation",
        reverse("admin:approvals"): "payments.view_approval",
        reverse("admin:status"): "ledger.view_status",
        reverse("admin:downloads"): "ledger.view_book",
        reverse("admin:checkpoints"): "ledger.view_status",
        **files(),
        reverse("admin:trial-balance"): "ledger.view_report",
        reverse("admin:roll-ups"): "ledger.view_report",
        reverse("admin:approval", args=[made["wd"].public_id]): "payments.view_approval",
        reverse("admin:approval", args=[made["adj"].public_id]): "payments.view_approval",
    }
    for page in admins():
        options = f"admin:{page.opts.app_label}_{page.opts.model_name}"
        found[reverse(f"{options}_changelist")] = page.needed()
        shown = rows.get(page.model) or made[page.prefix]
        found[reverse(f"{options}_change", args=[page.public_id(shown)])] = page.needed()
        if hasattr(page, "versions"):
            found[reverse(f"{options}_history", args=[page.public_id(shown)])] = page.needed()
    return found


def files() -> dict[str, str]:
    """What is given out whole, by the permission of the API's endpoint for the same."""
    period = office.closed_day(timezone.now())
    account = period.accounts.select_related("account").first()
    assert account is not None
    of, one = [period.public_id], [period.public_id, account.account.public_id]
    return {
        reverse("admin:download-journal") + "?program=hledger": "ledger.view_book",
        reverse("admin:download-seal"): "ledger.view_book",
        reverse("admin:download-verifier"): "ledger.view_status",
        reverse("admin:ledger_period_accounts", args=of): "ledger.view_period",
        reverse("admin:ledger_period_archive", args=of): "ledger.view_entry",
        **{reverse(f"admin:ledger_period_trial_{form}", args=of): "ledger.view_period" for form in ("csv", "json")},
        **{reverse(f"admin:ledger_period_statement_{form}", args=one): "ledger.view_entry" for form in ("csv", "json")},
    }


@pytest.mark.parametrize("role", STAFF)
def test_a_role_opens_exactly_the_pages_that_its_permissions_name(role: str) -> None:
    person, wanted = office.signed_in(role), permissions_of([role])
    for address, permission in addresses().items():
        expected = 200 if permission in wanted else 403
        response = person.get(address)
        b"".join(response)  # a file that nobody reads would stay open
        assert response.status_code == expected, (role, address, response.status_code)


BY_HAND = {
    "ledger_hold": {"place", "capture", "release", "extend"},
    "ledger_transaction": {"post", "void", "expire", "extend", "reverse"},
}


def acts_by_hand() -> dict[str, set[str]]:
    """Every address where staff act on the ledger by hand → the permissions that it needs."""
    of = office.client()
    made = {"hold": office.hold(of), "txn": office.reserved(of)}
    found: dict[str, set[str]] = {}
    for page in admins():
        options = f"{page.opts.app_label}_{page.opts.model_name}"
        if options not in BY_HAND:
            continue
        assert {act.name for act in (*page.makes, *page.acts)} == BY_HAND[options]
        for act in page.makes:
            found[reverse(f"admin:{options}_{act.name}")] = {act.permission, page.needed()}
        for act in page.acts:
            found[page.url_of(made[page.prefix], act.name)] = {act.permission, page.needed()}
    return found


@pytest.mark.parametrize("role", STAFF)
def test_a_role_opens_exactly_the_acts_that_its_permissions_name(role: str) -> None:
    person, allowed = office.signed_in(role), permissions_of([role])
    for address, needed in acts_by_hand().items():
        opened = person.get(address).status_code
        not_posted_yet = address.endswith("/reverse/")  # a pending transaction has nothing to reverse
        assert opened == ((302 if not_posted_yet else 200) if needed <= allowed else 403), (role, address)


def test_every_page_of_the_side_bar_exists_and_is_guarded() -> None:
    known = {permission for role in ROLES for permission in permissions_of([role])}
    for _, items in GROUPS:
        for title, name, permission, _, _ in items:
            assert reverse(f"admin:{name}"), title
            assert permission in known, title


@pytest.mark.parametrize("role", STAFF)
def test_the_side_bar_shows_only_what_opens(role: str) -> None:
    person = office.signed_in(role)
    page = person.get(reverse("admin:index"))
    assert page.status_code == 200
    for _, items in GROUPS:
        for title, name, permission, _, _ in items:
            shown = f'href="{reverse(f"admin:{name}")}"' in page.content.decode()
            assert shown or permission not in permissions_of([role]), (role, title)
            if permission not in permissions_of([role]):
                assert person.get(reverse(f"admin:{name}")).status_code == 403, (role, title)


def test_a_superuser_without_a_role_sees_nothing() -> None:
    root = office.browser(office.staff_user(superuser=True))
    assert root.get(reverse("admin:index")).status_code == 403
    for address in (*addresses(), *acts_by_hand()):
        assert root.get(address).status_code == 403, address


def test_a_client_and_a_stranger_do_not_get_in() -> None:
    made = office.client()
    assert office.browser(made.user).get(reverse("admin:index")).status_code == 403
    for address in acts_by_hand():
        assert office.browser(made.user).get(address).status_code == 403, address
        assert office.Browser().get(address).status_code == 302, address
    stranger = office.Browser().get(reverse("admin:approvals"))
    assert stranger.status_code == 302
    assert "/accounts/login/" in office.Browser().get(stranger["Location"])["Location"]


def test_an_event_has_no_events_of_its_own_while_what_it_is_about_has() -> None:
    made, person = office.withdrawal(office.client("1000.00"), "100.00"), office.signed_in("auditor")
    event = Event.objects.filter(object_ref=made.public_id).first()
    assert event is not None
    shown = person.get(reverse("admin:ledger_event_change", args=[event.public_id])).context
    assert [panel.title for panel in shown["asides"]] == ["Event"]
    about = person.get(reverse("admin:payments_withdrawal_change", args=[made.public_id])).context
    assert "Events" in [panel.title for panel in about["asides"]]


def test_only_our_own_models_are_there() -> None:
    labels = {page.opts.app_label for page in admins()}
    assert labels == {"ledger", "payments", "reconciliation"}


def test_staff_without_a_second_factor_are_sent_to_enrol() -> None:
    from tests.factories import people

    person = office.browser(people.user("finance_approver"))
    for address in (reverse("admin:index"), reverse("admin:approvals")):
        response = person.get(address)
        assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/totp/activate/")


def test_nobody_signs_in_through_the_admins_own_form() -> None:
    """Django's form knows no second factor: posting a colleague's password to it must not make one that colleague."""
    ops, colleague = office.staff_user("payments_ops"), office.staff_user("finance_approver")
    person = office.browser(ops)
    form = {"username": colleague.email, "password": "correct horse battery staple"}
    person.post(reverse("admin:login"), form)
    assert int(person.session["_auth_user_id"]) == ops.pk
    anonymous = office.Browser()
    assert anonymous.post(reverse("admin:login"), form).status_code == 302
    assert "_auth_user_id" not in anonymous.session
