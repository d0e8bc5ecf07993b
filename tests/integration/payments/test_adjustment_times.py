"""Corrections that say when they take effect: who may say it, what the second person sees, days that have closed."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from ledger import accounts, backdating, invariants, periods, queries
from ledger.errors import DomainError, Forbidden, InvalidRequest, PeriodClosed, VersionConflict
from ledger.models import Event, Period, Transaction
from ledger.money import Money
from payments.actors import Actor
from payments.models import Adjustment, Approval, Client
from payments.services import adjustments
from tests.factories import books, people
from tests.factories.refusals import refused

pytestmark = pytest.mark.django_db(transaction=True)

LAST_WEEK = datetime(2026, 11, 13, 12, 30, tzinfo=UTC)
DAY = "2026-11-13"
NOW = people.NOW


@pytest.fixture
def client(transactional_db: None) -> Client:
    accounts.forget()
    client = people.client()
    people.fund(client, "500.00")
    accounts.ref("house/adjustments", "EUR")
    return client


def draft(client: Client, effective_at: datetime | None = LAST_WEEK, /, **changes: Any) -> Adjustment:
    wanted: dict[str, Any] = {
        "debit_account": accounts.ref("house/adjustments", "EUR"),
        "credit_account": accounts.ref(client.account_code("wallet"), "EUR"),
        "money": Money.of("25.00", "EUR"),
        "reason": "Fee of last week charged twice",
        "evidence": "Complaint no. 17",
        "effective_at": effective_at,
        "now": NOW,
    }
    if "actor" not in changes:
        wanted["actor"] = people.staff("payments_ops")
    return adjustments.draft(**(wanted | changes))


def approve(adjustment: Adjustment, actor: Actor | None = None, **changes: Any) -> Adjustment:
    options = {"content_hash": adjustment.content_hash, "now": NOW} | changes
    actor = actor or people.staff("finance_approver")
    return adjustments.approve(adjustment_id=adjustment.pk, actor=actor, **options)


def close(label: str) -> Period:
    return periods.close(period_id=periods.name(label=label).pk, actor=Actor.system("test"), now=timezone.now())


def posted(adjustment: Adjustment) -> Transaction:
    return Transaction.objects.get(pk=adjustment.transaction_id)


def test_a_correction_takes_effect_when_its_maker_and_its_checker_say(client: Client) -> None:
    adjustment = draft(client)
    assert books.available(client) == Decimal(500)
    applied = approve(adjustment)
    assert (applied.state, posted(applied).effective_at) == ("applied", LAST_WEEK)
    wallet = accounts.ref(client.account_code("wallet"), "EUR").id
    before = LAST_WEEK - timedelta(seconds=1)
    assert [queries.as_of(wallet, effective_at=at).balance for at in (before, LAST_WEEK)] == [0, Decimal(25)]
    assert books.available(client) == Decimal(525)
    drafted = Event.objects.get(object_ref=adjustment.public_id, type="adjustment.drafted")
    assert drafted.data == {"effective_at": LAST_WEEK.isoformat(), "lands": False}
    assert invariants.run().clean


def test_without_a_time_it_takes_effect_when_it_is_approved(client: Client) -> None:
    start = timezone.now()
    applied = approve(draft(client, None))
    assert start <= posted(applied).effective_at <= timezone.now()
    assert posted(applied).metadata is None


class Drafter(Actor):
    """Somebody who may draft, and not backdate."""

    def may(self, permission: str) -> bool:
        return permission != backdating.PERMISSION and super().may(permission)


def test_saying_a_time_needs_the_permission_to_backdate_however_near_it_is(client: Client) -> None:
    """It lies further back than five minutes by the time that somebody else has decided."""
    person = Drafter(id="usr_1", person="usr_1", roles=frozenset({"payments_ops"}))
    for at in (LAST_WEEK, NOW - timedelta(minutes=4), NOW):
        told = refused(Forbidden, lambda at=at: draft(client, at, actor=person))
        assert told.data["permission"] == backdating.PERMISSION
    assert draft(client, None, actor=person).state == "awaiting_second_person"


def test_what_has_not_happened_cannot_take_effect(client: Client) -> None:
    ops = people.staff("payments_ops")
    told = refused(InvalidRequest, lambda: draft(client, NOW + timedelta(minutes=6), actor=ops))
    assert told.param == "effective_at"
    told = refused(InvalidRequest, lambda: draft(client, None, lands=True, actor=ops))
    assert told.param == "land"


def test_the_time_is_part_of_what_the_second_person_decides_on(client: Client) -> None:
    adjustment = draft(client)
    seen = {adjustment.content_hash}
    for at, lands in ((LAST_WEEK + timedelta(microseconds=1), False), (None, False), (LAST_WEEK, True)):
        adjustment.effective_at, adjustment.lands = at, lands
        seen.add(adjustment.content_hash)
    assert len(seen) == 4
    approver = people.staff("finance_approver")
    adjustment.refresh_from_db()
    refused(
        VersionConflict, lambda: approve(adjustment, approver, content_hash=(seen - {adjustment.content_hash}).pop())
    )


def test_nobody_moves_the_time_of_a_draft_not_even_in_the_database(client: Client) -> None:
    adjustment = draft(client)
    rows = Adjustment.objects.filter(pk=adjustment.pk)
    for change in ({"effective_at": LAST_WEEK - timedelta(days=1)}, {"effective_at": None}, {"lands": True}):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    timeless = draft(client, None)
    refusal = pytest.raises(DatabaseError, match="payments_adjustment_lands")
    with refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO payments_adjustment SELECT (jsonb_populate_record(a, jsonb_build_object(
               'id', gen_random_uuid(), 'lands', true))).* FROM payments_adjustment a WHERE a.id = %s""",
            [timeless.pk],
        )
    assert rows.get().effective_at == LAST_WEEK


