"""Doors of the admin that write by themselves stay closed, whatever is posted and whoever posts it."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_fsm import TransitionNotAllowed

from ledger.models import Hold
from ledger.posting import Source
from payments.models import Client, PaymentMethod, Withdrawal
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.admin.test_pages_open import files

ROLES = ("support", "payments_ops", "finance_approver", "compliance", "auditor", "administrator")


@pytest.fixture
def made() -> dict[str, Any]:
    return office.everything(timezone.now())


def change(page: Any, shown: Any) -> str:
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_change", args=[page.public_id(shown)])


def shown_pages(made: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(page, made[page.prefix]) for page in admin.site._registry.values() if page.prefix in made]


def test_no_admin_uses_the_transition_mixin_of_the_state_machine() -> None:
    for page in admin.site._registry.values():
        assert not [base for base in type(page).__mro__ if "FSM" in base.__name__], page


@pytest.mark.parametrize("role", ROLES)
def test_posting_a_transition_or_fields_to_an_objects_page_changes_nothing(role: str, made: dict[str, Any]) -> None:
    """django-fsm's admin would have approved this; Django's would have saved it."""
    person = office.signed_in(role)
    for page, shown in shown_pages(made):
        for body in ({"_fsm_transition_to": "approve"}, {"state": "approved", "amount": "1", "_save": "Save"}):
            response = unchanged(lambda page=page, shown=shown, body=body: person.post(change(page, shown), body))
            assert response.status_code == 403, page


@pytest.mark.parametrize("role", ROLES)
def test_adding_and_deleting_are_refused_everywhere(role: str, made: dict[str, Any]) -> None:
    person = office.signed_in(role)
    for page, shown in shown_pages(made):
        options = f"admin:{page.opts.app_label}_{page.opts.model_name}"
        for address in (reverse(f"{options}_add"), reverse(f"{options}_delete", args=[page.public_id(shown)])):
            for verb in (person.get, person.post):
                response = unchanged(lambda verb=verb, address=address: verb(address, {"post": "yes"}))
                assert response.status_code == 403, address


@pytest.mark.parametrize("role", ROLES)
def test_bulk_actions_are_refused_everywhere(role: str, made: dict[str, Any]) -> None:
    person = office.signed_in(role)
    for page, shown in shown_pages(made):
        address = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
        body = {"action": "delete_selected", "_selected_action": str(shown.pk), "post": "yes"}
        response = unchanged(lambda address=address, body=body: person.post(address, body))
        assert response.status_code == 403, address


@pytest.mark.parametrize("role", ROLES)
def test_posting_to_an_earlier_version_reverts_nothing(role: str, made: dict[str, Any]) -> None:
    """simple-history saves what is posted to a version's page, even for people who may only read."""
    person = office.signed_in(role)
    client: Client = made["cl"]
    client.name = "Another Name"
    client.save()
    first = client.history.earliest()
    address = reverse("admin:payments_client_simple_history", args=[client.public_id, first.history_id])
    body = {"name": "Forged", "kyc_level": "enhanced", "state": "active", "email": "x@example.test", "country": "DE"}
    assert unchanged(lambda: person.post(address, body)).status_code == 403
    for verb in (person.put, person.patch, person.delete):
        assert unchanged(lambda verb=verb: verb(address)).status_code == 403
    client.refresh_from_db()
    assert client.name == "Another Name"


@pytest.mark.parametrize("role", ROLES)
def test_posting_to_what_only_gives_files_changes_nothing(role: str) -> None:
    """An archive is recorded when it is fetched; by nobody's form, and for nobody who may not have it."""
    person = office.signed_in(role)
    for address in files():
        for verb in (person.post, person.put, person.patch, person.delete):
            response = unchanged(lambda verb=verb, address=address: verb(address))
            assert response.status_code == 403, address


def test_versions_are_shown_to_readers_and_mask_bank_details(made: dict[str, Any]) -> None:
    method: PaymentMethod = made["pm"]
    method.state = "removed"
    method.save()
    first = method.history.earliest()
    pages = (
        reverse("admin:payments_paymentmethod_history", args=[method.public_id]),
        reverse("admin:payments_paymentmethod_simple_history", args=[method.public_id, first.history_id]),
    )
    for role, sees in (("support", False), ("payments_ops", True)):
        person = office.signed_in(role)
        shown = [person.get(page) for page in pages]
        assert [page.status_code for page in shown] == [200, 200]
        assert "active → removed" in shown[0].content.decode()
        assert (method.iban in shown[1].content.decode()) is sees, role


def test_only_who_may_see_bank_details_reads_an_iban_anywhere(made: dict[str, Any]) -> None:
    method: PaymentMethod = made["pm"]
    spaced = " ".join(method.iban[i : i + 4] for i in range(0, len(method.iban), 4))
    support = office.signed_in("support")
    pages = [change(page, shown) for page, shown in shown_pages(made)]
    pages += [reverse("admin:search") + f"?q={method.iban}", reverse("admin:payments_paymentmethod_changelist")]
    for address in pages:
        page = support.get(address).content.decode()
        assert method.iban not in page.replace(f'value="{method.iban}"', ""), address
        assert spaced not in page, address
    assert (
        spaced in office.signed_in("auditor").get(change(admin.site._registry[PaymentMethod], method)).content.decode()
    )


def test_the_state_machine_itself_refuses_a_skipped_step(made: dict[str, Any]) -> None:
    """The second wall: a state that no edge leads to is refused by the model and by the database."""
    withdrawal: Withdrawal = made["wd"]
    with pytest.raises(TransitionNotAllowed):
        withdrawal.pay()
    with pytest.raises(AttributeError):
        withdrawal.state = "paid"


