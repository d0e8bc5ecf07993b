"""Closing a period and asking both clocks, as a person does it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import Account, Event, Period
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db
YESTERDAY = timezone.now() - timedelta(days=1)
LABEL = f"{YESTERDAY:%Y-%m-%d}"
CLOSE = "admin:ledger_period_close-next"


def test_closing_shows_what_it_freezes_before_it_does() -> None:
    books.receive("100", effective_at=YESTERDAY)
    person = office.signed_in("finance_approver")
    form = person.get(reverse(CLOSE))
    assert form.status_code == 200
    assert LABEL in form.content.decode()
    check = person.post(reverse(CLOSE), {"label": LABEL})
    assert check.status_code == 200
    assert f"Close {LABEL} for ever" in check.content.decode()
    assert "100.00" in check.content.decode()
    assert not Period.objects.filter(state="closed").exists()
    done = person.post(reverse(CLOSE), {"label": LABEL, "confirmed": "1"}, follow=True)
    page = done.content.decode()
    closed = Period.objects.get(label=LABEL)
    assert f"{LABEL} is closed." in page
    assert closed.digest in page
    event = Event.objects.get(type="period.closed")
    assert event.person.startswith("usr_")
    assert closed.closed_by == event.actor


@pytest.mark.parametrize("label", [f"{timezone.now():%Y-%m-%d}", "yesterday", "2031-01"])
def test_what_cannot_be_closed_is_said_on_the_form(label: str) -> None:
    person = office.signed_in("finance_approver")
    response = person.post(reverse(CLOSE), {"label": label, "confirmed": "1"})
    assert response.status_code in (409, 422)
    assert not Period.objects.filter(state="closed").exists()


@pytest.mark.parametrize("role", ["support", "payments_ops", "compliance", "auditor", "administrator"])
def test_others_do_not_close(role: str) -> None:
    person = office.signed_in(role)
    response = unchanged(lambda: person.post(reverse(CLOSE), {"label": LABEL, "confirmed": "1"}))
    assert response.status_code == 403


def test_an_account_answers_by_both_clocks_and_names_the_entries_between() -> None:
    books.receive("100", effective_at=YESTERDAY - timedelta(days=2))
    books.receive("7", effective_at=YESTERDAY)
    account = Account.objects.get(pk=books.wallet().id)
    person = office.signed_in("auditor")
    address = reverse("admin:ledger_account_as-of", args=[account.public_id])
    assert 'type="datetime-local"' in person.get(address).content.decode()
    asked = f"{YESTERDAY - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    page = person.post(address, {"effective_at": asked, "recorded_at": ""}).content.decode()
    assert page.count("+7.00") == 2  # the figure and the entry
    assert "100.00" in page
    before = person.post(address, {"effective_at": "", "recorded_at": asked}).content.decode()
    assert "+107.00" in before
    wrong = person.post(address, {"effective_at": "soon"})
    assert wrong.status_code == 422
