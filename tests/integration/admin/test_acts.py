"""What staff may do on an object's page: who is offered it, what it does, and what a refusal leaves behind."""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from ledger import accounts, periods
from ledger.models import Account, Event, Hold
from ledger.money import Money
from payments.actors import Actor
from payments.models import Adjustment, ApiKey, Client, OutboxMessage, PolicyRule, Refund, Transfer, User, Withdrawal
from payments.roles import ROLES, permissions_of
from payments.services import api_keys, transfer_steps, transfers
from tests.factories import books, people
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged

pytestmark = pytest.mark.slow

STAFF = [role for role in ROLES if role != "client"]


def at(name: str, *shown: Any) -> str:
    return reverse(f"admin:{name}", args=[admin.site._registry[type(one)].public_id(one) for one in shown])


def do(person: Browser, address: str, **typed: Any) -> Any:
    """Fill the form, read the check page, confirm it."""
    checked = person.post(address, typed)
    if checked.status_code != 200 or b"Please check" not in checked.content:
        return checked
    return person.post(address, typed | {"confirmed": "1"})


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode().replace("\xa0", " "))


def test_every_act_is_offered_to_exactly_the_roles_with_its_permission() -> None:
    made = office.everything(timezone.now())
    for role in STAFF:
        person, allowed = office.signed_in(role), permissions_of([role])
        for page in admin.site._registry.values():
            options = f"admin:{page.opts.app_label}_{page.opts.model_name}"
            shown = made.get(page.prefix)
            addresses = [(act, reverse(f"{options}_{act.name}")) for act in page.makes]
            if shown is not None:
                addresses += [(act, page.url_of(shown, act.name)) for act in page.acts]
            for act, address in addresses:
                may = {act.permission, page.needed()} <= allowed
                looked = unchanged(partial(person.get, address))
                assert (looked.status_code in (200, 302)) is may, (role, act.name, looked.status_code)
                if not may:
                    forged = unchanged(partial(person.post, address, {"confirmed": "1"}))
                    assert forged.status_code == 403, (role, act.name)


def test_a_failed_payout_is_tried_again() -> None:
    row = office.failed(office.client())
    person = office.signed_in("payments_ops")
    assert "Try again" in text(person.get(at("payments_withdrawal_change", row)))
    check = unchanged(lambda: person.post(at("payments_withdrawal_retry", row), {}))
    assert "again" in text(check)
    assert do(person, at("payments_withdrawal_retry", row)).status_code == 302
    row.refresh_from_db()
    assert row.state == "approved"
    assert OutboxMessage.objects.filter(topic="withdrawal.instruct").count() == 1
    late = unchanged(lambda: person.post(at("payments_withdrawal_retry", row), {"confirmed": "1"}))
    assert late.status_code == 409


def test_a_failed_payout_is_given_back_with_a_reason() -> None:
    of = office.client("500.00")
    row = office.failed(of, "100.00")
    person = office.signed_in("payments_ops")
    missing = unchanged(lambda: do(person, at("payments_withdrawal_give-back", row), reason_code="other"))
    assert missing.status_code == 422
    do(person, at("payments_withdrawal_give-back", row), reason_code="account_closed", note="bank says so")
    row.refresh_from_db()
    assert (row.state, row.reason_code) == ("rejected", "account_closed")
    assert Hold.objects.get(pk=row.hold_id).state == "released"
    assert books.available(of) == 500


def test_a_deposit_is_refunded_within_its_limit() -> None:
    of = office.client("500.00")
    paid_in = office.deposit(of, amount="80.00")
    person = office.signed_in("finance_approver")
    address = at("payments_deposit_refund", paid_in)
    assert 'value="80.00"' in text(person.get(address)), "what can still be refunded is proposed"
    for wrong in ("80.01", "0", "-5", "1e3", "abc", "12.345", ""):
        refused = unchanged(lambda wrong=wrong: do(person, address, amount=wrong, reason="asked"))
        assert refused.status_code == 422, wrong
    check = person.post(address, {"amount": "30.00", "reason": "asked"})
    assert "Refund 30.00 EUR to the card" in text(check)
    assert do(person, address, amount="30.00", reason="asked").status_code == 302
    assert Refund.objects.get().amount == 30
    assert books.held(of) == 30
    twice = unchanged(lambda: do(person, address, amount="30.00", reason="asked"))
    assert twice.status_code == 409


