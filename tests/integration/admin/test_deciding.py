"""The decision page: what it shows, who can decide, what a decision does, and what a refusal leaves behind."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from ledger import periods
from ledger.models import Account, Event, Hold, Transaction
from payments.actors import Actor
from payments.models import Approval, OutboxMessage, PolicyRule, User, Withdrawal
from payments.services import withdrawals
from tests.factories import books, people
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged


@pytest.fixture
def approver() -> Browser:
    return office.signed_in("finance_approver")


@pytest.fixture
def waiting() -> Withdrawal:
    return office.withdrawal(office.client("500.00"), "120.00")


def address(item: Any) -> str:
    return reverse("admin:approval", args=[item.public_id])


def text(response: Any) -> str:
    return response.content.decode().replace("\xa0", " ")


def form(person: Browser, item: Any, decision: str = "approve", **typed: str) -> dict[str, str]:
    """What the page's own form of a decision would send."""
    page = person.get(address(item))
    hidden = dict(next(
        (re.findall(r'name="(content_hash|seen)"[^>]*value="([^"]+)"', part) for part in text(page).split("<form")
         if f'value="{decision}"' in part), []
    ))  # fmt: skip
    return {"decision": decision, "content_hash": item.content_hash, "seen": "", **hidden, **typed}


def decide(person: Browser, item: Any, decision: str = "approve", **typed: str) -> Any:
    """Read the check page, then confirm it."""
    sent = form(person, item, decision, **typed)
    check = person.post(address(item), sent)
    if check.status_code == 200:
        assert "Please check" in text(check)
    return person.post(address(item), sent | {"confirmed": "1"})


def test_the_page_says_what_will_be_posted_and_what_each_balance_becomes(
    approver: Browser, waiting: Withdrawal
) -> None:
    PolicyRule.objects.create(code="withdrawal_fee", currency="EUR", parameters={"amount": "1.50"}, made_by="x")
    withdrawal = office.withdrawal(waiting.client, "200.00")
    opened = Account.objects.count()
    page = text(approver.get(address(withdrawal)))
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for words in (
        "Approve payout of 200.00 EUR",
        "198.50 EUR",  # what is sent
        "320.00 EUR → 121.50 EUR",  # held, before and after the payout
        "121.50 EUR → 120.00 EUR",  # and after the fee
        "0.00 EUR → 198.50 EUR",  # paid, not on the statement yet
        "active, 200.00 EUR captured released",
        "available 380.00 EUR, wanted 200.00 EUR",
        "Last 10 movements",
        "Other withdrawals to this payee",
    ):
        assert words in plain, words
    assert Account.objects.count() == opened, "looking opens no account"


def test_looking_and_checking_change_nothing(approver: Browser, waiting: Withdrawal) -> None:
    sent = form(approver, waiting)
    unchanged(lambda: approver.get(address(waiting)))
    check = unchanged(lambda: approver.post(address(waiting), sent))
    assert "Approve payout of 120.00 EUR" in text(check)
    again = unchanged(lambda: approver.post(address(waiting), sent | {"again": "1", "note": "hm"}))
    assert "hm" in text(again)


def test_a_second_person_approves(approver: Browser, waiting: Withdrawal) -> None:
    response = decide(approver, waiting, note="fine")
    assert (response.status_code, response["Location"]) == (302, reverse("admin:approvals"))
    waiting.refresh_from_db()
    assert waiting.state == "approved"
    assert OutboxMessage.objects.filter(topic="withdrawal.instruct").count() == 1
    event = Event.objects.get(type="withdrawal.approved")
    assert (event.ip, event.person) == ("127.0.0.1", Approval.objects.get().person)
    assert event.request_id
    assert "is approved and goes to the bank" in text(approver.get(reverse("admin:approvals")))


def test_above_the_limit_the_first_approval_only_counts(waiting: Withdrawal) -> None:
    people.fund(waiting.client, "20000.00")
    large = office.withdrawal(waiting.client, "12000.00")
    first, second = office.signed_in("finance_approver"), office.signed_in("compliance")
    decide(first, large)
    large.refresh_from_db()
    assert large.state == "requested"
    assert "You approved it" in text(first.get(address(large)))
    refused = unchanged(lambda: decide(first, large))
    assert refused.status_code == 409
    assert "already decided" in text(refused)
    decide(second, large)
    large.refresh_from_db()
    assert large.state == "approved"


