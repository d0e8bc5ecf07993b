"""Items of a batch that are no transactions: each is judged for itself, beside those that the books refuse."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Entry, Event, Transaction
from tests.factories import books, people
from tests.integration.api.world import World, nothing_moves, problem

BATCH = "/transactions/batch"


def batch(world: World, *items: Any) -> list[Any]:
    """Good ones of 10.00 with these in between."""
    return [world.transfer_between(), *items, world.transfer_between()]


def bad_items(world: World) -> list[tuple[Any, str, str]]:
    """An item that is none, and the code and the field that its refusal names."""
    good = world.transfer_between
    no_entries, no_amount, odd_chain = good(), good(), good(chain=7)
    del no_entries["entries"], no_amount["entries"][1]["amount"]
    return [
        (good("abc"), "invalid_request", "entries[0].amount"),
        (good(reason="GIFT"), "invalid_request", "reason"),
        (no_entries, "invalid_request", "entries"),
        (no_amount, "invalid_request", "entries[1].amount"),
        (good(entries=[]), "invalid_request", "entries"),
        (good(entries=good()["entries"][:1]), "invalid_request", "entries"),
        (good(colour="red"), "invalid_request", "colour"),
        (odd_chain, "invalid_request", "chain"),
        (good(metadata=7), "invalid_request", "metadata"),
        ("abc", "invalid_request", ""),
        (None, "invalid_request", ""),
        ([], "invalid_request", ""),
        (good("5000.00"), "insufficient_available", ""),
        (good(reason="MANUAL_ADJUSTMENT"), "policy_refused", "reason"),
    ]


def named(index: int, param: str) -> str:
    return f"transactions[{index}].{param}" if param else f"transactions[{index}]"


def test_in_parts_each_has_its_own_result_and_the_others_are_posted(world: World) -> None:
    wrong = bad_items(world)
    items = [item for bad, _, _ in wrong for item in (bad, world.transfer_between("1.00"))]
    before = Transaction.objects.count()
    made = world.ops.made(BATCH, {"mode": "partial", "transactions": items})["data"]
    assert [item["status"] for item in made] == ["refused", "accepted"] * len(wrong)
    assert [(item["code"], item["param"]) for item in made[::2]] == [
        (code, named(2 * place, param)) for place, (_, code, param) in enumerate(wrong)
    ]
    assert all(item["detail"] and item["id"] is None for item in made[::2])
    assert Transaction.objects.count() == before + len(wrong)
    assert Event.objects.filter(type="transaction.posted").count() == len(wrong)
    assert books.available(world.client) == 1000 - len(wrong)
    books.assert_sound()


def test_all_or_none_reports_shape_and_substance_together(world: World) -> None:
    wrong = bad_items(world)
    with nothing_moves():
        refused = world.ops.post(BATCH, {"transactions": batch(world, *(bad for bad, _, _ in wrong))})
        found = problem(refused, 400, "invalid_request", "transactions[1].entries[0].amount")
        first_of: dict[int, tuple[str, str]] = {}
        for fault in found["errors"]:
            first_of.setdefault(fault["index"], (fault["code"], fault["param"]))
        assert first_of == {place: (code, named(place, param)) for place, (_, code, param) in enumerate(wrong, start=1)}
        assert ("transactions[1].entries[1].amount") in {fault["param"] for fault in found["errors"]}


def test_a_malformed_member_breaks_its_chain(world: World) -> None:
    items = [
        world.transfer_between(chain="rent"),
        world.transfer_between("abc", chain="rent"),
        world.transfer_between(),
    ]
    made = world.ops.made(BATCH, {"mode": "partial", "transactions": items})["data"]
    assert [(item["status"], item["code"], item["broken_by"]) for item in made] == [
        ("refused", "chain_broken", 1),
        ("refused", "invalid_request", None),
        ("accepted", None, None),
    ]
    books.assert_sound()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"transactions": []}, "transactions"),
        ({"transactions": "abc"}, "transactions"),
        ({"transactions": {"0": {}}}, "transactions"),
        ({}, "transactions"),
        ({"transactions": [{}], "mode": "perhaps"}, "mode"),
        ({"transactions": [{}], "colour": "red"}, "colour"),
        ({"transactions": [{}] * 10_001, "mode": "partial"}, "transactions"),
    ],
)
def test_what_is_no_batch_is_refused_whole(world: World, body: dict[str, Any], param: str) -> None:
    with nothing_moves():
        problem(world.ops.post(BATCH, body), 400, "invalid_request", param)


def test_only_bad_items_in_parts_write_nothing_but_their_answer(world: World) -> None:
    before = Transaction.objects.count()
    made = world.ops.made(BATCH, {"mode": "partial", "transactions": ["abc", {}, world.transfer_between("abc")]})
    assert [item["status"] for item in made["data"]] == ["refused"] * 3
    assert Transaction.objects.count() == before
    with nothing_moves():
        body = {"mode": "partial", "dry_run": True, "transactions": ["abc", world.transfer_between()]}
        shown = world.ops.post(BATCH, body).json()["data"]
        assert [(item["status"], bool(item["entries"])) for item in shown] == [("refused", False), ("accepted", True)]


def test_in_a_dry_run_a_repetition_of_what_was_only_rehearsed_has_no_id(world: World) -> None:
    twin = world.transfer_between(source={"system": "erp", "kind": "transfer", "id": "7"})
    with nothing_moves():
        shown = world.ops.post(BATCH, {"dry_run": True, "transactions": [twin, twin]}).json()["data"]
    assert [(item["status"], item["id"], item["recorded_at"]) for item in shown] == [
        ("accepted", None, None),
        ("replayed", None, None),
    ]
    kept = world.ops.made(BATCH, {"transactions": [twin]})["data"][0]["id"]
    with nothing_moves():
        again = world.ops.post(BATCH, {"dry_run": True, "transactions": [twin]}).json()["data"]
    assert [(item["status"], item["id"]) for item in again] == [("replayed", kept)], "that one is in the books"


def statements(world: World, items: list[Any], **more: Any) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        response = world.ops.post(BATCH, {"transactions": items, **more})
    assert response.status_code < 500
    return [query["sql"] for query in seen]


def test_how_many_statements_it_takes_does_not_depend_on_how_many_items(world: World) -> None:
    clients = [people.client(signs_in=False) for _ in range(40)]
    for client in clients:
        world.ops.made("/accounts", {"code": world.wallet(client), "currency": "EUR"})

    def items(count: int) -> list[Any]:
        """Each to another client, with a condition and a time of its own; one has no account, one no amount."""
        made = [world.transfer_between("1.00", effective_at="2026-11-20T10:00:00Z") for _ in range(count)]
        for place, item in enumerate(made):
            item["entries"][1]["account"] = world.wallet(clients[place])
            item["conditions"] = [{"account": world.wallet(), "currency": "EUR", "available_gte": "1.00"}]
        made[count - 1]["entries"][1]["account"] = "client/cl_nobody/wallet"
        made[count - 2]["entries"][1]["amount"] = "abc"
        return made

    for more in ({}, {"mode": "partial"}, {"mode": "partial", "dry_run": True}):
        few, many = statements(world, items(4), **more), statements(world, items(40), **more)
        assert len(few) == len(many), (more, few, many)
        assert sum("ledger_post_batch" in sql for sql in many) == 1
    books.assert_sound()


@pytest.mark.slow
def test_one_error_among_ten_thousand(world: World) -> None:
    good = world.transfer_between("0.01")
    items: list[Any] = [good] * 10_000
    items[6_543] = world.transfer_between("abc")
    with nothing_moves():
        found = problem(world.ops.post(BATCH, {"transactions": items}), 400, "invalid_request")
        assert {fault["index"] for fault in found["errors"]} == {6_543}
        assert found["param"] == "transactions[6543].entries[0].amount"
    before = Entry.objects.count()
    made = world.ops.made(BATCH, {"transactions": items, "mode": "partial"})["data"]
    assert [place for place, item in enumerate(made) if item["status"] != "accepted"] == [6_543]
    assert Entry.objects.count() == before + 2 * 9_999
    assert books.available(world.client) == books.Decimal("900.01")
