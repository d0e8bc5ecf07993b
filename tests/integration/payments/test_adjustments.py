"""Corrections by hand: one person drafts, another applies, and nobody gets around that."""

import threading
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from ledger import accounts
from ledger.accounts import AccountRef
from ledger.errors import (
    CurrencyMismatch,
    DomainError,
    Forbidden,
    InsufficientAvailable,
    InvalidAmount,
    InvalidRequest,
    InvalidTransition,
    NotFound,
    ReasonNotAllowed,
    SelfApproval,
    VersionConflict,
)
from ledger.ids import new_id
from ledger.models import Event, Transaction
from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.actors import Actor
from payments.models import Adjustment, Approval, Client
from payments.services import adjustments, api_keys
from payments.services.posting import post_recipe
from tests.factories import books, people
from tests.factories.outside import calls_inside_transactions
from tests.factories.people import NOW
from tests.factories.refusals import refused

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(transactional_db: None) -> Client:
    accounts.forget()
    client = people.client()
    people.fund(client, "500.00")
    return client


def house(name: str, currency: str = "EUR") -> AccountRef:
    return accounts.ref(f"house/{name}", currency)


def wallet(client: Client, currency: str = "EUR") -> AccountRef:
    return accounts.ref(client.account_code("wallet"), currency)


def draft(client: Client, amount: str = "25.00", /, **changes: Any) -> Adjustment:
    """Goodwill for the client unless told otherwise."""
    wanted: dict[str, Any] = {
        "debit_account": house("adjustments"),
        "credit_account": wallet(client),
        "money": Money.of(amount, "EUR"),
        "reason": "Goodwill for a late payout",
        "evidence": "Complaint no. 17",
        "now": NOW,
    }
    if "actor" not in changes:
        wanted["actor"] = people.staff("payments_ops")
    return adjustments.draft(**(wanted | changes))


def approve(adjustment: Adjustment, actor: Actor | None = None, **changes: Any) -> Adjustment:
    options = {"content_hash": adjustment.content_hash, "now": NOW} | changes
    actor = actor or people.staff("finance_approver")
    return adjustments.approve(adjustment_id=adjustment.pk, actor=actor, **options)


def reject(adjustment: Adjustment, actor: Actor, **changes: Any) -> Adjustment:
    options = {"content_hash": adjustment.content_hash, "reason_code": "other", "note": "No proof.", "now": NOW}
    return adjustments.reject(adjustment_id=adjustment.pk, actor=actor, **(options | changes))


def test_a_draft_moves_nothing_and_a_second_person_applies_it(client: Client) -> None:
    adjustment = draft(client)
    assert (adjustment.state, adjustment.client_id) == ("awaiting_second_person", client.pk)
    assert books.available(client) == Decimal(500)
    approver = people.staff("finance_approver")
    applied = approve(adjustment, approver, note="Seen the complaint.")
    assert applied.state == "applied"
    assert (books.available(client), books.balance("house/adjustments")) == (Decimal(525), Decimal(-25))
    posted = Transaction.objects.get(pk=applied.transaction_id)
    assert (posted.reason_id, posted.source_id) == ("MANUAL_ADJUSTMENT", adjustment.public_id)
    decision = Approval.objects.get(object_ref=adjustment.public_id)
    assert (decision.person, decision.maker, decision.note) == (
        approver.person, adjustment.maker, "Seen the complaint.",
    )  # fmt: skip
    events = Event.objects.filter(object_ref=adjustment.public_id).order_by("id")
    assert [(event.type, event.client_ref) for event in events] == [
        ("adjustment.drafted", client.public_id), ("adjustment.applied", client.public_id),
    ]  # fmt: skip
    refused(InvalidTransition, lambda: approve(adjustment, approver))
    books.assert_sound()


def test_a_rejected_draft_never_moves_anything(client: Client) -> None:
    adjustment, approver = draft(client), people.staff("finance_approver")
    for problem in ({"reason_code": "because"}, {"reason_code": ""}, {"note": "  "}, {"note": "x" * 2001}):
        refused(InvalidRequest, lambda problem=problem: reject(adjustment, approver, **problem))
    assert reject(adjustment, approver).state == "rejected"
    assert books.available(client) == Decimal(500)
    refused(InvalidTransition, lambda: approve(adjustment, approver))
    assert not Transaction.objects.filter(source_id=adjustment.public_id).exists()


