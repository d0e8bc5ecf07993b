"""Two-phase transactions, partial reversals and holds over the API: every wrong move has a cause of its own."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.models import Event, Transaction
from tests.factories import books
from tests.integration.api import making
from tests.integration.api.world import Api, World, counts, key, problem

SOON, LATER = "2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture
def pending(world: World) -> str:
    """100.00 between two wallets, until SOON or until the platform says no."""
    made = world.ops.made(
        "/transactions",
        world.transfer_between("100.00", pending=True, expires_at=SOON, expires_on=["mt5.rejected"]),
    )
    assert (made["state"], made["expires_at"], made["expires_on"]) == ("pending", SOON, ["mt5.rejected"])
    return f"/transactions/{made['id']}"


def cause(response: Any, status: int, code: str, name: str) -> None:
    assert problem(response, status, code)["cause"] == name


def entries(world: World, amount: str) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = world.transfer_between(amount)["entries"]
    return given


def test_parts_by_amount_and_by_entries_until_it_is_used_up(world: World, pending: str) -> None:
    world.ops.made(f"{pending}/post", {"amount": "30.00"})
    world.ops.made(f"{pending}/post", {"entries": entries(world, "20.00")})
    cause(world.ops.post(f"{pending}/post", {"amount": "50.01"}), 422, "over_capture", "over_post")
    cause(world.ops.post(f"{pending}/post", {"entries": entries(world, "50.01")}), 422, "over_capture", "over_post")
    both = {"amount": "1.00", "entries": entries(world, "1.00")}
    problem(world.ops.post(f"{pending}/post", both), 400, "invalid_request", "entries")
    world.ops.made(f"{pending}/post")
    cause(world.ops.post(f"{pending}/post"), 409, "invalid_transition", "already_posted")
    cause(world.ops.post(f"{pending}/void"), 409, "invalid_transition", "void_after_post")
    assert (books.available(world.client), books.available(world.other)) == (Decimal(900), Decimal(400))
    books.assert_sound()


def test_an_outside_status_ends_it(world: World, pending: str) -> None:
    cause(
        world.ops.post(f"{pending}/expire", {"status": "mt5.placed"}), 409, "invalid_transition", "status_not_declared"
    )
    ended = world.ops.made(f"{pending}/expire", {"status": "mt5.rejected", "reason": "No margin"})
    assert (ended["phase"], ended["state"], ended["metadata"]) == ("expire", "expired", {"status": "mt5.rejected"})
    assert world.auditor.read(pending)["state"] == "expired"
    cause(world.ops.post(f"{pending}/post"), 409, "invalid_transition", "expired")
    cause(
        world.ops.post(f"{pending}/extend", {"expires_at": LATER, "reason": "Too late"}),
        409,
        "invalid_transition",
        "expired",
    )
    assert Event.objects.get(type="transaction.expired").object_ref == ended["id"]
    assert books.available(world.client) == Decimal(1000)
    books.assert_sound()


def test_it_is_given_more_time_and_never_less(world: World, pending: str) -> None:
    made = world.ops.made(f"{pending}/extend", {"expires_at": LATER, "reason": "Maintenance"})
    assert (made["id"], made["expires_at"], made["state"]) == (pending.rsplit("/", maxsplit=1)[-1], LATER, "pending")
    cause(
        world.ops.post(f"{pending}/extend", {"expires_at": SOON, "reason": "Sooner"}),
        409,
        "invalid_transition",
        "not_later",
    )
    endless = making.posted(world, pending=True)
    cause(
        world.ops.post(f"/transactions/{endless}/extend", {"expires_at": LATER, "reason": "Some"}),
        409,
        "invalid_transition",
        "never_expires",
    )
    event = Event.objects.get(type="transaction.extended")
    assert (event.data["reason"], bool(event.actor)) == ("Maintenance", True)
    books.assert_sound()


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z", "pending": True}, "expires_at"),
        ({"expires_on": ["Rejected"], "pending": True}, "expires_on"),
        ({"expires_at": SOON}, "expires_at"),
    ],
)
def test_an_end_that_makes_no_sense_is_refused(world: World, words: dict[str, Any], param: str) -> None:
    before = counts()
    problem(world.ops.post("/transactions", world.transfer_between(**words)), 400, "invalid_request", param)
    assert counts() == before


def test_a_reversal_in_parts_adds_up_to_the_original(world: World) -> None:
    posted = f"/transactions/{making.posted(world, amount='40.00')}"
    first = world.finance.made(f"{posted}/reverse", {"reason": "Half of it", "amount": "20.00", "currency": "EUR"})
    assert world.auditor.read(posted)["state"] == "partly_reversed"
    world.finance.made(f"{posted}/reverse", {"reason": "Some more", "entries": entries(world, "5.00")})
    too_much = world.finance.post(f"{posted}/reverse", {"reason": "Too much", "amount": "15.01"})
    assert problem(too_much, 422, "over_reversal", "amount")["facts"] == {
        "currency": "EUR",
        "remaining": "15.00",
        "wanted": "15.01",
    }
    wrong = {"reason": "Other money", "amount": "1.00", "currency": "USD"}
    problem(world.finance.post(f"{posted}/reverse", wrong), 422, "currency_mismatch")
    another = Api(key("finance_approver"))
    cause(
        another.post(f"/transactions/{first['id']}/reverse", {"reason": "Back"}),
        400,
        "invalid_request",
        "reversal_of_reversal",
    )
    rest = world.finance.made(f"{posted}/reverse", {"reason": "The rest"})
    assert [entry["amount"] for entry in rest["entries"]] == ["15.00", "15.00"]
    assert world.auditor.read(posted)["state"] == "reversed"
    cause(world.finance.post(f"{posted}/reverse", {"reason": "Again"}), 422, "over_reversal", "already_reversed")
    assert books.available(world.client) == Decimal(1000)
    assert Transaction.objects.filter(reverses__isnull=False).count() == 3
    books.assert_sound()


def test_a_hold_is_given_back_in_part_and_given_more_time(world: World) -> None:
    made = world.ops.made("/holds", making.hold_body(world) | {"expires_at": SOON})
    path = f"/holds/{made['id']}"
    part = world.compliance.made(f"{path}/release", {"amount": "12.00", "currency": "EUR"})
    assert (part["state"], part["released"], part["remaining"]) == ("active", "12.00", "8.00")
    cause(world.compliance.post(f"{path}/release", {"amount": "8.01"}), 422, "over_capture", "over_release")
    later = world.ops.made(f"{path}/extend", {"expires_at": LATER, "reason": "Papers late"})
    assert later["expires_at"] == LATER
    back = {"expires_at": SOON, "reason": "Sooner"}
    cause(world.ops.post(f"{path}/extend", back), 409, "invalid_transition", "not_later")
    listed = world.auditor.read("/holds", **{"state": "active", "expires[gte]": LATER})["data"]
    assert [(row["id"], row["reason"]) for row in listed] == [(made["id"], "Unusual")]
    assert world.auditor.read("/holds", placed_by=listed[0]["placed_by"])["data"] == listed
    assert books.held(world.client) == Decimal(8)
    books.assert_sound()


def test_a_client_is_not_told_who_holds_money_and_why(world: World) -> None:
    made = world.ops.made("/holds", making.hold_body(world))
    own = world.browser().read(f"/holds/{made['id']}")
    assert own["amount"] == "20.00"
    assert not {"reason", "placed_by"} & set(own)
