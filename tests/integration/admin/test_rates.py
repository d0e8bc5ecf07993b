"""Rates on staff pages: one person brings a rate, another decides it; the position can be read and downloaded."""

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger import accounts
from payments.models import Rate, RateDecision
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.admin.test_acts import do, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    accounts.forget()


def test_a_rate_is_brought_by_one_and_confirmed_by_another() -> None:
    maker, other = office.signed_in("payments_ops"), office.signed_in("finance_approver")
    brought = do(
        maker, reverse("admin:payments_rate_bring"), base="USD", counter="KWD", rate="0.30715",
        note="Central Bank of Kuwait",
    )  # fmt: skip
    rate = Rate.objects.get()
    assert brought.status_code == 302 and rate.state == "held"
    decide = reverse("admin:payments_rate_decide", args=[rate.public_id])
    own = unchanged(lambda: do(maker, decide, decision="confirmed", note="It is right."))
    assert own.status_code == 403 and "The person who made this item cannot decide it" in text(own)
    assert do(other, decide, decision="confirmed", note="Read there too.").status_code == 302
    assert RateDecision.objects.get().rate_id == rate.pk
    page = text(other.get(reverse("admin:payments_rate_change", args=[rate.public_id])))
    assert "1 USD = 0.30715 KWD" in page and "Read there too." in page and "Central Bank of Kuwait" in page
    assert other.get(decide).status_code == 302  # decided once


def test_a_rate_that_cannot_be_meant_is_refused_beside_its_field() -> None:
    maker = office.signed_in("payments_ops")
    response = do(maker, reverse("admin:payments_rate_bring"), base="USD", counter="USD", rate="1", note="Wrong")
    assert response.status_code == 422 and "two different currencies" in text(response)
    assert not Rate.objects.exists()


def test_the_position_is_shown_and_can_be_downloaded() -> None:
    office.everything(timezone.now())
    auditor = office.signed_in("auditor")
    page = auditor.get(reverse("admin:fx-position") + "?currency=USD")
    assert "Worth in USD" in text(page) and "−108.52" in text(page)
    file = page.context["file"]
    answer = auditor.get(file)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv")
    assert b"USD,0.00,108.14,0.00,-108.14,-108.52,1,-108.52,no," in answer.content
    assert auditor.get(reverse("admin:fx-position") + "?day=nonsense").status_code == 200
    assert auditor.post(reverse("admin:fx-position")).status_code == 403