def test_rejecting_needs_a_reason_and_a_note_and_gives_the_money_back(approver: Browser, waiting: Withdrawal) -> None:
    missing = unchanged(lambda: decide(approver, waiting, "reject"))
    assert missing.status_code == 422
    assert "This field is required" in text(missing)
    typed = {"reason_code": "payee_not_client", "note": "name differs", "client_message": "Use your own account."}
    assert decide(approver, waiting, "reject", **typed).status_code == 302
    waiting.refresh_from_db()
    assert (waiting.state, waiting.client_message) == ("rejected", "Use your own account.")
    assert Hold.objects.get(pk=waiting.hold_id).state == "released"
    assert books.available(waiting.client) == 500
    assert Approval.objects.get().note == "name differs"


def test_the_check_page_shows_the_words_that_the_client_will_read(approver: Browser, waiting: Withdrawal) -> None:
    sent = form(approver, waiting, "reject", reason_code="payee_not_client", note="name differs", client_message="")
    check = text(approver.post(address(waiting), sent))
    assert "Reject payout of 120.00 EUR" in check
    assert "We can only pay to an account in your own name." in check


def test_sending_back_keeps_the_money_held(approver: Browser, waiting: Withdrawal) -> None:
    decide(approver, waiting, "send_back", reason_code="documents_needed", note="passport", client_message="")
    waiting.refresh_from_db()
    assert waiting.state == "needs_information"
    assert books.held(waiting.client) == 120


@pytest.mark.parametrize("decision", ["approve", "reject", "send_back"])
def test_the_maker_sees_no_decision_and_a_forged_one_is_refused(decision: str) -> None:
    """With both roles, which no one may hold together, and as a superuser: still not his own."""
    maker = office.staff_user("payments_ops", superuser=True)
    withdrawal = office.withdrawal(office.client(), by=Actor.for_user(maker))
    from django.contrib.auth.models import Group

    maker.groups.add(Group.objects.get(name="finance_approver"))
    person = office.browser(User.objects.get(pk=maker.pk))
    page = text(person.get(address(withdrawal)))
    assert "You made this" in page
    assert "Approve payout" not in page
    forged = {"decision": decision, "content_hash": withdrawal.content_hash, "reason_code": "other", "note": "x",
              "client_message": "", "confirmed": "1"}  # fmt: skip
    refused = unchanged(lambda: person.post(address(withdrawal), forged))
    assert refused.status_code == 403
    assert "cannot decide it" in text(refused)
    assert "Nothing was done" in text(refused)


@pytest.mark.parametrize("role", ["payments_ops", "auditor"])
def test_who_may_only_read_sees_no_decision_and_a_forged_one_is_refused(role: str, waiting: Withdrawal) -> None:
    person = office.signed_in(role)
    page = text(person.get(address(waiting)))
    assert "Needs finance approver or compliance" in page
    assert "Approve payout" not in page
    forged = {"decision": "approve", "content_hash": waiting.content_hash, "note": "", "confirmed": "1"}
    assert unchanged(lambda: person.post(address(waiting), forged)).status_code == 403


@pytest.mark.parametrize("role", ["support", "administrator"])
def test_who_may_not_read_decisions_does_not_see_the_queue(role: str, waiting: Withdrawal) -> None:
    person = office.signed_in(role)
    assert person.get(reverse("admin:approvals")).status_code == 403
    forged = {"decision": "approve", "content_hash": waiting.content_hash, "note": "", "confirmed": "1"}
    assert unchanged(lambda: person.post(address(waiting), forged)).status_code == 403


def test_what_changed_since_the_page_was_opened_is_shown_and_asked_again(waiting: Withdrawal) -> None:
    slow, quick = office.signed_in("finance_approver"), office.signed_in("compliance")
    old = form(slow, waiting, note="looks good")
    decide(quick, waiting, "send_back", reason_code="documents_needed", note="passport", client_message="")
    withdrawals.resubmit(withdrawal_id=waiting.pk, actor=people.acting(waiting.client), now=people.NOW)
    refused = unchanged(lambda: slow.post(address(waiting), old | {"confirmed": "1"}))
    assert refused.status_code == 409
    page = text(refused)
    assert "It changed since you looked" in page
    assert "Version" in page and "You saw" in page
    assert "looks good" in page, "what was typed is kept"
    decide(slow, waiting)
    waiting.refresh_from_db()
    assert waiting.state == "approved"


def test_a_decided_withdrawal_offers_nothing_more(approver: Browser, waiting: Withdrawal) -> None:
    sent = form(approver, waiting)
    decide(approver, waiting)
    page = text(approver.get(address(waiting)))
    assert "Nothing to decide" in page
    other = office.signed_in("compliance")
    late = unchanged(lambda: other.post(address(waiting), sent | {"confirmed": "1"}))
    assert late.status_code == 409


