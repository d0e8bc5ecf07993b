"""Transactions by hand: post, reserve, settle, void, reverse, rehearse, in batches; and what is not done by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from ledger.models import Account, Entry, Event, Transaction
from payments.models import ApiKey, Transfer
from tests.factories import books, people
from tests.integration.api import making
from tests.integration.api.world import Api, World, counts, key, problem


def test_posting_answers_with_the_lines_and_the_balances_before_and_after(world: World) -> None:
    made = world.ops.made("/transactions", world.transfer_between("12.50", metadata={"order": "A-17"}))
    assert (made["state"], made["phase"], made["reason"]) == ("posted", "single", "CLIENT_INTERNAL_TRANSFER")
    assert made["metadata"] == {"order": "A-17"}
    shown = ("account", "direction", "amount", "balance_before", "balance_after")
    assert [tuple(entry[name] for name in shown) for entry in made["entries"]] == [
        (world.wallet(), "debit", "12.50", "1000.00", "987.50"),
        (world.wallet(world.other), "credit", "12.50", "300.00", "312.50"),
    ]
    assert world.auditor.read(f"/transactions/{made['id']}") == made
    event = Event.objects.get(type="transaction.posted", object_ref=made["id"])
    assert (event.client_ref, event.after) == ("", {"reason": "CLIENT_INTERNAL_TRANSFER"})
    books.assert_sound()


def test_accounts_may_be_named_by_id(world: World) -> None:
    body = world.transfer_between()
    for entry in body["entries"]:
        entry["account"] = Account.objects.get(code=entry["account"], currency="EUR").public_id
    assert world.ops.made("/transactions", body)["entries"][0]["account"] == world.wallet()
    body["entries"][0]["currency"] = "USD"
    problem(world.ops.post("/transactions", body), 422, "currency_mismatch", "entries[0].account")


def test_a_rehearsal_shows_everything_and_leaves_nothing(world: World) -> None:
    before = counts()
    response = world.ops.post("/transactions", world.transfer_between(dry_run=True), key="t-1")
    assert response.status_code == 200
    shown = response.json()
    assert (shown["id"], shown["dry_run"], shown["entries"][0]["balance_after"]) == (None, True, "990.00")
    assert counts() == before
    problem(
        world.ops.post("/transactions", world.transfer_between("1001.00", dry_run=True)), 422, "insufficient_available"
    )
    assert counts() == before
    world.ops.made("/transactions", world.transfer_between(), key="t-1")


def test_a_reservation_is_posted_in_parts_and_the_rest_given_back(world: World) -> None:
    pending = world.ops.made("/transactions", world.transfer_between("100.00", pending=True))
    assert (pending["state"], pending["remaining"]) == ("pending", "100.00")
    assert books.available(world.client) == Decimal(900)
    path = f"/transactions/{pending['id']}"
    part = world.ops.made(f"{path}/post", {"amount": "30.00"})
    assert (part["phase"], part["resolves"], part["reverses"]) == ("post", pending["id"], None)
    problem(world.ops.post(f"{path}/post", {"amount": "70.01"}), 422, "over_capture")
    problem(world.ops.post(f"{path}/post", {"amount": "1.00", "currency": "USD"}), 422, "currency_mismatch", "currency")
    problem(world.ops.post(f"{path}/post", {"amount": "0.001"}), 400, "invalid_request", "amount")
    voided = world.ops.made(f"{path}/void", {"reason": "Not needed"})
    assert (voided["phase"], voided["description"]) == ("void", "Not needed")
    problem(world.ops.post(f"{path}/post"), 409, "invalid_transition")
    problem(world.ops.post(f"{path}/void"), 409, "invalid_transition")
    assert (books.available(world.client), books.available(world.other)) == (Decimal(970), Decimal(330))
    assert world.auditor.read(path)["remaining"] == "0.00"
    books.assert_sound()


def test_a_reversal_mirrors_the_original_once_and_never_by_its_maker(world: World) -> None:
    posted = making.posted(world, amount="40.00")
    made = world.finance.made(f"/transactions/{posted}/reverse", {"reason": "Wrong client"})
    assert (made["reverses"], made["reason"]) == (posted, "CLIENT_INTERNAL_TRANSFER_REVERSAL")
    assert world.auditor.read(f"/transactions/{posted}")["state"] == "reversed"
    problem(world.finance.post(f"/transactions/{posted}/reverse", {"reason": "Again"}), 422, "over_reversal")
    another = Api(key("finance_approver"))
    problem(another.post(f"/transactions/{made['id']}/reverse", {"reason": "Back"}), 400, "invalid_request")
    assert books.available(world.client) == Decimal(1000)
    books.assert_sound()


def test_who_posted_it_does_not_reverse_it(world: World) -> None:
    person = people.user("payments_ops")
    posted = Api(key("payments_ops", owner=person)).made("/transactions", world.transfer_between())["id"]
    same = Api(key("finance_approver"))
    ApiKey.objects.filter(role="finance_approver").update(owner=person)  # roles changed hands since
    problem(same.post(f"/transactions/{posted}/reverse", {"reason": "Wrong"}), 403, "self_approval")
    assert Transaction.objects.filter(reverses__isnull=False).count() == 0


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"reason": "MANUAL_ADJUSTMENT"}, 422, "policy_refused", "reason"),
        ({"reason": "OPENING_BALANCE"}, 422, "policy_refused", "reason"),
        ({"reason": "WRITE_OFF"}, 422, "policy_refused", "reason"),
        ({"reason": "SUSPENSE_ASSIGNED"}, 422, "policy_refused", "reason"),
        ({"reason": "DEPOSIT_CAPTURED"}, 400, "invalid_request", "reason"),
        ({"reason": "WITHDRAWAL_PAYOUT"}, 400, "invalid_request", "reason"),
        ({"reason": "DEPOSIT_CAPTURED_REVERSAL"}, 400, "invalid_request", "reason"),
        ({"effective_at": (timezone.now() + timedelta(days=1)).isoformat()}, 400, "invalid_request", "effective_at"),
    ],
)
def test_what_belongs_to_the_systems_own_flows_is_not_posted_by_hand(
    world: World, change: dict[str, Any], status: int, code: str, param: str
) -> None:
    before = counts()
    problem(world.ops.post("/transactions", world.transfer_between(**change)), status, code, param)
    assert counts() == before


def test_what_cannot_be_posted_is_refused_by_name(world: World) -> None:
    before, ops = counts(), world.ops
    one_sided = world.transfer_between()
    one_sided["entries"][1]["amount"] = "9.99"
    problem(ops.post("/transactions", one_sided), 422, "unbalanced", "entries")
    odd = world.transfer_between()
    odd["entries"][1]["amount"] = odd["entries"][0]["amount"] = "10.001"
    problem(ops.post("/transactions", odd), 400, "invalid_request", "entries[0].amount")
    nobody = world.transfer_between()
    nobody["entries"][1]["account"] = "client/cl_nobody/wallet"
    problem(ops.post("/transactions", nobody), 404, "not_found", "entries[1].account")
    off_chart = world.transfer_between()
    off_chart["entries"][1]["account"] = "somewhere/else"
    problem(ops.post("/transactions", off_chart), 400, "invalid_request", "entries[1].account")
    held = world.transfer_between()
    making.hold(world)
    before = counts()
    held["entries"][0]["account"] = world.client.account_code("held")
    assert 400 <= ops.post("/transactions", held).status_code < 500
    problem(ops.post("/transactions", world.transfer_between("1e2")), 400, "invalid_request", "entries[0].amount")
    problem(ops.post("/transactions", world.transfer_between("5000.00")), 422, "insufficient_available")
    assert counts() == before


def test_a_movements_own_transactions_are_decided_with_the_movement(world: World) -> None:
    transfer = Transfer.objects.get(pk=Transfer.key(making.transfer(world)))
    pending = Transaction.objects.get(pk=transfer.pending_transaction_id).public_id
    before = counts()
    for verb in ("post", "void"):
        refused = problem(world.ops.post(f"/transactions/{pending}/{verb}"), 422, "policy_refused")
        assert transfer.public_id in refused["detail"]
    withdrawal = making.withdrawal(world)
    hold = world.auditor.read(f"/withdrawals/{withdrawal.public_id}")["hold"]
    before = counts()
    problem(world.compliance.post(f"/holds/{hold}/release"), 422, "policy_refused")
    capture = {"to": "house/adjustments", "reason": "Court order"}
    problem(world.finance.post(f"/holds/{hold}/capture", capture), 422, "policy_refused")
    assert counts() == before
    assert books.held(world.client) == Decimal(40)


def test_a_callers_reference_never_meets_those_of_the_flows(world: World) -> None:
    body = world.transfer_between(source={"system": "test", "kind": "funding", "id": "1"})
    made = world.ops.made("/transactions", body)
    assert made["source"] == body["source"]
    assert Transaction.objects.get(pk=Transaction.objects.latest("id").pk).source_system == "api:test"
    listed = world.auditor.read("/transactions", source_system="test", source_kind="funding")["data"]
    assert made["id"] in {row["id"] for row in listed}


def test_a_batch_is_posted_whole_or_not_at_all(committed_world: World) -> None:
    world = committed_world
    good = [world.transfer_between("1.00", source={"system": "crm", "kind": "x", "id": str(n)}) for n in range(20)]
    before = counts()
    bad = [*good[:7], world.transfer_between("99999.00"), *good[7:]]
    refused = world.ops.post("/transactions/batch", {"transactions": bad})
    problem(refused, 422, "insufficient_available", "transactions[7]")
    wrong = [*good[:3], world.transfer_between("1.001")]
    refused = world.ops.post("/transactions/batch", {"transactions": wrong})
    problem(refused, 400, "invalid_request", "transactions[3].entries[0].amount")
    odd = [good[0], world.transfer_between(amount="1e5")]
    refused = world.ops.post("/transactions/batch", {"transactions": odd})
    problem(refused, 400, "invalid_request", "transactions[1].entries[0].amount")
    assert counts() == before
    first = world.ops.made("/transactions/batch", {"transactions": good}, key="b-1")["data"]
    assert len({row["id"] for row in first}) == 20
    assert not any(row["replayed"] for row in first)
    again = world.ops.made("/transactions/batch", {"transactions": good}, key="b-2")["data"]
    assert [row["id"] for row in again] == [row["id"] for row in first]
    assert all(row["replayed"] for row in again)
    assert Event.objects.filter(type="transaction.posted").count() == 20
    assert books.available(world.client) == Decimal(980)
    books.assert_sound()


@pytest.mark.slow
def test_ten_thousand_at_once(world: World) -> None:
    entries = world.transfer_between("0.01")["entries"]
    body = {"transactions": [{"reason": "CLIENT_INTERNAL_TRANSFER", "entries": entries}] * 10_000}
    before = Entry.objects.count()
    made = world.ops.made("/transactions/batch", body)
    assert len(made["data"]) == 10_000
    assert Entry.objects.count() == before + 20_000
    assert books.available(world.client) == Decimal(900)
    body["transactions"].append(world.transfer_between())
    problem(world.ops.post("/transactions/batch", body), 400, "invalid_request", "transactions")
