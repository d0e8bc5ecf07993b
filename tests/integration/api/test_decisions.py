"""Decisions through the API: on what was seen, by another person, with a reason; cases worked to their end."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from ledger.models import Event
from payments.models import Approval, OutboxMessage, Transfer
from tests.factories import books
from tests.integration.api import making
from tests.integration.api.at_once import at_once
from tests.integration.api.world import Api, World, counts, key, problem


def test_a_decision_names_what_was_seen(world: World) -> None:
    withdrawal = world.withdrawal()
    before = counts()
    path = f"/withdrawals/{withdrawal['id']}"
    problem(world.finance.post(f"{path}/approve", {"content_hash": "0" * 32}), 409, "version_conflict", "content_hash")
    assert counts() == before
    seen = world.finance.read(path)["content_hash"]
    rejected = world.finance.made(
        f"{path}/reject",
        {
            "content_hash": seen,
            "reason_code": "suspected_fraud",
            "note": "See case",
            "client_message": "Please call us.",
        },
    )
    assert (rejected["state"], rejected["client_message"]) == ("rejected", "Please call us.")
    assert (books.available(world.client), books.held(world.client)) == (Decimal(1000), Decimal(0))
    problem(world.finance.post(f"{path}/approve", {"content_hash": seen}), 409, "invalid_transition")
    approval = Approval.objects.get(object_ref=withdrawal["id"])
    assert (approval.decision, approval.reason_code, approval.note) == ("reject", "suspected_fraud", "See case")


def test_sent_back_completed_and_called_off(world: World) -> None:
    withdrawal = world.withdrawal()
    path = f"/withdrawals/{withdrawal['id']}"
    body = {"content_hash": world.finance.read(path)["content_hash"], "reason_code": "documents_needed", "note": "ID"}
    assert world.finance.made(f"{path}/send-back", body)["state"] == "needs_information"
    assert world.ops.made(f"{path}/resubmit")["state"] == "requested"
    assert world.ops.made(f"{path}/cancel")["state"] == "cancelled"
    assert books.available(world.client) == Decimal(1000)
    books.assert_sound()


def test_a_failed_payout_is_tried_again_or_given_back(world: World) -> None:
    failed = making.withdrawal(world, "failed")
    path = f"/withdrawals/{failed.public_id}"
    problem(world.ops.post(f"{path}/cancel"), 409, "invalid_transition")
    again = world.ops.made(f"{path}/retry")
    assert again["state"] == "approved"
    assert OutboxMessage.objects.filter(topic="withdrawal.instruct").exists()
    problem(world.ops.post(f"{path}/abandon", {"reason_code": "other", "note": "No"}), 409, "invalid_transition")


def test_two_deciders_at_once_make_one_decision(committed_world: World) -> None:
    world = committed_world
    withdrawal = world.withdrawal()
    path = f"/withdrawals/{withdrawal['id']}"
    seen = world.finance.read(path)["content_hash"]
    deciders = [Api(key("finance_approver")) for _ in range(6)]
    bodies = [
        ("approve", {"content_hash": seen}),
        ("reject", {"content_hash": seen, "reason_code": "other", "note": "No"}),
    ]
    answers = at_once(6, lambda n: deciders[n].post(f"{path}/{bodies[n % 2][0]}", bodies[n % 2][1]))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert Approval.objects.filter(object_ref=withdrawal["id"]).count() == 1


def test_an_adjustment_moves_nothing_until_another_person_applies_it(world: World) -> None:
    draft = world.ops.made("/adjustments", making.adjustment_body(world))
    assert (draft["state"], draft["transaction"]) == ("awaiting_second_person", None)
    assert books.available(world.client) == Decimal(1000)
    path = f"/adjustments/{draft['id']}"
    problem(world.finance.post(f"{path}/approve", {"content_hash": "x"}), 409, "version_conflict", "content_hash")
    applied = world.finance.made(f"{path}/approve", {"content_hash": draft["content_hash"]})
    assert applied["state"] == "applied"
    assert world.auditor.read(f"/transactions/{applied['transaction']}")["reason"] == "MANUAL_ADJUSTMENT"
    assert books.available(world.client) == Decimal(1005)
    problem(world.finance.post(f"{path}/approve", {"content_hash": applied["content_hash"]}), 409, "invalid_transition")
    unknown = making.adjustment_body(world) | {"credit_account": "client/cl_nobody/wallet"}
    problem(world.ops.post("/adjustments", unknown), 404, "not_found", "credit_account")


def test_a_case_is_taken_noted_resolved_and_opened_again(world: World) -> None:
    reference = making.case(world)
    path, support = f"/exceptions/{reference}", world.apis["support"]
    taken = support.made(f"{path}/take")
    assert taken["state"] == "in_review"
    assert taken["assignee"].startswith("key_")
    noted = support.made(f"{path}/note", {"text": "Called the client"})
    assert [(note["kind"], note["text"]) for note in noted["notes"]][-1] == ("note", "Called the client")
    problem(support.post(f"{path}/resolve", {"outcome": "magic", "note": "It went"}), 400, "invalid_request", "outcome")
    resolved = world.compliance.made(f"{path}/resolve", {"outcome": "repaid", "note": "Paid back"})
    assert (resolved["state"], resolved["outcome"]) == ("resolved", "repaid")
    problem(support.post(f"{path}/take"), 409, "invalid_transition")
    assert world.compliance.made(f"{path}/reopen", {"note": "It bounced"})["state"] == "in_review"
    types = Event.objects.filter(object_ref=reference).order_by("id").values_list("type", flat=True)
    assert list(types)[1:] == ["exception.taken", "exception.noted", "exception.resolved", "exception.reopened"]


def test_a_transfer_is_reserved_and_named_by_its_ends(world: World) -> None:
    making.trading_account(world)
    made = world.ops.made("/transfers", making.transfer_body(world))
    assert (made["from"], made["to"], made["state"], made["amount"]) == ("wallet", "mt5:990001", "reserved", "60.00")
    assert books.available(world.client) == Decimal(940)
    assert world.auditor.read(f"/transactions/{made['transaction']}")["state"] == "pending"
    assert world.auditor.read(f"/operations/{made['id']}")["outcome"] == "pending"
    before = counts()
    for ends, param in (
        ({"from": "wallet", "to": "wallet"}, "to"),
        ({"from": "mt5:990001", "to": "mt5:990001"}, "to"),
    ):
        refused = world.ops.post("/transfers", making.transfer_body(world) | ends)
        problem(refused, 400, "invalid_request", param)
    unknown = making.transfer_body(world) | {"to": "mt5:1"}
    problem(world.ops.post("/transfers", unknown), 404, "not_found", "to")
    foreign = making.transfer_body(world) | {"client": world.other.public_id}
    problem(world.ops.post("/transfers", foreign), 404, "not_found", "to")
    dollars = making.transfer_body(world) | {"currency": "USD"}
    problem(world.ops.post("/transfers", dollars), 422, "currency_mismatch")
    assert counts() == before


def test_an_operation_whose_outcome_nobody_knows_says_so(world: World) -> None:
    reference = making.transfer(world)
    transfer = Transfer.objects.get(pk=Transfer.key(reference))
    for step in ("send", "doubt"):
        getattr(transfer, step)()
        transfer.save()
    found = world.auditor.read(f"/operations/{reference}")
    assert (found["kind"], found["state"], found["outcome"]) == ("transfer", "unknown", "unknown")


def test_a_refund_holds_the_money_until_the_provider_confirms(world: World) -> None:
    made = making.deposit(world, captured="50.00")
    path = f"/deposits/{made.public_id}/refund"
    body = {"amount": "10.00", "currency": "EUR", "reason": "Asked for it"}
    refund = world.finance.made(path, body)
    assert (refund["deposit"], refund["amount"], refund["state"]) == (made.public_id, "10.00", "requested")
    assert books.held(world.client) == Decimal(10)
    before = counts()
    problem(world.finance.post(path, body), 409, "invalid_transition")
    problem(world.finance.post(path, body | {"currency": "USD"}), 422, "currency_mismatch", "currency")
    assert counts() == before


def test_an_adjustment_says_when_it_takes_effect_and_lands_where_its_day_is_closed(world: World) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    body = making.adjustment_body(world) | {"effective_at": yesterday.isoformat()}
    draft = world.ops.made("/adjustments", body)
    assert (draft["effective_at"][:19], draft["land"]) == (yesterday.isoformat()[:19], None)
    path = f"/adjustments/{draft['id']}"
    period = world.finance.made("/periods", {"label": f"{yesterday:%Y-%m-%d}"})
    world.finance.made(f"/periods/{period['id']}/close")
    before = counts()
    decision = {"content_hash": draft["content_hash"]}
    problem(world.finance.post(f"{path}/approve", decision), 422, "period_closed", "effective_at")
    problem(world.ops.post("/adjustments", body), 422, "period_closed", "effective_at")
    tomorrow = {"effective_at": (timezone.now() + timedelta(days=1)).isoformat()}
    problem(world.ops.post("/adjustments", body | tomorrow), 400, "invalid_request", "effective_at")
    timeless = making.adjustment_body(world) | {"land": "next_open"}
    problem(world.ops.post("/adjustments", timeless), 400, "invalid_request", "land")
    assert counts() == before
    assert world.auditor.read(path) == draft
    assert books.available(world.client) == Decimal(1000)
    anew = world.ops.made("/adjustments", body | {"land": "next_open"})
    assert anew["land"] == "next_open"
    applied = world.finance.made(f"/adjustments/{anew['id']}/approve", {"content_hash": anew["content_hash"]})
    landed = world.auditor.read(f"/transactions/{applied['transaction']}")
    assert landed["metadata"]["corrects"]["period"] == period["label"]
    assert world.auditor.read(f"/periods/{period['label']}")["corrections"] == [applied["transaction"]]
    assert books.available(world.client) == Decimal(1005)