def test_policy_is_asked_again_with_todays_facts(approver: Browser, waiting: Withdrawal) -> None:
    sent = form(approver, waiting)
    waiting.client.state = "frozen"
    waiting.client.save()
    assert "The client is frozen" in text(approver.get(address(waiting)))
    refused = unchanged(lambda: approver.post(address(waiting), sent | {"confirmed": "1"}))
    assert refused.status_code == 422
    assert "restricted" in text(refused)


def test_a_correction_is_posted_by_the_second_person_only(approver: Browser) -> None:
    maker = office.staff_user("payments_ops")
    of = office.client("100.00")
    draft = office.adjustment(of, "25.00", by=Actor.for_user(maker))
    page = text(approver.get(address(draft)))
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "100.00 EUR → 125.00 EUR" in plain
    assert "ticket 4711" in plain
    forged = {"decision": "approve", "content_hash": draft.content_hash, "note": "", "confirmed": "1"}
    assert unchanged(lambda: office.browser(maker).post(address(draft), forged)).status_code == 403
    posted = Transaction.objects.count()
    assert decide(approver, draft).status_code == 302
    draft.refresh_from_db()
    assert (draft.state, Transaction.objects.count()) == ("applied", posted + 1)
    assert books.available(of) == 125


def test_the_second_person_sees_when_a_correction_takes_effect_and_whether_its_day_is_still_open(
    approver: Browser,
) -> None:
    of = office.client("100.00")
    wanted = datetime(2026, 11, 13, 13, 30, tzinfo=UTC)
    draft = office.adjustment(of, "25.00", by=people.staff("payments_ops"), effective_at=wanted)
    assert "13 Nov 2026, 13:30:00" in text(approver.get(address(draft)))
    periods.close(period_id=periods.name(label="2026-11-13").pk, actor=Actor.system("test"), now=timezone.now())
    sent = form(approver, draft)
    refused = unchanged(lambda: approver.post(address(draft), sent | {"confirmed": "1"}))
    assert refused.status_code == 422
    assert "draft it anew" in text(refused)
    assert "Nothing was done." in text(refused)
    assert books.available(of) == 100
    untimed = office.adjustment(of, "25.00", by=people.staff("payments_ops"))
    assert "when it is approved" in text(approver.get(address(untimed)))


def test_a_rejected_correction_is_never_posted(approver: Browser) -> None:
    draft = office.adjustment(office.client(), by=people.staff("payments_ops"))
    posted = Transaction.objects.count()
    decide(approver, draft, "reject", reason_code="other", note="no proof")
    draft.refresh_from_db()
    assert (draft.state, Transaction.objects.count()) == ("rejected", posted)


def test_the_queue_shows_each_item_once_and_tells_whom_it_is_for(approver: Browser) -> None:
    user = office.staff_user("payments_ops")
    ops = Actor.for_user(user)
    of = office.client("1000.00", name="Maria Schmidt")
    items = [office.withdrawal(of, "10.00"), office.adjustment(of, by=ops), office.withdrawal(of, "20.00", by=ops)]
    page = text(approver.get(reverse("admin:approvals")))
    order = [page.index(address(item)) for item in items]
    assert order == sorted(order), "oldest first"
    assert page.count("You can decide") == 3
    assert text(office.browser(user).get(reverse("admin:approvals"))).count("You made this") == 2
    mine = text(approver.get(reverse("admin:approvals") + "?kind=adjustment"))
    assert address(items[1]) in mine and address(items[0]) not in mine


def test_the_queue_is_cut_by_key(approver: Browser, monkeypatch: Any) -> None:
    from portal.staff import approvals

    monkeypatch.setattr(approvals, "PER_PAGE", 2)
    of, ops = office.client("1000.00"), people.staff("payments_ops")
    items = [office.withdrawal(of, "10.00"), office.adjustment(of, by=ops), office.withdrawal(of, "20.00"),
             office.adjustment(of, by=ops), office.withdrawal(of, "30.00")]  # fmt: skip
    seen, url = [], reverse("admin:approvals")
    while url:
        page = text(approver.get(url))
        seen += re.findall(r'href="/admin/approvals/((?:wd|adj)_\w+)/"', page)
        found = re.search(r'href="(\?kind=all&amp;after=[^"]+)" rel="next"', page)
        url = reverse("admin:approvals") + found[1].replace("&amp;", "&") if found else ""
    assert seen == [item.public_id for item in items]
