"""Asking for a withdrawal and deciding on it: who may, what the rules say, and what a refusal leaves behind."""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from ledger.errors import (
    DomainError,
    Forbidden,
    InsufficientAvailable,
    InvalidAmount,
    InvalidRequest,
    InvalidTransition,
    NotFound,
    PolicyRefused,
    SelfApproval,
    VersionConflict,
)
from ledger.models import Event, Hold, Transaction
from ledger.money import Money
from payments.actors import Actor
from payments.models import Approval, Client, OutboxMessage, Withdrawal
from payments.services import api_keys, withdrawal_decisions, withdrawals
from tests.factories import books, people
from tests.factories.firm import Firm
from tests.factories.people import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def ask(client: Client, amount: str = "100.00", **options: object) -> Withdrawal:
    return withdrawals.request(
        client=client,
        money=Money.of(amount, "EUR"),
        payment_method=options.get("payee") or people.payee(client),  # type: ignore[arg-type]
        actor=options.get("actor") or people.acting(client),  # type: ignore[arg-type]
        now=NOW,
    )


def approve(withdrawal: Withdrawal, actor: Actor) -> Withdrawal:
    withdrawal.refresh_from_db()
    return withdrawal_decisions.approve(
        withdrawal_id=withdrawal.pk, content_hash=withdrawal.content_hash, actor=actor, now=NOW
    )


@pytest.fixture
def client(firm: Firm) -> Client:
    client = people.client()
    people.fund(client, "500.00")
    return client


def footprint() -> tuple[int, ...]:
    """Everything a refusal must leave as it was."""
    return (
        Withdrawal.objects.count(),
        Hold.objects.count(),
        Transaction.objects.count(),
        Approval.objects.count(),
        Event.objects.count(),
        OutboxMessage.objects.count(),
    )


def refused(error: type[DomainError], act: object) -> DomainError:
    """The call is refused with this cause, and nothing at all has changed."""
    before = footprint()
    with pytest.raises(error) as caught:
        act()  # type: ignore[operator]
    assert footprint() == before
    books.assert_sound()
    return caught.value


def test_a_request_holds_the_whole_amount_at_once(client: Client) -> None:
    withdrawal = ask(client, "120.00")
    assert withdrawal.state == "requested"
    assert books.available(client) == Decimal("380")
    assert books.held(client) == Decimal("120")
    assert Hold.objects.get(pk=withdrawal.hold_id).kind == "withdrawal"
    event = Event.objects.get(type="withdrawal.requested")
    assert (event.object_ref, event.client_ref, event.ip) == (withdrawal.public_id, client.public_id, "127.0.0.1")
    books.assert_sound()


def test_more_than_is_available_is_refused(client: Client) -> None:
    ask(client, "400.00")
    payee = people.payee(client, iban="DE02120300000000202051")
    error = refused(InsufficientAvailable, lambda: ask(client, "100.01", payee=payee))
    assert error.data["available"] == "100.00 EUR"


@pytest.mark.parametrize("amount", ["0", "-5", "0.00"])
def test_an_amount_that_is_no_amount_is_refused(client: Client, amount: str) -> None:
    payee = people.payee(client)
    refused(InvalidAmount, lambda: ask(client, amount, payee=payee))


def test_the_first_withdrawal_needs_approved_kyc(firm: Firm) -> None:
    client = people.client(kyc="pending")
    people.fund(client, "500.00")
    payee = people.payee(client)
    error = refused(PolicyRefused, lambda: ask(client, payee=payee))
    assert error.data["rule"] == "first_withdrawal_kyc"


def test_somebody_elses_payee_and_wallet_are_out_of_reach(client: Client) -> None:
    other = people.client()
    payee, own = people.payee(other), people.payee(client)
    refused(NotFound, lambda: ask(client, payee=payee))
    refused(NotFound, lambda: ask(client, payee=own, actor=people.acting(other)))


def test_support_may_not_request_and_auditors_may_not_decide(client: Client) -> None:
    payee, support, auditor = people.payee(client), people.staff("support"), people.staff("auditor")
    refused(Forbidden, lambda: ask(client, payee=payee, actor=support))
    withdrawal = ask(client, payee=payee)
    refused(Forbidden, lambda: approve(withdrawal, auditor))


def test_one_approval_is_enough_below_the_limit(client: Client) -> None:
    withdrawal = approve(ask(client), people.staff("finance_approver"))
    assert withdrawal.state == "approved"
    assert OutboxMessage.objects.filter(topic="withdrawal.instruct").count() == 1


def test_above_the_limit_two_different_people_must_approve(client: Client) -> None:
    people.fund(client, "20000.00")
    withdrawal, first = ask(client, "12000.00"), people.staff("finance_approver")
    assert withdrawal.approvals_needed == 2
    assert approve(withdrawal, first).state == "requested"
    refused(InvalidTransition, lambda: approve(withdrawal, first))
    assert approve(withdrawal, people.staff("compliance")).state == "approved"


def test_splitting_a_large_amount_does_not_dodge_the_second_approver(client: Client) -> None:
    people.fund(client, "20000.00")
    payee = people.payee(client)
    approver = people.staff("finance_approver")
    one, two = ask(client, "6000.00", payee=payee), ask(client, "6000.00", payee=payee)
    assert approve(one, approver).state == "approved"
    assert approve(two, approver).state == "requested", "6000 + 6000 is above 10000: one person is not enough"
    assert approve(two, people.staff("compliance")).state == "approved"


