"""Batches over REST: every bad item at once, each for itself, chains, conditions, dry runs."""

from typing import Any

from ledger.models import Event
from payments.models import IdempotencyKey
from tests.factories import books
from tests.integration.api.world import World, counts, problem


def in_parts(world: World, *amounts: str, **more: Any) -> list[dict[str, Any]]:
    return [world.transfer_between(amount, **more) for amount in amounts]


def test_a_refused_batch_lists_every_bad_item(world: World) -> None:
    items = in_parts(world, "900.00", "200.00", "1.001", "150.00", "100.00")
    items.append(world.transfer_between())
    items[-1]["entries"][1]["account"] = "client/cl_nobody/wallet"
    before = counts()
    found = problem(
        world.ops.post("/transactions/batch", {"transactions": items}), 422, "insufficient_available", "transactions[1]"
    )
    assert [(bad["index"], bad["code"], bad["param"]) for bad in found["errors"]] == [
        (1, "insufficient_available", "transactions[1]"),
        (2, "invalid_request", "transactions[2].entries[0].amount"),
        (3, "insufficient_available", "transactions[3]"),
        (5, "not_found", "transactions[5].entries[1].account"),
    ]
    assert all(bad["detail"] for bad in found["errors"])
    assert found["errors"][0]["facts"] == {
        "account": world.wallet(),
        "available": "100.00",
        "wanted": "200.00",
        "currency": "EUR",
    }
    assert counts() == before


def test_in_parts_each_item_has_its_result(world: World) -> None:
    items = in_parts(world, "900.00", "200.00", "1.001", "100.00")
    items += in_parts(world, "1.00", chain="c")
    body = {"mode": "partial", "transactions": items}
    made = world.ops.made("/transactions/batch", body, key="p-1")
    shown = [(item["status"], item["code"], item["param"]) for item in made["data"]]
    assert shown == [
        ("accepted", None, None),
        ("refused", "insufficient_available", "transactions[1]"),
        ("refused", "invalid_request", "transactions[2].entries[0].amount"),
        ("accepted", None, None),
        ("refused", "insufficient_available", "transactions[4]"),
    ]
    assert [bool(item["id"]) for item in made["data"]] == [True, False, False, True, False]
    assert Event.objects.filter(type="transaction.posted").count() == 2
    again = world.ops.post("/transactions/batch", body, key="p-1")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == made
    assert books.available(world.client) == 0
    books.assert_sound()


def test_a_reason_that_is_not_open_is_refused_with_its_item(world: World) -> None:
    items = in_parts(world, "10.00", "10.00", "10.00")
    items[1]["reason"], items[2]["reason"] = "DEPOSIT_CAPTURED", "MANUAL_ADJUSTMENT"
    before = counts()
    found = problem(
        world.ops.post("/transactions/batch", {"transactions": items}), 400, "invalid_request", "transactions[1].reason"
    )
    refused = [
        (1, "invalid_request", "transactions[1].reason"),
        (2, "policy_refused", "transactions[2].reason"),
    ]
    assert [(bad["index"], bad["code"], bad["param"]) for bad in found["errors"]] == refused
    assert counts() == before
    made = world.ops.made("/transactions/batch", {"mode": "partial", "transactions": items})["data"]
    assert [item["status"] for item in made] == ["accepted", "refused", "refused"]
    assert [(place, item["code"], item["param"]) for place, item in enumerate(made) if item["code"]] == refused


def test_a_broken_chain_points_at_the_item_that_broke_it(world: World) -> None:
    items = [
        *in_parts(world, "10.00", "2000.00", chain="rent"),
        *in_parts(world, "20.00", pending=True, chain="food"),
        *in_parts(world, "30.00", chain="food"),
    ]
    made = world.ops.made("/transactions/batch", {"mode": "partial", "transactions": items})["data"]
    assert [(item["status"], item["code"], item["broken_by"]) for item in made] == [
        ("refused", "chain_broken", 1),
        ("refused", "insufficient_available", None),
        ("accepted", None, None),
        ("accepted", None, None),
    ]
    assert Event.objects.filter(type="transaction.reserved").count() == 1
    assert books.available(world.client) == 950
    problem(world.ops.post("/transactions/batch", {"transactions": items}), 422, "chain_broken", "transactions[0]")


def test_a_transaction_is_posted_on_condition(world: World) -> None:
    wallet = {"account": world.wallet(), "currency": "EUR"}
    balance = world.auditor.read(f"/accounts/{world.wallet()}/balance", currency="EUR")
    version = {**wallet, "if_version": balance["version"]}
    enough = {**wallet, "available_gte": "1000.00"}
    world.ops.made("/transactions", world.transfer_between("1.00", conditions=[version, enough]))
    before = counts()
    late = world.ops.post("/transactions", world.transfer_between("1.00", conditions=[version]))
    problem(late, 409, "version_conflict")
    problem(
        world.ops.post("/transactions", world.transfer_between("1.00", conditions=[enough])), 422, "condition_not_met"
    )
    for wrong in ({**wallet}, {**version, "available_gte": "1.00"}, {**enough, "available_gte": "1.001"}):
        body = world.transfer_between("1.00", conditions=[wrong])
        problem(world.ops.post("/transactions", body), 400, "invalid_request", "conditions[0]")
    for wrong_version in (True, "7", -1, 1.5):
        body = world.transfer_between("1.00", conditions=[{**wallet, "if_version": wrong_version}])
        problem(world.ops.post("/transactions", body), 400, "invalid_request", "conditions[0].if_version")
    house = {"account": "house/fees", "currency": "EUR", "if_version": 0}
    refused = world.ops.post("/transactions", world.transfer_between("1.00", conditions=[house]))
    assert "keeps no live balance" in problem(refused, 400, "invalid_request", "conditions[0]")["detail"]
    assert counts() == before


def test_in_a_batch_each_item_carries_its_own_conditions(world: World) -> None:
    enough = {"account": world.wallet(), "currency": "EUR", "available_gte": "995.00"}
    items = in_parts(world, "5.00", "5.00", "5.00", conditions=[enough])
    made = world.ops.made("/transactions/batch", {"mode": "partial", "transactions": items})["data"]
    assert [item["code"] for item in made] == [None, None, "condition_not_met"]


def test_a_rehearsed_batch_shows_every_step_and_leaves_nothing(world: World) -> None:
    items = in_parts(world, "600.00", "600.00", "400.00")
    before, keys = counts(), IdempotencyKey.objects.count()
    response = world.ops.post(
        "/transactions/batch", {"mode": "partial", "dry_run": True, "transactions": items}, key="d-1"
    )
    assert response.status_code == 200
    shown = response.json()
    assert shown["dry_run"] is True
    assert [(item["status"], item["id"], item["recorded_at"]) for item in shown["data"]] == [
        ("accepted", None, None),
        ("refused", None, None),
        ("accepted", None, None),
    ]
    steps = [[entry["balance_after"] for entry in item["entries"]] for item in shown["data"] if item["entries"]]
    assert steps == [["400.00", "900.00"], ["0.00", "1300.00"]]
    refused = world.ops.post("/transactions/batch", {"dry_run": True, "transactions": items}, key="d-1")
    problem(refused, 422, "insufficient_available", "transactions[1]")
    assert (counts(), IdempotencyKey.objects.count()) == (before, keys)
    made = world.ops.made("/transactions/batch", {"mode": "partial", "transactions": items}, key="d-1")
    assert [item["status"] for item in made["data"]] == ["accepted", "refused", "accepted"]
    assert made["data"][0]["entries"] is None
    books.assert_sound()
