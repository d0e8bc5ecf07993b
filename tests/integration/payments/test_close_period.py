"""The command that closes days and months."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from ledger.models import Event, Period
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


def test_it_closes_every_day_up_to_one_in_order(capsys):
    books.receive("100", effective_at=datetime(2026, 2, 25, 9, tzinfo=UTC))
    call_command("close_period", "2026-02-27", "--through")
    labels = list(Period.objects.filter(state="closed").order_by("starts_on").values_list("label", flat=True))
    assert labels == ["2026-02-25", "2026-02-26", "2026-02-27"]
    assert capsys.readouterr().out.count("is closed") == 3
    assert set(Event.objects.filter(type="period.closed").values_list("actor", flat=True)) == {"system:close_period"}


def test_it_closes_a_month_with_its_days(capsys):
    books.receive("100", effective_at=datetime(2026, 2, 26, 9, tzinfo=UTC))
    call_command("close_period", "2026-02", "--through")
    closed = Period.objects.filter(state="closed")
    assert sorted(closed.values_list("label", flat=True)) == ["2026-02", "2026-02-26", "2026-02-27", "2026-02-28"]


@pytest.mark.parametrize("label", ["2999-01-01", "yesterday", "2026-02"])
def test_what_cannot_be_closed_is_said_and_nothing_is(label):
    with pytest.raises(CommandError), transaction.atomic():
        call_command("close_period", label)
    assert not Period.objects.filter(state="closed").exists()