def test_the_maker_never_decides_by_any_route(client: Client) -> None:
    """F16. One human is one `person`: a second login for the same human would be a second person to us, and is what
    the firm's own hiring process has to prevent; every route that stays within one login is refused."""
    maker = people.user("payments_ops")
    adjustment = draft(client, actor=Actor.for_user(maker))
    refused(Forbidden, lambda: approve(adjustment, Actor.for_user(maker)))
    maker.groups.set(Group.objects.filter(name="finance_approver"))
    maker.is_superuser = True
    maker.save()
    again = type(maker).objects.get(pk=maker.pk)
    refused(SelfApproval, lambda: approve(adjustment, Actor.for_user(again)))
    refused(SelfApproval, lambda: reject(adjustment, Actor.for_user(again)))
    key, _ = api_keys.create(
        name="own", role="finance_approver", owner=again, actor=people.staff("administrator"), now=NOW
    )
    refused(SelfApproval, lambda: approve(adjustment, api_keys.actor_of(key, ip=None, device="", request_id="")))
    behalf = Actor.for_user(again).acting_for(client.public_id)
    refused(SelfApproval, lambda: approve(adjustment, behalf))
    refused(SelfApproval, lambda: approve(adjustment, Actor.system("schedule")))
    made_by_key, _ = api_keys.create(name="robot", role="payments_ops", owner=None, actor=Actor.system("test"), now=NOW)
    robot = api_keys.actor_of(made_by_key, ip=None, device="", request_id="")
    second = draft(client, actor=robot)
    elevated = Actor(id=robot.id, person=robot.person, roles=frozenset({"finance_approver"}))
    refused(SelfApproval, lambda: approve(second, elevated))


def test_only_a_finance_approver_decides_and_only_operations_draft(client: Client) -> None:
    adjustment = draft(client)
    for role in ("payments_ops", "support", "compliance", "auditor", "administrator"):
        actor = people.staff(role)
        refused(Forbidden, lambda actor=actor: approve(adjustment, actor))
    for role in ("finance_approver", "support", "compliance", "auditor", "administrator"):
        actor = people.staff(role)
        refused(Forbidden, lambda actor=actor: draft(client, actor=actor))
    himself = people.acting(client)
    refused(Forbidden, lambda: draft(client, actor=himself))


def test_a_decision_names_what_was_seen(client: Client) -> None:
    adjustment, approver = draft(client), people.staff("finance_approver")
    refused(VersionConflict, lambda: approve(adjustment, approver, content_hash="0" * 32))
    other = draft(client, "26.00")
    refused(VersionConflict, lambda: approve(adjustment, approver, content_hash=other.content_hash))
    refused(NotFound, lambda: adjustments.approve(
        adjustment_id=new_id(), content_hash="x", actor=approver, now=NOW
    ))  # fmt: skip


WRONG: list[tuple[str, type[DomainError]]] = [
    ("no house account", InvalidRequest),
    ("held money", InvalidRequest),
    ("twice the same", InvalidRequest),
    ("other currency", CurrencyMismatch),
    ("zero", InvalidAmount),
    ("negative", InvalidAmount),
    ("unknown kind", InvalidRequest),
    ("no reason", InvalidRequest),
    ("long evidence", InvalidRequest),
    ("suspense the wrong way round", InvalidRequest),
    ("suspense to the house", ReasonNotAllowed),
    ("write-off of a wallet", ReasonNotAllowed),
    ("another client's account", InvalidRequest),
]


def test_a_correction_that_is_none_is_refused_by_name(client: Client) -> None:
    other = people.client()
    held = accounts.ref(client.account_code("held"), "EUR")
    accounts.ref(client.account_code("debt"), "EUR")
    for account in ("suspense", "write-off", "fees"):
        house(account)
    wallet(other)
    wallet(client, "USD")
    ops = people.staff("payments_ops")
    changes: dict[str, dict[str, Any]] = {
        "no house account": {"debit_account": wallet(other)},
        "held money": {"credit_account": held},
        "twice the same": {"credit_account": house("adjustments")},
        "other currency": {"credit_account": wallet(client, "USD")},
        "zero": {"money": Money.zero("EUR")},
        "negative": {"money": Money.of("-1", "EUR")},
        "unknown kind": {"reason_code": "DEPOSIT_CAPTURED"},
        "no reason": {"reason": "  x "},
        "long evidence": {"evidence": "x" * 2001},
        "suspense the wrong way round": {
            "reason_code": "SUSPENSE_ASSIGNED", "debit_account": wallet(client), "credit_account": house("suspense"),
        },
        "suspense to the house": {
            "reason_code": "SUSPENSE_ASSIGNED", "debit_account": house("suspense"), "credit_account": house("fees"),
        },
        "write-off of a wallet": {"reason_code": "WRITE_OFF", "debit_account": house("write-off")},
        "another client's account": {"client": other},
    }  # fmt: skip
    assert set(changes) == {name for name, _ in WRONG}
    for name, error in WRONG:
        refused(error, lambda name=name: draft(client, actor=ops, **changes[name]))


def test_an_account_says_whom_a_correction_concerns(client: Client) -> None:
    assert draft(client).client == client
    assert draft(client, client=client).client == client
    nobody = draft(client, credit_account=house("fees"))
    assert nobody.client is None
    assert draft(client, credit_account=house("fees"), client=client).client == client, "named by the maker"


