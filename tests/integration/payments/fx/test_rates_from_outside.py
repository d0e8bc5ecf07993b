"""Rates from outside: kept as they came, read once, held when they cannot be true, decided by another person."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from ledger import accounts
from ledger.errors import Forbidden, InvalidRequest, InvalidTransition, SelfApproval, Unavailable
from ledger.models import Event
from ledger.money import Money
from payments import dispatch
from payments.connectors import registry
from payments.fx.refusals import RateStale
from payments.models import OutboxMessage, ProviderEvent, Rate, RateDecision
from payments.services import fx_quotes, rate_book, rate_decisions, rates
from reconciliation.models import ExceptionCase
from tests.factories import people
from tests.factories.firm import control
from tests.factories.rates import Publisher

pytestmark = pytest.mark.django_db(transaction=True)

FRIDAY = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ecb(settings: Any, tmp_path: Path):
    accounts.forget()
    publisher = Publisher(settings, tmp_path)
    yield publisher
    publisher.stop()


def publish(ecb: Publisher, day: str, **values: str) -> None:
    for code, rate in values.items():
        control(ecb.running, "/_sim/rates", {"date": day, "currency": code, "rate": rate})


def at(ecb: Publisher, moment: datetime) -> None:
    control(ecb.running, "/_sim/clock", {"now": moment.isoformat()})


def of(code: str) -> list[Rate]:
    return list(Rate.objects.filter(counter=code).order_by("published_at", "id"))


def test_the_days_file_is_kept_and_read_once(ecb):
    publish(ecb, "2026-11-20", USD="1.0852")
    assert ecb.fetched(FRIDAY) == 1
    rate = of("USD")[0]
    assert (rate.base, rate.value, rate.source, rate.state) == ("EUR", Decimal("1.0852"), "ecb", "usable")
    assert rate.published_at == datetime(2026, 11, 20, 15, 0, tzinfo=UTC) and rate.fetched_at
    assert b"currency='USD' rate='1.0852'" in bytes(rate.message.body)
    assert rate.message.state == "processed"
    before = Rate.objects.count()
    assert ecb.fetched(FRIDAY) == 0 and Rate.objects.count() == before
    received = Event.objects.get(type="rates.received")
    assert received.after == {"rates": before, "held": []} and "DKK" in received.data["unknown"]


def test_ninety_days_of_history_are_read_and_the_newest_is_used(ecb):
    ecb.fetched(FRIDAY, history=True)
    assert len(of("USD")) > 60 and not Rate.objects.exclude(held_for="").exists()
    usd = next(rate for rate in rate_book.latest(at=FRIDAY) if rate.counter == "USD")
    assert usd.published_at == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert ecb.fetched(FRIDAY) == 1 and len(of("USD")) == len({rate.published_at for rate in of("USD")})


def test_before_sixteen_hours_the_last_day_is_the_day_before(ecb):
    at(ecb, datetime(2026, 11, 20, 14, 0, tzinfo=UTC))
    ecb.fetched(FRIDAY)
    assert of("USD")[0].published_at == datetime(2026, 11, 19, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("fault", ["drop", "error", "refuse"])
def test_a_publisher_that_is_away_changes_nothing(ecb, fault):
    control(ecb.running, "/_sim/faults", [{"on": "daily", "do": fault}])
    with pytest.raises(Unavailable):
        rates.fetch(source="ecb", now=FRIDAY)
    assert control(ecb.running, "/_sim/faults")[0]["fired"] == 1
    assert not ProviderEvent.objects.exists() and not Rate.objects.exists()
    assert ecb.fetched(FRIDAY) == 1  # and the next try works


def test_half_a_file_is_kept_shown_to_people_and_prices_nothing(ecb):
    control(ecb.running, "/_sim/faults", [{"on": "daily", "do": "garble"}])
    ecb.fetched(FRIDAY)
    assert ProviderEvent.objects.get().state == "failed" and not Rate.objects.exists()
    assert OutboxMessage.objects.get(topic="exception.raise").payload["category"] == "unreadable_file"
    ecb.fetched(FRIDAY)
    assert Rate.objects.exists()


def jumped(ecb: Publisher) -> Rate:
    """Friday's dollar is good; Monday's has lost a digit."""
    publish(ecb, "2026-11-20", USD="1.0852")
    publish(ecb, "2026-11-23", USD="10.852", GBP="0.8400")
    ecb.fetched(FRIDAY)
    at(ecb, MONDAY)
    ecb.fetched(MONDAY)
    return of("USD")[-1]


def test_a_jump_is_held_and_the_last_good_rate_serves_until_it_is_stale(ecb):
    held = jumped(ecb)
    assert (held.state, held.held_for, held.compared_with.value) == ("held", "jump", Decimal("1.0852"))
    case = OutboxMessage.objects.get(topic="exception.raise").payload
    assert (case["category"], case["object_ref"]) == ("rate_outlier", held.public_id)
    assert case["facts"]["before"] == "1.0852"
    client = people.client()

    def quote(now: datetime):
        return fx_quotes.offer(
            client=client, fixed=Money.of(100, "USD"), other_currency="EUR", actor=people.acting(client), now=now
        )

    assert quote(MONDAY).steps.get().rate.value == Decimal("1.0852")
    assert of("GBP")[-1].state == "usable"  # the others are not held up
    with pytest.raises(RateStale):
        quote(MONDAY + timedelta(hours=3))
    rate_decisions.decide(
        rate_id=held.pk, decision="confirmed", note="Redenominated.", actor=people.staff("finance_approver"), now=MONDAY
    )
    assert quote(MONDAY + timedelta(hours=3)).steps.get().rate_id == held.pk


def test_a_rejected_rate_is_never_used_and_does_not_become_the_measure(ecb):
    held = jumped(ecb)
    ops = people.staff("payments_ops")
    decided = rate_decisions.decide(
        rate_id=held.pk, decision="rejected", note="A digit is lost.", actor=ops, now=MONDAY
    )
    assert decided.state == "rejected"
    publish(ecb, "2026-11-24", USD="1.0900")
    at(ecb, MONDAY + DAY)
    ecb.fetched(MONDAY + DAY)
    assert of("USD")[-1].state == "usable"
    with pytest.raises(InvalidTransition):
        rate_decisions.decide(rate_id=held.pk, decision="confirmed", note="After all.", actor=ops, now=MONDAY)
    assert RateDecision.objects.count() == 1


def test_the_case_opens_with_the_hold_and_closes_with_the_decision(ecb):
    held = jumped(ecb)
    dispatch.drain(limit=50)
    case = ExceptionCase.objects.get(category="rate_outlier")
    assert (case.state, case.object_ref) == ("new", held.public_id) and "jumped" in case.title
    finance = people.staff("finance_approver")
    rate_decisions.decide(rate_id=held.pk, decision="rejected", note="A digit is lost.", actor=finance, now=MONDAY)
    dispatch.drain(limit=50)
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("resolved", "rate_rejected")


def test_another_rate_for_the_same_moment_is_a_contradiction(ecb):
    publish(ecb, "2026-11-20", USD="1.0852")
    ecb.fetched(FRIDAY)
    publish(ecb, "2026-11-20", USD="1.0853")
    ecb.fetched(FRIDAY)
    assert [rate.state for rate in of("USD")] == ["usable", "held"]
    assert of("USD")[-1].held_for == "correction"
    rate_decisions.decide(
        rate_id=of("USD")[-1].pk, decision="confirmed", note="The ECB corrected it.",
        actor=people.staff("payments_ops"), now=FRIDAY,
    )  # fmt: skip
    usd = next(rate for rate in rate_book.latest(at=FRIDAY) if rate.counter == "USD")
    assert usd.value == Decimal("1.0853")


def test_what_a_person_brings_needs_another_person(ecb):
    maker = people.staff("payments_ops")
    brought = rates.bring(
        base="USD", counter="KWD", rate="0.30715", published_at=FRIDAY, note="Central Bank of Kuwait", actor=maker,
        now=FRIDAY,
    )  # fmt: skip
    assert (brought.state, brought.maker) == ("held", maker.person)
    assert bytes(brought.message.body).endswith(b"USD,KWD,0.30715,2026-11-20T17:00:00+00:00\n")
    with pytest.raises(SelfApproval):
        rate_decisions.decide(rate_id=brought.pk, decision="confirmed", note="It is.", actor=maker, now=FRIDAY)
    with pytest.raises(Forbidden):
        rate_decisions.decide(
            rate_id=brought.pk, decision="confirmed", note="It is.", actor=people.staff("support"), now=FRIDAY
        )
    assert not RateDecision.objects.exists()
    rate_decisions.decide(
        rate_id=brought.pk, decision="confirmed", note="Read there too.", actor=people.staff("payments_ops"), now=FRIDAY
    )
    assert rate_book.price(sell="KWD", buy="USD", now=FRIDAY).path == ("KWD", "USD")
    for wrong in ("0", "-1", "1e5", "nan", "1,5", "1\n2"):
        with pytest.raises(InvalidRequest):
            rates.bring(
                base="USD", counter="KWD", rate=wrong, published_at=FRIDAY, note="Wrong", actor=maker, now=FRIDAY
            )


def test_a_file_of_the_firms_own(settings, tmp_path):
    path = tmp_path / "rates.csv"
    settings.RATES = {"file": {"path": str(path), "max_age_hours": 6}}
    registry.forget()
    path.write_text(
        "base,counter,rate,published_at\nBTC,USD,95500.50,2026-11-20T16:00:00Z\nXYZ,USD,1,2026-11-20T16:00:00Z\n"
    )
    assert rates.fetch(source="file", now=FRIDAY) == 1
    rates.read(payload=OutboxMessage.objects.get(topic=rates.TOPIC).payload, now=FRIDAY)
    assert [(rate.pair, str(rate.value.normalize())) for rate in Rate.objects.all()] == [("BTC/USD", "95500.5")]
    assert rate_book.currencies(now=FRIDAY) == ["BTC", "USD"]
    assert rate_book.currencies(now=FRIDAY + timedelta(hours=5)) == []  # six hours old


def test_rates_and_decisions_cannot_be_changed_by_anybody(ecb):
    held = jumped(ecb)
    changes = [lambda: Rate.objects.update(value=2), lambda: Rate.objects.filter(pk=held.pk).delete()]
    for change in changes:
        with pytest.raises(Exception, match="pgtrigger"), transaction.atomic():
            change()
    assert of("USD")[-1].value == held.value
