"""Search: whatever is pasted leads to the right object, and nobody finds what they may not open."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.integration.admin import office

SEARCH = "admin:search"


@pytest.fixture
def made() -> dict[str, Any]:
    of = office.client("1000.00", name="Maria Schmidt")
    of.external_id = "CRM-77"
    of.save()
    other = office.client("1000.00", name="Jean Dupont")
    return {
        "cl": of,
        "pm": office.payee(of),
        "wd": office.withdrawal(of, "123.45"),
        "dep": office.deposit(of, amount="500.00", provider_reference="pi_3NabcDEF"),
        "tr": office.transfer(of, amount="600.00", state="confirmed", platform_ticket="900123"),
        "other": office.withdrawal(other, "77.00"),
        "exc": office.case(of=of, title="Bank debit that nobody explains"),
    }


def hits(person: Any, q: str) -> list[str]:
    page = person.get(reverse(SEARCH), {"q": q})
    assert page.status_code == 200, q
    body = page.content.decode().split('class="ww-found"')[-1].split("ww-found")[-1]
    return list(dict.fromkeys(re.findall(r'href="/admin/\w+/\w+/((?:[a-z]+)_\w+)/change/"', body)))


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("500", "dep"), ("500 eur", "dep"), ("EUR 500.00", "dep"), ("123.45", "wd"), ("600", "tr"),
        ("pi_3NabcDEF", "dep"), ("900123", "tr"), ("CRM-77", "cl"), ("Bank debit", "exc"), ("3000", "pm"),
        ("DE89 3704 0044 0532 0130 00", "pm"), ("de89370400440532013000", "pm"),
    ],
)  # fmt: skip
def test_whatever_is_pasted_is_found(made: dict[str, Any], typed: str, first: str) -> None:
    found = hits(office.signed_in("payments_ops"), typed)
    assert made[first].public_id in found[:3], (typed, found)
    assert made["other"].public_id not in found or typed == "3000"


def test_a_name_or_an_address_finds_the_client_and_everything_of_hers(made: dict[str, Any]) -> None:
    person = office.signed_in("support")
    for typed in ("maria", "Maria Schmidt", made["cl"].email, made["cl"].public_id[:4] + "x", "schmidt"):
        found = hits(person, typed)
        if typed.startswith("cl_"):
            assert found == []
            continue
        for name in ("cl", "pm", "wd", "dep", "tr"):
            assert made[name].public_id in found, (typed, name)
        assert made["other"].public_id not in found


def test_a_public_id_leads_straight_to_its_page(made: dict[str, Any]) -> None:
    person = office.signed_in("support")
    for name in ("cl", "pm", "wd", "dep", "tr", "exc"):
        for typed in (made[name].public_id, f"  {made[name].public_id.upper()} "):
            answer = person.get(reverse(SEARCH), {"q": typed})
            assert answer.status_code == 302, typed
            assert made[name].public_id in answer["Location"]


def test_each_hit_says_why_it_was_found(made: dict[str, Any]) -> None:
    page = office.signed_in("payments_ops").get(reverse(SEARCH), {"q": "900123"}).content.decode()
    assert "platform ticket" in page


def test_nobody_finds_what_they_may_not_open(made: dict[str, Any]) -> None:
    support = office.signed_in("support")
    wallet = made["cl"].account_code("wallet")
    assert hits(support, wallet) == [], "support does not read accounts"
    assert hits(office.signed_in("auditor"), wallet) != []
    page = support.get(reverse(SEARCH), {"q": "3000"}).content.decode()
    assert made["pm"].iban not in page and "DE89 3704" not in page
    assert "DE•• •••• 3000" in page


@pytest.mark.parametrize("typed", ["", " ", "%", "_", "'", "\\", "💶", "1" * 500, "wd_", "9" * 23, "NaN", "-0",
                                   "1e9", "<script>alert(1)</script>", "٣٤"])  # fmt: skip
def test_strange_words_find_nothing_and_break_nothing(made: dict[str, Any], typed: str) -> None:
    page = office.signed_in("payments_ops").get(reverse(SEARCH), {"q": typed})
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_the_first_page_shows_what_each_role_watches() -> None:
    of = office.client("1000.00")
    office.withdrawal(of)
    office.case()
    office.transfer(of)
    office.everything(timezone.now())
    for role, words, never in (
        ("finance_approver", ("Approvals waiting", "Open exceptions"), "Staff without a second factor"),
        ("support", ("Open exceptions", "Transfers without an answer"), "Approvals waiting"),
        ("administrator", ("Staff without a second factor", "Work that is parked"), "Approvals waiting"),
    ):
        page = office.signed_in(role).get(reverse("admin:index")).content.decode()
        for word in words:
            assert word in page, (role, word)
        assert never not in page, role