def test_an_unknown_transfer_is_confirmed_by_a_ticket() -> None:
    of = office.client("500.00")
    row = transfers.request(
        client=of, trading_account=office.trading_account(of), money=Money.of("50.00", "EUR"),
        actor=people.acting(of), now=timezone.now(),
    )  # fmt: skip
    transfer_steps.begin(transfer_id=row.pk, now=timezone.now())
    transfer_steps.doubt(transfer_id=row.pk, reason="time-out", now=timezone.now())
    person = office.signed_in("payments_ops")
    address = at("payments_transfer_resolve", row)
    assert row.token in text(person.get(address))
    missing = unchanged(lambda: do(person, address, outcome="confirmed", note="seen"))
    assert missing.status_code == 422
    soon = unchanged(lambda: do(person, address, outcome="refused", note="not there"))
    assert soon.status_code == 409
    assert "quiet period" in text(soon)
    do(person, address, outcome="confirmed", ticket="77001", note="screenshot in ticket 12")
    row.refresh_from_db()
    assert (row.state, row.platform_ticket) == ("confirmed", "77001")
    assert books.available(of) == 450
    assert "Decide by hand" not in text(person.get(at("payments_transfer_change", row)))


def test_a_transfer_that_is_not_unknown_is_not_decided_by_hand() -> None:
    row = office.transfer(office.client(), state="confirmed", platform_ticket="1")
    person = office.signed_in("payments_ops")
    answer = person.get(at("payments_transfer_resolve", row))
    assert answer.status_code == 302
    forged = {"outcome": "refused", "note": "x", "confirmed": "1"}
    assert unchanged(lambda: person.post(at("payments_transfer_resolve", row), forged)).status_code == 409
    assert Transfer.objects.get(pk=row.pk).state == "confirmed"


DRAFT = {
    "reason_code": "MANUAL_ADJUSTMENT", "debit_account": "house/adjustments", "amount": "12.50", "currency": "EUR",
    "reason": "fee twice", "evidence": "ticket 7", "once": "6f1b9c1e-8f3f-4c1e-9d53-000000000001",
}  # fmt: skip


def test_a_correction_is_drafted_once_and_waits_for_another_person() -> None:
    of = office.client("100.00")
    accounts.ref("house/adjustments", "EUR")
    typed = DRAFT | {"credit_account": of.account_code("wallet")}
    person = office.signed_in("payments_ops")
    address = reverse("admin:payments_adjustment_draft")
    check = unchanged(lambda: person.post(address, typed))
    assert "100.00 <span" in text(check) and "112.50 <span" in text(check), "before and after"
    first, second = do(person, address, **typed), do(person, address, **typed)
    draft = Adjustment.objects.get()
    assert first["Location"] == second["Location"] == at("payments_adjustment_change", draft)
    assert (draft.state, draft.client) == ("awaiting_second_person", of)
    assert books.available(of) == 100, "nothing has moved"
    other = unchanged(lambda: do(person, address, **typed | {"amount": "13.00"}))
    assert other.status_code in (409, 422)


def test_a_correction_says_when_it_takes_effect() -> None:
    of = office.client("100.00")
    accounts.ref("house/adjustments", "EUR")
    typed = DRAFT | {"credit_account": of.account_code("wallet"), "effective_at": "2026-11-13T13:30:00"}
    person = office.signed_in("payments_ops")
    address = reverse("admin:payments_adjustment_draft")
    check = unchanged(lambda: person.post(address, typed))
    assert "13 Nov 2026, 13:30:00" in text(check)
    assert do(person, address, **typed).status_code == 302
    draft = Adjustment.objects.get()
    assert (draft.effective_at, draft.lands) == (datetime(2026, 11, 13, 13, 30, tzinfo=UTC), False)
    assert "13 Nov 2026, 13:30:00" in text(person.get(at("payments_adjustment_change", draft)))
    other = unchanged(lambda: do(person, address, **typed | {"effective_at": "2026-11-13T13:31:00"}))
    assert other.status_code in (409, 422), "the form's own name stands for this very time"
    periods.close(period_id=periods.name(label="2026-11-13").pk, actor=Actor.system("test"), now=timezone.now())
    for changes, words in (
        ({}, "is closed"),
        ({"effective_at": "2999-01-01T00:00:00"}, "this time has not come"),
        ({"effective_at": "", "land": "on"}, "Say when it took effect"),
    ):
        anew = typed | {"once": str(uuid4())} | changes
        refused = unchanged(lambda anew=anew: do(person, address, **anew))
        assert refused.status_code == 422, changes
        assert words in text(refused)
    do(person, address, **typed | {"once": str(uuid4()), "land": "on"})
    landing = Adjustment.objects.get(lands=True)
    assert "or in the next open day" in text(person.get(at("payments_adjustment_change", landing)))