def test_raw_messages_are_shown_as_text_without_their_credentials(made: dict[str, Any]) -> None:
    event = made["pev"]
    address = reverse("admin:payments_providerevent_change", args=[event.public_id])
    page = office.signed_in("auditor").get(address).content.decode()
    assert "&lt;b&gt;1&lt;/b&gt;" in page and "<b>1</b>" not in page
    assert "v1=secret" not in page
    for role in ("support", "finance_approver", "compliance", "administrator"):
        assert office.signed_in(role).get(address).status_code == 403


def test_doors_that_come_with_the_admin_lead_nowhere() -> None:
    person = office.signed_in("payments_ops")
    assert person.get(reverse("admin:autocomplete") + "?app_label=payments").status_code == 404
    assert person.get(reverse("admin:password_change"))["Location"] == reverse("account_change_password")


def test_a_form_of_another_site_is_refused(made: dict[str, Any]) -> None:
    user = office.staff_user("finance_approver")
    forger = office.Browser(enforce_csrf_checks=True)
    forger.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    forged = {"decision": "approve", "content_hash": made["wd"].content_hash, "note": "", "confirmed": "1"}
    address = reverse("admin:approval", args=[made["wd"].public_id])
    assert unchanged(lambda: forger.post(address, forged)).status_code == 403
    refund = reverse("admin:payments_deposit_refund", args=[made["dep"].public_id])
    body = {"amount": "5", "reason": "x", "confirmed": "1"}
    assert unchanged(lambda: forger.post(refund, body)).status_code == 403


BY_HAND = {
    "hold": ("capture", "release", "extend"),
    "txn": ("post", "void", "expire", "extend", "reverse"),
}
PLACE = "/admin/ledger/hold/place/"
TYPED = {"account": "house/fees", "amount": "5", "currency": "EUR", "kind": "manual", "to": "house/fees",
         "status": "mt5.rejected", "expires_at": "2099-01-01T00:00", "last_day": "2099-01-01", "reason": "Just so",
         "once": "6b1f1f0e-5f57-4d7d-9d5c-0d3d4f6f2c11", "confirmed": "1"}  # fmt: skip


def by_hand(made: dict[str, Any]) -> list[str]:
    """Where staff act on the ledger by hand: placing a hold, and every act on one hold and one pending transaction."""
    pages = {page.prefix: page for page in admin.site._registry.values()}
    return [PLACE, *(pages[p].url_of(made[p], name) for p, names in BY_HAND.items() for name in names)]


def test_acts_by_hand_are_shut_to_readers_to_other_sites_and_to_other_verbs(made: dict[str, Any]) -> None:
    TYPED["account"] = made["hold"].wallet.code
    for role in ("support", "auditor", "administrator"):
        person = office.signed_in(role)
        for address in by_hand(made):
            forged = unchanged(lambda address=address, person=person: person.post(address, TYPED))
            assert forged.status_code == 403, (role, address)
    forger = office.Browser(enforce_csrf_checks=True)
    mighty = office.staff_user("payments_ops", "finance_approver", "compliance")
    forger.force_login(mighty, backend="allauth.account.auth_backends.AuthenticationBackend")
    for address in by_hand(made):
        for verb, status in ((forger.post, 403), (forger.put, 403), (forger.delete, 403)):
            answer = unchanged(lambda address=address, verb=verb: verb(address, TYPED))
            assert answer.status_code == status, address


def test_what_moves_behind_a_movement_is_shut_to_every_hand(made: dict[str, Any]) -> None:
    held = Hold.objects.get(pk=made["wd"].hold_id)
    with transaction.atomic():
        sent = office.reserved(made["cl"], "5.00", source=Source("payments", "transfer", made["tr"].public_id))
    mighty = office.signed_in("payments_ops", "finance_approver", "compliance")
    shut = {"hold": held, "txn": sent}
    for address in by_hand(made | shut)[1:]:
        if address.endswith("/reverse/"):
            continue
        assert mighty.get(address).status_code == 302, "not offered"
        forged = unchanged(lambda address=address: mighty.post(address, TYPED))
        assert forged.status_code == 422, address
        assert "decide it there" in forged.content.decode(), address


def test_signing_in_never_leads_to_another_site() -> None:
    person = office.signed_in("support")
    for wanted in ("https://evil.test/", "//evil.test", "javascript:alert(1)"):
        assert person.get(reverse("admin:login"), {"next": wanted})["Location"] == reverse("admin:index")
    assert person.get(reverse("admin:login"), {"next": "/admin/search/"})["Location"] == "/admin/search/"


NOWHERE = "01m7yyz0000000000000000000"


@pytest.mark.parametrize("reference", ["wd_", "wd_zzz", f"wd_{NOWHERE}", f"adj_{NOWHERE}", f"cl_{NOWHERE}", "x" * 300])
def test_what_does_not_exist_is_not_found(reference: str) -> None:
    person = office.signed_in("finance_approver")
    assert person.get(f"/admin/approvals/{reference}/").status_code == 404
    for listed in ("payments/withdrawal", "ledger/account", "ledger/transaction", "payments/client"):
        assert person.get(f"/admin/{listed}/{reference}/change/").status_code == 404
    for act in ("hold/{}/capture", "hold/{}/release", "transaction/{}/reverse"):
        assert person.get(f"/admin/ledger/{act.format(reference)}/").status_code == 404