def test_the_maker_never_approves_his_own_item_by_any_route(client: Client) -> None:
    """F16: as himself, through his own API key, with a role he was given afterwards, as a superuser."""
    maker = people.user("payments_ops")
    withdrawal = ask(client, actor=Actor.for_user(maker))
    from django.contrib.auth.models import Group

    maker.groups.add(Group.objects.get(name="finance_approver"))
    maker.is_superuser = True
    maker.save()
    again = type(maker).objects.get(pk=maker.pk)
    refused(SelfApproval, lambda: approve(withdrawal, Actor.for_user(again)))
    key, _ = api_keys.create(name="own", role="finance_approver", owner=again, actor=Actor.system("test"), now=NOW)
    own_key = api_keys.actor_of(key, ip=None, device="", request_id="")
    refused(SelfApproval, lambda: approve(withdrawal, own_key))
    refused(SelfApproval, lambda: approve(withdrawal, Actor.system("anything")))
    with pytest.raises(Exception, match="payments_approval_not_maker"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_approval (id, object_ref, decision, person, actor, maker, content_hash, reason_code,"
            " note, decided_at) VALUES (gen_random_uuid(), %s, 'approve', %s, 'x', %s, 'h', '', '', now())",
            [withdrawal.public_id, maker.public_id, maker.public_id],
        )


def test_an_approval_names_what_was_seen(client: Client) -> None:
    withdrawal, approver = ask(client), people.staff("finance_approver")
    refused(
        VersionConflict,
        lambda: withdrawal_decisions.approve(
            withdrawal_id=withdrawal.pk, content_hash="0" * 32, actor=approver, now=NOW
        ),
    )


def test_rejecting_gives_the_money_back_and_says_why(client: Client) -> None:
    withdrawal, approver = ask(client), people.staff("compliance")
    refused(
        InvalidRequest,
        lambda: withdrawal_decisions.reject(
            withdrawal_id=withdrawal.pk, content_hash=withdrawal.content_hash, reason_code="because", note="no",
            actor=approver, now=NOW,
        ),
    )  # fmt: skip
    done = withdrawal_decisions.reject(
        withdrawal_id=withdrawal.pk,
        content_hash=withdrawal.content_hash,
        reason_code="payee_not_client",
        note="The account is the brother's.",
        client_message="Please use your own account.",
        actor=approver,
        now=NOW,
    )
    assert (done.state, done.reason_code) == ("rejected", "payee_not_client")
    assert books.available(client) == Decimal("500")
    assert books.held(client) == 0
    refused(InvalidTransition, lambda: approve(withdrawal, people.staff("finance_approver")))


def test_sent_back_and_resubmitted_needs_a_fresh_look(client: Client) -> None:
    withdrawal, approver = ask(client), people.staff("finance_approver")
    seen = withdrawal.content_hash
    withdrawal_decisions.send_back(
        withdrawal_id=withdrawal.pk, content_hash=seen, reason_code="documents_needed", note="Passport, please.",
        actor=approver, now=NOW,
    )  # fmt: skip
    assert books.held(client) == Decimal("100"), "the clock is paused, the money stays reserved"
    withdrawals.resubmit(withdrawal_id=withdrawal.pk, actor=people.acting(client), now=NOW)
    refused(
        VersionConflict,
        lambda: withdrawal_decisions.approve(withdrawal_id=withdrawal.pk, content_hash=seen, actor=approver, now=NOW),
    )
    assert approve(withdrawal, approver).state == "approved"


def test_cancelling_is_possible_until_it_is_approved(client: Client) -> None:
    withdrawal = ask(client)
    withdrawals.cancel(withdrawal_id=withdrawal.pk, actor=people.acting(client), now=NOW)
    assert books.available(client) == Decimal("500")
    payee = withdrawal.payment_method
    second = ask(client, payee=payee)
    approve(second, people.staff("finance_approver"))
    refused(
        InvalidTransition,
        lambda: withdrawals.cancel(withdrawal_id=second.pk, actor=people.acting(client), now=NOW),
    )


def test_eight_deciders_race_and_exactly_one_decision_stands(client: Client) -> None:
    """F15: four approve, four reject, all at once."""
    withdrawal = ask(client)
    seen = withdrawal.content_hash
    deciders = [people.staff("finance_approver") for _ in range(8)]
    start, outcomes = threading.Barrier(8), []

    def decide(index: int) -> None:
        start.wait()
        try:
            if index % 2:
                withdrawal_decisions.approve(
                    withdrawal_id=withdrawal.pk, content_hash=seen, actor=deciders[index], now=NOW
                )
            else:
                withdrawal_decisions.reject(
                    withdrawal_id=withdrawal.pk, content_hash=seen, reason_code="other", note="race",
                    actor=deciders[index], now=NOW,
                )  # fmt: skip
            outcomes.append("won")
        except (InvalidTransition, VersionConflict):
            outcomes.append("lost")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    withdrawal.refresh_from_db()
    promised = OutboxMessage.objects.filter(topic="withdrawal.instruct").count()
    assert promised == (1 if withdrawal.state == "approved" else 0)
    books.assert_sound()


def test_the_database_refuses_an_unknown_state_and_a_skipped_step(client: Client) -> None:
    withdrawal = ask(client)
    for state, words in (("paid", "Invalid transition"), ("lost", "Invalid transition|payments_withdrawal_state")):
        with pytest.raises(Exception, match=words):
            Withdrawal.objects.filter(pk=withdrawal.pk).update(state=state)