@pytest.mark.parametrize(
    ("field", "value"),
    [("debit_account", "house/nowhere"), ("credit_account", "house/adjustments"), ("amount", "0"), ("amount", "1.234"),
     ("evidence", ""), ("reason_code", "DEPOSIT_CAPTURED"), ("currency", "XXX"), ("debit_account", "house/fees")],
)  # fmt: skip
def test_a_draft_that_cannot_be_right_is_refused_at_its_field(field: str, value: str) -> None:
    of = office.client("100.00")
    for code in ("house/adjustments", "house/fees"):
        accounts.ref(code, "EUR")
    person = office.signed_in("payments_ops")
    typed = DRAFT | {"credit_account": of.account_code("wallet"), field: value}
    refused = unchanged(lambda: do(person, reverse("admin:payments_adjustment_draft"), **typed))
    assert refused.status_code == 422
    assert "Not done" in text(refused)


def test_compliance_decides_kyc_and_freezes() -> None:
    of = office.client(kyc="pending")
    person = office.signed_in("compliance")
    do(person, at("payments_client_kyc", of), level="approved")
    do(person, at("payments_client_freeze", of))
    of.refresh_from_db()
    assert (of.kyc_level, of.state) == ("approved", "frozen")
    assert unchanged(lambda: do(person, at("payments_client_kyc", of), level="gold")).status_code == 422
    assert "pending" in text(person.get(at("payments_client_history", of)))
    do(person, at("payments_client_unfreeze", of))
    of.refresh_from_db()
    assert of.state == "active"
    assert [event.type for event in Event.objects.filter(object_ref=of.public_id).order_by("id")] == [
        "client.kyc_decided", "client.state_changed", "client.state_changed",
    ]  # fmt: skip


def test_an_account_is_frozen_with_a_reason_and_refuses_to_be_reduced() -> None:
    of = office.client("100.00")
    wallet = Account.objects.get(code=of.account_code("wallet"))
    person = office.signed_in("compliance")
    assert unchanged(lambda: do(person, at("ledger_account_freeze", wallet), reason="")).status_code == 422
    do(person, at("ledger_account_freeze", wallet), reason="court order 12")
    wallet.refresh_from_db()
    assert wallet.status == "frozen"
    event = Event.objects.get(type="account.frozen")
    assert (event.data, event.client_ref) == ({"reason": "court order 12"}, of.public_id)
    do(person, at("ledger_account_unfreeze", wallet), reason="lifted")
    wallet.refresh_from_db()
    assert wallet.status == "open"


def test_operations_add_a_client() -> None:
    person = office.signed_in("payments_ops")
    address = reverse("admin:payments_client_create")
    typed = {"name": "Zoë Ålund", "email": "zoe@example.test", "country": "se", "timezone": "Europe/Stockholm"}
    assert unchanged(lambda: do(person, address, **typed | {"country": "Sweden"})).status_code == 422
    assert unchanged(lambda: do(person, address, **typed | {"timezone": "Mars/Base"})).status_code == 422
    do(person, address, **typed)
    assert Client.objects.get(email="zoe@example.test").country == "SE"


def test_compliance_sets_a_rule_and_the_old_version_stays() -> None:
    person = office.signed_in("compliance")
    address = reverse("admin:payments_policyrule_new-version")
    typed = {"code": "second_approver", "currency": "EUR", "amount": "5000.00", "reason": "board decision"}
    do(person, address, **typed)
    assert unchanged(lambda: do(person, address, **typed)).status_code == 409
    for wrong in ({"amount": "-1"}, {"amount": "1.234"}, {"code": "available_funds"}, {"reason": ""}):
        assert unchanged(lambda wrong=wrong: do(person, address, **typed | wrong)).status_code == 422, wrong
    do(person, address, **typed | {"amount": "7500.00"})
    versions = PolicyRule.objects.filter(code="second_approver", currency="EUR").order_by("version")
    assert [(rule.version, rule.active, rule.parameters["limit"]) for rule in versions] == [
        (1, False, "5000.00"), (2, True, "7500.00"),
    ]  # fmt: skip
    of = office.client("20000.00")
    assert office.withdrawal(of, "7500.01").approvals_needed == 2
    assert office.withdrawal(of, "7500.00").approvals_needed == 1


def test_parked_work_is_started_again_by_who_works_exceptions() -> None:
    message = office.everything(timezone.now())["out"]
    person = office.signed_in("payments_ops")
    assert do(person, at("payments_outboxmessage_start-again", message)).status_code == 302
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("ready", 0)
    assert Event.objects.filter(type="outbox.started_again").count() == 1


# --- people and keys -------------------------------------------------------------------------------------------------


def test_an_administrator_adds_a_person_who_sets_the_password_by_mail() -> None:
    person = office.signed_in("administrator")
    address = reverse("admin:payments_user_create")
    do(person, address, email="new@firm.test", full_name="New Colleague", roles=["payments_ops", "support"])
    user = User.objects.get(email="new@firm.test")
    assert (user.roles, user.is_staff, user.has_usable_password()) == ({"payments_ops", "support"}, True, False)
    assert [message.to for message in mail.outbox] == [["new@firm.test"]]
    again = unchanged(lambda: do(person, address, email="NEW@firm.test", full_name="X", roles=["support"]))
    assert again.status_code == 409


