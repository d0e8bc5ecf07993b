"""Lists cost the same however many rows there are, and show every row once."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ledger.models import Entry, Transaction
from payments.models import Client, Withdrawal
from tests.factories import people
from tests.integration.admin import office

MOST_QUERIES = 12
MANY = 200
# Pages that join many lists: the first page shows two queues and every count, a search asks one question per kind.
JOINED = {"index": 20, "hits": 24}


@pytest.fixture
def full() -> None:
    """200 of whatever can be many, and at least one of everything."""
    now = timezone.now()
    office.everything(now)
    ops, of = people.staff("payments_ops"), office.client("100000.00")
    statement = office.statement(now)
    for number in range(MANY):
        office.withdrawal(of, "10.00")
        office.adjustment(of, by=ops)
        office.deposit(of)
        office.record(statement)
        office.case(of=of)
        if number % 10 == 0:
            office.transfer(of)


def pages() -> list[tuple[str, str]]:
    found = [
        (f"{page.opts.label}", reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist"))
        for page in admin.site._registry.values()
    ]
    named = ("index", "approvals", "search")
    return [*found, *((name, reverse(f"admin:{name}")) for name in named), ("hits", reverse("admin:search") + "?q=10")]


def test_every_list_asks_a_bounded_number_of_questions_and_counts_no_large_table(full: None) -> None:
    person = office.signed_in("auditor", "administrator", "support")
    for name, address in pages():
        person.get(address)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert person.get(address).status_code == 200, name
        statements = [query["sql"] for query in asked.captured_queries]
        limit = JOINED.get(name, MOST_QUERIES)
        assert len(statements) <= limit, (name, len(statements), statements)
        for sql in statements:
            counted = re.search(r"COUNT\(", sql, re.IGNORECASE)
            table = re.search(r'FROM "(ledger_(?:entry|transaction|event)|payments_(?:deposit|providerevent))"', sql)
            assert not (counted and table), sql
            assert "OFFSET" not in sql or "reconciliation" in sql, sql


def test_an_objects_page_asks_a_bounded_number_of_questions(full: None) -> None:
    person = office.signed_in("auditor")
    for model, most in ((Client, 20), (Withdrawal, 20), (Transaction, 18)):
        page = admin.site._registry[model]
        address = page.url_of(model.objects.order_by("pk").first())
        person.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert person.get(address).status_code == 200
        assert len(asked) <= most, (model, len(asked))


def test_a_decision_page_asks_a_bounded_number_of_questions(full: None) -> None:
    person = office.signed_in("finance_approver")
    address = reverse("admin:approval", args=[Withdrawal.objects.order_by("pk").last().public_id])
    person.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert person.get(address).status_code == 200
    assert len(asked) <= 45, len(asked)


@pytest.mark.parametrize("model", [Withdrawal, Entry])
def test_paging_forth_and_back_shows_every_row_once_while_new_ones_arrive(model: Any, monkeypatch: Any) -> None:
    page = admin.site._registry[model]
    monkeypatch.setattr(page, "list_per_page", 7)
    of = office.client("5000.00")
    for _ in range(20):
        office.withdrawal(of, "10.00")
    rows = [row.pk for row in model.objects.order_by("-pk")]
    person, listed = (
        office.signed_in("auditor"),
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"),
    )
    seen, address, last = [], listed, ""
    while address:
        answer = person.get(address)
        seen += [row.pk for row in answer.context["cl"].result_list]
        last, address = address, answer.context["cl"].next_url and listed + answer.context["cl"].next_url
        office.withdrawal(of, "10.00")
    assert seen == rows
    back, address = [], last
    while address:
        answer = person.get(address)
        back = [row.pk for row in answer.context["cl"].result_list] + back
        address = answer.context["cl"].previous_url and listed + answer.context["cl"].previous_url
    assert back[-len(rows) :] == rows
    assert len(back) == len(set(back)) == model.objects.count()


def test_accounts_are_paged_by_code(monkeypatch: Any) -> None:
    from ledger.models import Account

    page = admin.site._registry[Account]
    monkeypatch.setattr(page, "list_per_page", 3)
    for _ in range(4):
        office.withdrawal(office.client())
    listed = reverse("admin:ledger_account_changelist")
    person, seen, address = office.signed_in("auditor"), [], listed
    while address:
        answer = person.get(address)
        seen += [row.pk for row in answer.context["cl"].result_list]
        address = answer.context["cl"].next_url and listed + answer.context["cl"].next_url
    assert seen == [row.pk for row in Account.objects.order_by("code", "currency_id")]


@pytest.mark.parametrize(
    "cursor", ["wd_", "nonsense", "dep_01m7yyz0000000000000000000", "wd_01m7yyz0000000000000000000", "1 OR 1=1"]
)
def test_a_cursor_that_is_none_of_ours_does_no_harm(cursor: str) -> None:
    office.withdrawal(office.client())
    person = office.signed_in("auditor")
    for name in ("after", "before"):
        for listed in ("payments_withdrawal", "ledger_account", "reconciliation_exceptioncase"):
            assert person.get(reverse(f"admin:{listed}_changelist"), {name: cursor}).status_code == 200
        assert person.get(reverse("admin:approvals"), {name: cursor}).status_code == 200


def found(person: Any, listed: str, **query: str) -> list[Any]:
    answer = person.get(reverse(f"admin:{listed}_changelist"), query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def test_a_list_is_searched_by_what_people_paste() -> None:
    of = office.client("1000.00", name="Maria Schmidt")
    other = office.client("1000.00", name="Jean Dupont")
    one, two = office.withdrawal(of, "123.45"), office.withdrawal(other, "50.00")
    person = office.signed_in("auditor")
    for typed in (one.public_id, "123.45", "123.45 eur", "EUR 123.45", of.email, "maria", of.public_id):
        assert found(person, "payments_withdrawal", q=typed) == [one], typed
    for typed in ("123.46", "123.45 usd", "no such thing", "wd_x", "%", "'; DROP TABLE", "1e3"):
        assert found(person, "payments_withdrawal", q=typed) == [], typed
    assert found(person, "payments_withdrawal", state="requested") == [two, one]
    assert found(person, "payments_withdrawal", state="paid") == []
    assert found(person, "payments_paymentmethod", q="3000") != []
    assert [row.pk for row in found(person, "ledger_transaction", q=two.public_id)] != []


def test_a_retried_payout_is_listed_once() -> None:
    from payments.models import WithdrawalAttempt

    row = office.withdrawal(office.client(), "77.00")
    for number, state in ((1, "rejected"), (2, "rejected")):
        WithdrawalAttempt.objects.create(
            withdrawal=row, number=number, message_id=f"m{number}", end_to_end_id=f"WWE{number}", state=state
        )
    person = office.signed_in("auditor")
    assert found(person, "payments_withdrawal", q="77") == [row]
    assert found(person, "payments_withdrawal", q="wwe2") == [row]


def test_times_are_shown_in_the_readers_zone() -> None:
    row = office.withdrawal(office.client())
    user = office.staff_user("auditor")
    user.timezone = "Asia/Tokyo"
    user.save()
    page = office.browser(user).get(reverse("admin:payments_withdrawal_change", args=[row.public_id])).content.decode()
    assert "UTC+09:00 (Asia/Tokyo)" in page


def test_an_empty_list_says_what_belongs_there_and_a_search_without_hits_how_to_leave_it() -> None:
    person = office.signed_in("finance_approver")
    address = reverse("admin:ledger_glexport_changelist")

    assert "No day was handed over yet." in person.get(address).content.decode()
    found_none = person.get(address, {"q": "0" * 64}).content.decode()
    assert "Nothing found." in found_none and "Show everything" in found_none
    assert "No day was handed over yet." not in found_none
