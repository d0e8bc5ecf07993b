"""What is still open can be listed: reservations and holds, whatever lies in the books beside them."""

from typing import Any

import pytest
from django.db import connection

from ledger.api.pages import among
from ledger.models import Hold, Pending, Transaction
from tests.integration.api import making
from tests.integration.api.world import World, problem

COURT = {"to": "house/adjustments", "reason": "Court order", "amount": "5.00"}


def listed(world: World, path: str, **query: Any) -> list[str]:
    return [row["id"] for row in world.auditor.read(path, **query)["data"]]


def test_open_reservations_are_listed_until_they_end(world: World) -> None:
    making.posted(world)
    ids = [making.posted(world, amount="10.00", pending=True) for _ in range(4)]
    untouched, partly, posted, voided = (f"/transactions/{key}" for key in ids)
    world.ops.made(f"{partly}/post", {"amount": "4.00"})
    world.ops.made(f"{posted}/post")
    world.ops.made(f"{voided}/void")
    page = world.auditor.read("/transactions", state="pending")["data"]
    assert [row["id"] for row in page] == [ids[1], ids[0]]
    assert [row["remaining"] for row in page] == ["6.00", "10.00"]
    first = world.auditor.read("/transactions", state="pending", limit=1)
    assert [row["id"] for row in first["data"]] == [ids[1]]
    second = world.auditor.read("/transactions", state="pending", limit=1, cursor=first["next"])
    assert ([row["id"] for row in second["data"]], second["next"]) == ([ids[0]], None)
    assert listed(world, "/transactions", state="pending", reason="WITHDRAWAL_PAYOUT") == []
    world.ops.made(f"{untouched}/void")
    world.ops.made(f"{partly}/void")
    assert listed(world, "/transactions", state="pending") == []


def test_only_states_with_a_flat_plan_are_offered(world: World) -> None:
    for state in ("posted", "reversed", "open", "", "PENDING"):
        problem(world.auditor.get("/transactions", state=state), 400, "invalid_request", "state")
    problem(world.auditor.get("/holds", state="pending"), 400, "invalid_request", "state")


def test_open_holds_are_those_that_still_hold_something(world: World) -> None:
    ids = [world.ops.made("/holds", making.hold_body(world))["id"] for _ in range(3)]
    world.finance.made(f"/holds/{ids[1]}/capture", COURT)
    world.compliance.made(f"/holds/{ids[2]}/release")
    assert listed(world, "/holds", state="open") == [ids[1], ids[0]]
    assert listed(world, "/holds", state="active") == [ids[0]]
    assert listed(world, "/holds", state="partly_captured") == [ids[1]]
    assert listed(world, "/holds", state="released") == [ids[2]]
    assert listed(world, "/holds") == ids[::-1]
    assert listed(world, "/holds", state="open", client=world.other.public_id) == []
    own = world.browser().read("/holds", state="open")["data"]
    assert [row["id"] for row in own] == [ids[1], ids[0]]
    assert world.browser(world.other).read("/holds", state="open")["data"] == []


@pytest.mark.parametrize(
    ("rows", "few", "indexes"),
    [
        (
            Transaction,
            Pending.objects.filter(state="pending"),
            ("ledger_pending_open", "ledger_transaction_pkey"),
        ),
        (Hold, Hold.objects.filter(state__in=Hold.OPEN_STATES), ("ledger_hold_open", "ledger_hold_pkey")),
    ],
)
def test_a_page_of_what_is_open_reads_two_indexes_and_never_the_whole_table(
    db: None, rows: Any, few: Any, indexes: tuple[str, str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # these tables are empty here
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = among(rows.objects.all(), few).order_by("-pk")[:51].explain()
    assert "Filter: (id = ANY" not in plan
    assert "Index Cond: (id = ANY" in plan
    for index in indexes:
        assert index in plan, plan