@pytest.mark.parametrize(
    "roles", [["payments_ops", "finance_approver"], ["administrator", "compliance"], ["client", "support"], ["root"]]
)
def test_roles_that_one_person_must_not_hold_together_are_refused(roles: list[str]) -> None:
    person, other = office.signed_in("administrator"), office.staff_user("support")
    refused = unchanged(lambda: do(person, at("payments_user_roles", other), roles=roles))
    assert refused.status_code == 422
    assert other.groups.get().name == "support"


def test_an_administrator_sets_roles_of_others_and_never_his_own() -> None:
    own, other = office.staff_user("administrator"), office.staff_user("support")
    person = office.browser(own)
    assert do(person, at("payments_user_roles", other), roles=["auditor"]).status_code == 302
    assert User.objects.get(pk=other.pk).roles == {"auditor"}
    for act, typed in (("roles", {"roles": ["auditor"]}), ("disable", {})):
        refused = unchanged(lambda act=act, typed=typed: do(person, at(f"payments_user_{act}", own), **typed))
        assert refused.status_code == 403
        assert "Ask another administrator" in text(refused)


def test_a_person_without_roles_or_shut_out_gets_in_nowhere() -> None:
    person, other = office.signed_in("administrator"), office.staff_user("auditor")
    theirs = office.browser(other)
    key, secret = api_keys.create(
        name="own", role="auditor", owner=other, actor=people.Actor.system("t"), now=people.NOW
    )
    assert theirs.get(reverse("admin:index")).status_code == 200
    do(person, at("payments_user_roles", other))
    assert theirs.get(reverse("admin:index")).status_code == 403
    do(person, at("payments_user_roles", other), roles=["auditor"])
    assert theirs.get(reverse("admin:index")).status_code == 200
    do(person, at("payments_user_disable", other))
    assert theirs.get(reverse("admin:index")).status_code == 302, "signed out"
    with pytest.raises(Exception, match="credentials"):
        api_keys.recognise(secret, now=timezone.now())
    do(person, at("payments_user_enable", other))
    assert api_keys.recognise(secret, now=timezone.now()) == key


def test_a_keys_secret_is_shown_once_and_a_revoked_key_is_dead() -> None:
    person, owner = office.signed_in("administrator"), office.staff_user("auditor")
    address = reverse("admin:payments_apikey_create")
    typed = {"name": "CRM", "role": "auditor", "owner": owner.email, "expires_on": ""}
    made = do(person, address, **typed)
    secret = re.search(r"ww_[a-z0-9]{8}_[\w-]+", made.content.decode())[0]
    key = ApiKey.objects.get()
    assert api_keys.recognise(secret, now=timezone.now()) == key
    assert "no-store" in made["Cache-Control"]
    for page in (at("payments_apikey_change", key), reverse("admin:payments_apikey_changelist")):
        assert secret.rsplit("_", 1)[1] not in person.get(page).content.decode()
    do(person, at("payments_apikey_revoke", key))
    with pytest.raises(Exception, match="credentials"):
        api_keys.recognise(secret, now=timezone.now())


@pytest.mark.parametrize(
    ("role", "owner_role", "expires"),
    [("client", "auditor", ""), ("finance_approver", "payments_ops", ""), ("auditor", "auditor", "2020-01-01")],
)
def test_a_key_that_would_dodge_the_rules_is_refused(role: str, owner_role: str, expires: str) -> None:
    person, owner = office.signed_in("administrator"), office.staff_user(owner_role)
    typed = {"name": "x", "role": role, "owner": owner.email, "expires_on": expires}
    assert unchanged(lambda: do(person, reverse("admin:payments_apikey_create"), **typed)).status_code == 422
    nobody = typed | {"role": "auditor", "expires_on": "", "owner": "nobody@firm.test"}
    assert unchanged(lambda: do(person, reverse("admin:payments_apikey_create"), **nobody)).status_code == 422


def test_what_was_typed_comes_back_to_be_corrected() -> None:
    row = office.failed(office.client())
    person = office.signed_in("payments_ops")
    typed = {"reason_code": "bank_refused", "note": "<b>phone call</b> at noon"}
    check = text(person.post(at("payments_withdrawal_give-back", row), typed))
    assert "The bank refused the payout" in check and "&lt;b&gt;phone call" in check
    again = text(unchanged(lambda: person.post(at("payments_withdrawal_give-back", row), typed | {"again": "1"})))
    assert "&lt;b&gt;phone call&lt;/b&gt; at noon</textarea>" in again
    assert '<option value="bank_refused" selected>' in again
    assert Withdrawal.objects.get(pk=row.pk).state == "failed"