def test_a_closed_day_is_refused_when_it_is_drafted(client: Client) -> None:
    close(DAY)
    ops = people.staff("payments_ops")
    told = refused(PeriodClosed, lambda: draft(client, actor=ops))
    assert told.param == "effective_at"


def test_a_day_that_closes_while_it_waits_refuses_the_approval_and_all_is_as_it_was(client: Client) -> None:
    adjustment, approver = draft(client), people.staff("finance_approver")
    close(DAY)
    told = refused(PeriodClosed, lambda: approve(adjustment, approver))
    assert told.param == "effective_at"
    assert "draft it anew" in told.detail
    assert Adjustment.objects.get(pk=adjustment.pk).state == "awaiting_second_person"
    assert not Approval.objects.exists()
    assert books.available(client) == Decimal(500)
    rejected = adjustments.reject(
        adjustment_id=adjustment.pk, content_hash=adjustment.content_hash, reason_code="other", note="Day closed",
        actor=approver, now=NOW,
    )  # fmt: skip
    assert rejected.state == "rejected"


def test_the_database_refuses_what_the_look_before_it_did_not_see(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    adjustment, approver = draft(client), people.staff("finance_approver")
    close(DAY)
    monkeypatch.setattr(adjustments, "_require_still_open", lambda adjustment: None)
    told = refused(PeriodClosed, lambda: approve(adjustment, approver))
    assert told.param == "effective_at"


def test_a_correction_of_a_closed_day_lands_in_the_next_and_points_back(client: Client) -> None:
    early = draft(client, lands=True)
    close(DAY)
    late = draft(client, lands=True)
    for adjustment in (early, late):
        landed = posted(approve(adjustment))
        assert landed.effective_at == datetime(2026, 11, 14, tzinfo=UTC)
        assert landed.metadata == {
            "corrects": {
                "period": DAY,
                "effective_at": LAST_WEEK.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            }
        }
    assert {found.pk for found in periods.corrections(periods.find(DAY))} == {
        row.transaction_id for row in Adjustment.objects.all()
    }
    open_day = approve(draft(client, LAST_WEEK + timedelta(days=2), lands=True))
    assert (posted(open_day).effective_at, posted(open_day).metadata) == (LAST_WEEK + timedelta(days=2), None)
    books.assert_sound()


@pytest.mark.parametrize("round_", range(3))
def test_closing_the_day_and_approving_race_and_one_order_stands(client: Client, round_: int) -> None:
    """Either it is in the day before it closes, or it waits as it did; never in a closed day unseen."""
    adjustment, approver = draft(client), people.staff("finance_approver")
    start, told = threading.Barrier(2), []

    def one(act: Any) -> None:
        start.wait()
        try:
            act()
        except DomainError as error:
            told.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(act,)) for act in (
        lambda: approve(adjustment, approver), lambda: close(DAY),
    )]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decided, day = Adjustment.objects.get(pk=adjustment.pk), periods.find(DAY)
    assert day.state == Period.State.CLOSED
    assert told in ([], ["period_closed"])
    assert decided.state == ("awaiting_second_person" if told else "applied")
    assert day.entries == (0 if told else 2)
    assert books.available(client) == Decimal(500 if told else 525)
    books.assert_sound()
    assert invariants.run().clean