def test_money_that_is_not_there_cannot_be_taken(client: Client) -> None:
    adjustment = draft(client, "500.01", debit_account=wallet(client), credit_account=house("adjustments"))
    approver = people.staff("finance_approver")
    refused(InsufficientAvailable, lambda: approve(adjustment, approver))
    assert Adjustment.objects.get(pk=adjustment.pk).state == "awaiting_second_person"
    people.fund(client, "0.01")
    assert approve(adjustment).state == "applied"
    assert books.available(client) == 0


def receipt(amount: str) -> None:
    post_recipe(
        postings.receipt_unmatched(bank="sepa", money=Money.of(amount, "EUR")),
        source=Source("test", "receipt", str(new_id())),
    )


def assignment(client: Client, amount: str) -> Adjustment:
    return draft(client, amount, debit_account=house("suspense"), reason_code="SUSPENSE_ASSIGNED")


def test_money_in_suspense_goes_to_its_owner_and_never_more_than_is_there(client: Client) -> None:
    receipt("250.00")
    one, two = assignment(client, "200.00"), assignment(client, "50.01")
    assert approve(one).state == "applied"
    assert (books.balance("house/suspense"), books.available(client)) == (Decimal(50), Decimal(700))
    approver = people.staff("finance_approver")
    refused(InsufficientAvailable, lambda: approve(two, approver))
    receipt("0.01")
    assert approve(two).state == "applied"
    assert books.balance("house/suspense") == 0


def race(acts: list[Any]) -> Counter[str]:
    """Do all at once; how many won, and what the others were told."""
    start, outcomes = threading.Barrier(len(acts)), []

    def one(act: Any) -> None:
        start.wait()
        try:
            act()
            outcomes.append("won")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


@pytest.mark.parametrize("round_", range(3))
def test_six_deciders_race_and_one_decision_stands(client: Client, round_: int) -> None:
    """F15: two approve, two reject, two let it expire."""
    adjustment = draft(client, "1.00")
    deciders = [people.staff("finance_approver") for _ in range(4)]
    late = NOW + timedelta(days=8)
    outcomes = race([
        lambda: approve(adjustment, deciders[0]),
        lambda: approve(adjustment, deciders[1]),
        lambda: reject(adjustment, deciders[2]),
        lambda: reject(adjustment, deciders[3]),
        lambda: adjustments.expire_due(now=late),
        lambda: adjustments.expire_due(now=late),
    ])  # fmt: skip
    decided = Adjustment.objects.get(pk=adjustment.pk)
    assert set(outcomes) <= {"won", "invalid_transition", "version_conflict"}
    # Expiring an item that is decided already is no error, it just counts none: those two always return.
    assert outcomes["won"] == (2 if decided.state == "expired" else 3)
    assert books.available(client) == (Decimal(501) if decided.state == "applied" else Decimal(500))
    ends = Event.objects.filter(object_ref=adjustment.public_id).exclude(type="adjustment.drafted")
    assert ends.count() == 1
    books.assert_sound()


def test_two_assignments_of_the_same_suspense_race_and_one_wins(client: Client) -> None:
    receipt("100.00")
    drafts = [assignment(client, "100.00") for _ in range(4)]
    deciders = [people.staff("finance_approver") for _ in drafts]
    outcomes = race([
        lambda made=made, decider=decider: approve(made, decider)
        for made, decider in zip(drafts, deciders, strict=True)
    ])  # fmt: skip
    assert outcomes == Counter({"won": 1, "insufficient_available": 3})
    assert (books.balance("house/suspense"), books.available(client)) == (Decimal(0), Decimal(600))
    books.assert_sound()


def test_a_draft_that_nobody_decides_expires_after_seven_days(client: Client) -> None:
    adjustment, approver = draft(client), people.staff("finance_approver")
    end = adjustment.expires_at
    assert end == NOW + timedelta(days=7)
    assert adjustments.expire_due(now=end - timedelta(seconds=1)) == 0
    refused(InvalidRequest, lambda: approve(adjustment, approver, now=end))
    assert adjustments.expire_due(now=end) == 1
    assert adjustments.expire_due(now=end) == 0
    refused(InvalidTransition, lambda: approve(adjustment, approver, now=NOW))
    assert books.available(client) == Decimal(500)


def test_the_database_refuses_an_applied_correction_without_its_transaction(client: Client) -> None:
    adjustment = draft(client)
    with pytest.raises(Exception, match="payments_adjustment_applied"):
        Adjustment.objects.filter(pk=adjustment.pk).update(state="applied")
    with pytest.raises(Exception, match="payments_adjustment_accounts"):
        Adjustment.objects.filter(pk=adjustment.pk).update(credit_account=adjustment.debit_account_id)
