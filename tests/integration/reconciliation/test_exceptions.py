"""The exception queue: one case per trouble, one person per case, and notes that stay as they were written."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from ledger.errors import Forbidden, InvalidRequest, InvalidTransition, NotFound
from ledger.ids import new_id
from ledger.models import Event
from ledger.money import Money
from payments import dispatch, outbox
from payments.actors import Actor
from payments.models import OutboxMessage
from reconciliation.categories import CATEGORIES
from reconciliation.models import CaseNote, ExceptionCase
from reconciliation.services import exceptions
from tests.factories import people
from tests.factories.outside import calls_inside_transactions
from tests.factories.people import NOW
from tests.factories.refusals import refused, unchanged

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)


def case(key: str = "1", category: str = "payout_failed", **options: Any) -> ExceptionCase:
    return exceptions.raise_case(
        category=category, key=key, title=f"Trouble {key}", facts={"key": key}, now=options.pop("now", NOW), **options
    )


def state(found: ExceptionCase) -> str:
    return str(ExceptionCase.objects.values_list("state", flat=True).get(pk=found.pk))


def told(found: ExceptionCase) -> list[str]:
    return list(Event.objects.filter(object_ref=found.public_id).order_by("id").values_list("type", flat=True))


def at_once(count: int, work: Any) -> list[Any]:
    start, results = threading.Barrier(count), []

    def one() -> None:
        start.wait()
        try:
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_same_trouble_twice_is_one_case(transactional_db: None) -> None:
    client = people.client()
    first = case(client=client, money=Money.of("25.00", "EUR"), object_ref="wd_x")
    assert unchanged(case) == first
    assert (first.state, first.team, first.due_at) == ("new", "payments_ops", NOW + timedelta(hours=4))
    assert (first.amount, first.currency, first.client) == (25, "EUR", client)
    assert case("2") != first
    assert case(category="drift") != first
    assert told(first) == ["exception.raised"]


def test_eight_who_see_the_same_trouble_at_once_open_one_case(transactional_db: None) -> None:
    found = at_once(8, case)
    assert {row.pk for row in found} == {ExceptionCase.objects.get().pk}
    assert Event.objects.filter(type="exception.raised").count() == 1


def test_eight_people_empty_a_queue_of_twenty_without_meeting(transactional_db: None) -> None:
    for number in range(20):
        case(str(number), now=NOW + timedelta(minutes=number))
    staff = [people.staff("payments_ops") for _ in range(8)]
    taken: list[tuple[str, str]] = []
    start = threading.Barrier(8)

    def person(actor: Actor) -> None:
        try:
            start.wait()
            while (found := exceptions.take_next(actor=actor, now=NOW)) is not None:
                taken.append((found.subject, actor.person))
        finally:
            connection.close()

    threads = [threading.Thread(target=person, args=(actor,)) for actor in staff]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(subject for subject, _ in taken) == Counter({str(number): 1 for number in range(20)})
    assert {(row.subject, row.assignee) for row in ExceptionCase.objects.all()} == set(taken)
    assert len({who for _, who in taken}) > 1, "they did work side by side"


def test_what_is_due_first_is_taken_first_and_teams_keep_apart(transactional_db: None) -> None:
    later, sooner = case("later", "unmatched_receipt"), case("sooner", "payout_failed")
    disputed = case("card", "dispute")
    ops, compliance = people.staff("payments_ops"), people.staff("compliance")
    assert exceptions.take_next(actor=compliance, team="compliance", now=NOW) == disputed
    assert exceptions.take_next(actor=ops, team="payments_ops", now=NOW) == sooner
    assert exceptions.take_next(actor=ops, now=NOW) == later
    assert unchanged(lambda: exceptions.take_next(actor=ops, now=NOW)) is None


def test_a_case_from_its_raising_to_its_end_and_back(transactional_db: None) -> None:
    found, one, other = case(), people.staff("payments_ops"), people.staff("compliance")
    exceptions.take(case_id=found.pk, actor=one, now=NOW)
    exceptions.note(case_id=found.pk, text="  Called the bank.  ", actor=one, now=NOW)
    taken_over = exceptions.take(case_id=found.pk, actor=other, now=NOW)
    assert (taken_over.assignee, taken_over.state) == (other.person, "in_review")
    done = exceptions.resolve(case_id=found.pk, outcome="retried", note="Sent again.", actor=other, now=NOW)
    assert (done.state, done.outcome, done.resolved_at, done.resolved_by) == ("resolved", "retried", NOW, other.id)
    again = exceptions.reopen(case_id=found.pk, note="It failed again.", actor=one, now=NOW)
    assert (again.state, again.outcome, again.assignee, again.resolved_at) == ("in_review", "", one.person, None)
    assert list(found.notes.order_by("id").values_list("kind", "text")) == [
        ("taken", f"Taken by {one.person}"), ("note", "Called the bank."), ("taken", f"Taken by {other.person}"),
        ("resolved", "Sent again."), ("reopened", "It failed again."),
    ]  # fmt: skip
    assert told(found) == [
        "exception.raised", "exception.taken", "exception.noted", "exception.taken", "exception.resolved",
        "exception.reopened",
    ]  # fmt: skip
    reopened = Event.objects.get(type="exception.reopened")
    assert reopened.before == {"state": "resolved", "outcome": "retried"}


def test_a_case_ends_only_in_a_way_its_kind_can_have_and_with_words(transactional_db: None) -> None:
    ops = people.staff("payments_ops")
    found = case()

    def resolve(outcome: str, note: str) -> ExceptionCase:
        return exceptions.resolve(case_id=found.pk, outcome=outcome, note=note, actor=ops, now=NOW)

    for outcome in ("", "other", "done_again", "RETRIED"):
        assert refused(InvalidRequest, lambda outcome=outcome: resolve(outcome, "Words.")).param == "outcome"
    for note in ("", "  ", "no", "x" * 4001):
        assert refused(InvalidRequest, lambda note=note: resolve("retried", note)).param == "note"
    resolve("retried", "Words.")
    refused(InvalidTransition, lambda: resolve("given_back", "Other words."))
    refused(InvalidTransition, lambda: exceptions.take(case_id=found.pk, actor=ops, now=NOW))
    refused(NotFound, lambda: exceptions.take(case_id=new_id(), actor=ops, now=NOW))
    refused(InvalidRequest, lambda: exceptions.reopen(case_id=found.pk, note="", actor=ops, now=NOW))
    case()
    refused(InvalidTransition, lambda: exceptions.reopen(case_id=found.pk, note="Again.", actor=ops, now=NOW))
    for sql in (
        "UPDATE reconciliation_exceptioncase SET state = 'resolved' WHERE state <> 'resolved'",
        "UPDATE reconciliation_exceptioncase SET state = 'forgotten'",
        "UPDATE reconciliation_exceptioncase SET outcome = '' WHERE state = 'resolved'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_only_who_may_work_exceptions_touches_them(transactional_db: None) -> None:
    found = case()
    for role in ("finance_approver", "auditor", "administrator"):
        actor = people.staff(role)
        acts = (
            lambda actor=actor: exceptions.take(case_id=found.pk, actor=actor, now=NOW),
            lambda actor=actor: exceptions.take_next(actor=actor, now=NOW),
            lambda actor=actor: exceptions.note(case_id=found.pk, text="Words.", actor=actor, now=NOW),
            lambda actor=actor: exceptions.resolve(
                case_id=found.pk, outcome="retried", note="Words.", actor=actor, now=NOW
            ),
            lambda actor=actor: exceptions.reopen(case_id=found.pk, note="Words.", actor=actor, now=NOW),
        )
        for act in acts:
            refused(Forbidden, act)
    assert state(found) == "new"


def test_a_note_stays_as_it_was_written(app_connection: psycopg.Connection[Any]) -> None:
    found = case()
    exceptions.note(case_id=found.pk, text="First words.", actor=people.staff("support"), now=NOW)
    note = CaseNote.objects.get()
    note.text = "Other words."
    for change in (note.save, note.delete, lambda: CaseNote.objects.update(text="x"), CaseNote.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    for sql in (
        "UPDATE reconciliation_casenote SET text = 'x'",
        "DELETE FROM reconciliation_casenote",
        "TRUNCATE reconciliation_casenote",
        "ALTER TABLE reconciliation_casenote DISABLE TRIGGER ALL",
        "DELETE FROM reconciliation_exceptioncase",
    ):
        with pytest.raises(psycopg.Error):
            app_connection.execute(sql)
    assert list(CaseNote.objects.values_list("text", flat=True)) == ["First words."]


# --- from below -------------------------------------------------------------------------------------------------------


def promise(key: str = "1", **options: str) -> None:
    with transaction.atomic():
        dispatch.raise_exception(category="unknown_outcome", key=key, title="t" * 300, facts={}, **options)


def settle(key: str = "1", outcome: str = "confirmed_elsewhere") -> None:
    with transaction.atomic():
        dispatch.settle_exception(category="unknown_outcome", key=key, outcome=outcome, note="The bank has it.")


def work() -> None:
    while dispatch.drain(now=timezone.now()):
        pass


def test_a_case_promised_below_is_opened_even_with_facts_that_make_no_sense(transactional_db: None) -> None:
    client = people.client()
    promise("good", amount="12.50", currency="EUR", client_ref=client.public_id, object_ref="wd_x")
    promise("too many decimals", amount="10.005", currency="EUR")
    promise("no such currency", amount="1", currency="XXX")
    promise("negative", amount="-3.00", currency="EUR")
    work()
    rows = {row.subject: (row.amount, row.currency) for row in ExceptionCase.objects.all()}
    assert rows == {
        "good": (12.5, "EUR"), "too many decimals": (None, ""), "no such currency": (None, ""), "negative": (3, "EUR"),
    }  # fmt: skip
    assert ExceptionCase.objects.get(subject="good").client == client
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}


def test_a_case_that_events_have_answered_closes_itself(transactional_db: None) -> None:
    promise()
    work()
    settle()
    work()
    found = ExceptionCase.objects.get()
    assert (found.state, found.outcome, found.resolved_by) == (
        "resolved",
        "confirmed_elsewhere",
        "system:reconciliation",
    )
    assert found.notes.get().text == "The bank has it."


def test_where_no_case_was_promised_none_is_closed(transactional_db: None) -> None:
    unchanged(settle)


def test_what_settles_a_case_waits_for_the_case(transactional_db: None) -> None:
    """Another worker may be at the raising: then the settling must not run past it and leave the case open for ever."""
    promise()
    settle()
    dispatch.drain(topics=(dispatch.SETTLED_TOPIC,), now=timezone.now())
    assert OutboxMessage.objects.get(topic=dispatch.SETTLED_TOPIC).state == "ready"
    work()
    dispatch.drain(now=timezone.now() + timedelta(seconds=10))
    assert ExceptionCase.objects.get().state == "resolved"


def test_a_case_that_a_person_has_ended_is_left_alone(transactional_db: None) -> None:
    promise()
    work()
    found, ops = ExceptionCase.objects.get(), people.staff("payments_ops")
    exceptions.resolve(case_id=found.pk, outcome="not_happened", note="By phone.", actor=ops, now=NOW)
    settle()
    work()
    assert ExceptionCase.objects.get().outcome == "not_happened"
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}


def test_a_promise_of_an_unknown_kind_is_not_lost(transactional_db: None) -> None:
    with transaction.atomic():
        dispatch.raise_exception(category="of_tomorrow", key="1", title="New", facts={})
        outbox.put(dispatch.EXCEPTION_TOPIC, key="broken", payload={})
    work()
    found = ExceptionCase.objects.get()
    assert (found.category, found.team) == ("of_tomorrow", CATEGORIES["stuck_work"].team)
    ops = people.staff("payments_ops")
    exceptions.resolve(case_id=found.pk, outcome="not_needed", note="Nothing to do.", actor=ops, now=NOW)
