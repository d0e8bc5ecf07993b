"""The exception queue: find what is yours, take it, write down what was found, end it with an outcome of its kind."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from ledger.models import Event, Transaction
from payments.actors import Actor
from payments.models import Adjustment
from payments.services import adjustments
from reconciliation.models import CaseNote, ExceptionCase
from tests.factories import books, people
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.admin.test_acts import do, text

QUEUE = "admin:reconciliation_exceptioncase_changelist"


def at(case: ExceptionCase, act: str = "change") -> str:
    return reverse(f"admin:reconciliation_exceptioncase_{act}", args=[case.public_id])


def listed(person: Browser, **query: str) -> list[str]:
    page = person.get(reverse(QUEUE), query).content.decode()
    return list(dict.fromkeys(re.findall(r"/admin/reconciliation/exceptioncase/(exc_\w+)/change/", page)))


@pytest.fixture
def ops() -> Browser:
    return office.signed_in("payments_ops")


def test_the_queue_is_by_due_time_with_views_and_counts(ops: Browser) -> None:
    now = timezone.now()
    later, late = office.case(), office.case(now=now - timedelta(hours=9))
    soon = office.case(of=office.client(name="Maria Schmidt"), now=now - timedelta(hours=2))
    assert listed(ops) == [late.public_id, soon.public_id, later.public_id]
    page = text(ops.get(reverse(QUEUE)))
    assert "5 h overdue" in page and "in 1 h 59 min" in page
    ops.post(at(soon, "take"))
    assert listed(ops, view="mine") == [soon.public_id]
    assert listed(ops, view="unassigned") == [late.public_id, later.public_id]
    assert listed(ops, view="overdue") == [late.public_id]
    assert listed(ops, q="maria") == [soon.public_id]
    assert listed(ops, q=late.public_id) == [late.public_id]
    assert listed(ops, team="compliance") == []
    for words in ('All open <span class="ww-chip__count">3', 'Mine <span class="ww-chip__count">1'):
        assert words in text(ops.get(reverse(QUEUE)))


def test_the_queue_is_cut_by_key(ops: Browser, monkeypatch: Any) -> None:
    from reconciliation.admin import case_queue

    monkeypatch.setattr(case_queue, "PER_PAGE", 2)
    same = timezone.now()
    made = [office.case(now=same).public_id for _ in range(5)]
    seen, query = [], {"view": "all"}
    while query:
        page = listed(ops, **query)
        seen += page
        query = {"view": "all", "after": page[-1]} if len(page) == 2 else {}
    assert seen == sorted(made)  # ids of one millisecond are in no order of time


def test_taking_the_next_one_takes_what_is_due_first(ops: Browser) -> None:
    second, first = office.case(), office.case(now=timezone.now() - timedelta(hours=9))
    address = reverse("admin:reconciliation_exceptioncase_take-next")
    assert ops.post(address)["Location"] == at(first)
    assert ops.post(address)["Location"] == at(second)
    nothing = ops.post(address, follow=True)
    assert "Nothing is waiting" in text(nothing)
    assert unchanged(lambda: ops.get(address)).status_code == 403


def test_a_case_is_taken_noted_and_resolved(ops: Browser) -> None:
    case = office.case(facts={"bank": "sepa", "text": "<script>alert(1)</script>"})
    page = text(ops.get(at(case)))
    assert "Ask the other side by phone, with our reference." in page
    assert "&lt;script&gt;" in page and "<script>alert" not in page
    ops.post(at(case, "take"))
    ops.post(at(case, "note"), {"text": "Called the bank: it arrived."})
    answer = do(ops, at(case, "resolve"), outcome="confirmed_elsewhere", note="Bank confirmed by phone.")
    assert answer.status_code == 302
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("resolved", "confirmed_elsewhere")
    assert [note.kind for note in CaseNote.objects.order_by("id")] == ["taken", "note", "resolved"]
    events = Event.objects.filter(object_ref=case.public_id).order_by("id")
    assert [e.type.split(".")[1] for e in events] == ["raised", "taken", "noted", "resolved"]
    assert "Called the bank: it arrived." in text(ops.get(at(case)))
    assert listed(ops) == []
    assert listed(ops, view="resolved") == [case.public_id]


def test_a_case_ends_only_with_an_outcome_of_its_kind_and_a_note(ops: Browser) -> None:
    case = office.case()
    for typed in ({"outcome": "assigned", "note": "no"}, {"outcome": "other", "note": "words"}, {"note": "words"},
                  {"outcome": "not_happened", "note": ""}, {"outcome": "not_happened", "note": "x"}):  # fmt: skip
        refused = unchanged(lambda typed=typed: do(ops, at(case, "resolve"), **typed))
        assert refused.status_code == 422, typed
    assert unchanged(lambda: ops.post(at(case, "note"), {"text": " "})).status_code == 422


def test_a_resolved_case_is_reopened_with_a_reason(ops: Browser) -> None:
    case = office.case()
    do(ops, at(case, "resolve"), outcome="not_happened", note="checked")
    assert unchanged(lambda: ops.post(at(case, "take"))).status_code == 409
    assert unchanged(lambda: do(ops, at(case, "resolve"), outcome="not_happened", note="again")).status_code == 409
    do(ops, at(case, "reopen"), note="it happened after all")
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("in_review", "")


def test_who_may_only_read_does_not_work_a_case() -> None:
    case = office.case()
    auditor = office.signed_in("auditor")
    page = text(auditor.get(at(case)))
    assert "Add a note" not in page and "Take the next one" not in text(auditor.get(reverse(QUEUE)))
    for act, typed in (
        ("take", {}),
        ("note", {"text": "hello"}),
        ("resolve", {"outcome": "not_happened", "note": "xxx"}),
    ):
        forged = unchanged(lambda act=act, typed=typed: auditor.post(at(case, act), typed | {"confirmed": "1"}))
        assert forged.status_code == 403
    forged = unchanged(lambda: auditor.post(reverse("admin:reconciliation_exceptioncase_take-next")))
    assert forged.status_code == 403


def test_money_without_an_owner_is_assigned_by_two_people() -> None:
    maker = office.staff_user("payments_ops")
    ops = office.browser(maker)
    owner = office.client("0", name="Maria Schmidt")
    case = office.receipt_case(owner)
    assert "Maria Schmidt" in text(ops.get(at(case))), "the candidate by name"
    assert owner.public_id in text(ops.get(at(case, "assign"))), "proposed, not decided"
    early = unchanged(lambda: do(ops, at(case, "resolve"), outcome="assigned", note="it is hers"))
    assert early.status_code == 422
    assert "still in suspense" in text(early)
    posted = Transaction.objects.count()
    for wrong in ("cl_00000000000000000000000000", "nobody@example.test", "' OR 1=1", ""):
        refused = unchanged(lambda wrong=wrong: do(ops, at(case, "assign"), client=wrong, evidence="statement"))
        assert refused.status_code == 422, wrong
    do(ops, at(case, "assign"), client=owner.email, evidence="name on the statement")
    draft = Adjustment.objects.get()
    assert (draft.reason_code, draft.state, draft.client) == ("SUSPENSE_ASSIGNED", "awaiting_second_person", owner)
    assert Transaction.objects.count() == posted, "nothing has moved"
    twice = unchanged(lambda: do(ops, at(case, "assign"), client=owner.email, evidence="name on the statement"))
    assert twice.status_code == 409
    own = {"decision": "approve", "content_hash": draft.content_hash, "note": "", "confirmed": "1"}
    assert unchanged(lambda: ops.post(reverse("admin:approval", args=[draft.public_id]), own)).status_code == 403
    adjustments.approve(
        adjustment_id=draft.pk,
        content_hash=draft.content_hash,
        actor=people.staff("finance_approver"),
        now=timezone.now(),
    )
    assert books.available(owner) == 250
    assert books.balance("house/suspense") == 0
    do(ops, at(case, "resolve"), outcome="assigned", note="credited and approved")
    case.refresh_from_db()
    assert case.state == "resolved"


def test_a_draft_needs_the_permission_to_draft() -> None:
    case = office.receipt_case(office.client("0"))
    for role in ("support", "compliance", "finance_approver"):
        person = office.signed_in(role)
        assert unchanged(lambda person=person: person.get(at(case, "assign"))).status_code == 403


def test_cases_show_on_the_page_of_what_they_are_about() -> None:
    of = office.client()
    row = office.withdrawal(of)
    case = office.case(of=of, object_ref=row.public_id, title="Nobody says whether it arrived")
    page = text(office.signed_in("auditor").get(reverse("admin:payments_withdrawal_change", args=[row.public_id])))
    assert at(case) in page
    assert Actor.system("x").is_system
