"""Holds by hand: set aside, taken by another person, given back."""

from decimal import Decimal

from ledger.models import Event
from tests.factories import books, people
from tests.integration.api import making
from tests.integration.api.world import Api, World, counts, key, problem


def test_a_hold_is_placed_taken_in_part_and_released(world: World) -> None:
    made = world.ops.made("/holds", making.hold_body(world))
    assert (made["state"], made["amount"], made["remaining"], made["kind"]) == (
        "active",
        "20.00",
        "20.00",
        "aml_review",
    )
    assert made["client"] == world.client.public_id
    path = f"/holds/{made['id']}"
    taken = world.finance.made(
        f"{path}/capture", {"to": "house/adjustments", "amount": "5.00", "reason": "Court order"}
    )
    assert (taken["state"], taken["captured"], taken["remaining"]) == ("partly_captured", "5.00", "15.00")
    too_much = {"to": "house/adjustments", "amount": "15.01", "reason": "Court order"}
    problem(world.finance.post(f"{path}/capture", too_much), 422, "over_capture")
    ended = world.compliance.made(f"{path}/release", {"reason": "Done"})
    assert (ended["state"], ended["released"], ended["ended_at"] is None) == ("released", "15.00", False)
    problem(world.compliance.post(f"{path}/release"), 409, "invalid_transition")
    assert (books.available(world.client), books.held(world.client)) == (Decimal(995), Decimal(0))
    types = Event.objects.filter(object_ref=made["id"]).order_by("id").values_list("type", flat=True)
    assert list(types) == ["hold.placed", "hold.captured", "hold.released"]
    books.assert_sound()


def test_who_placed_a_hold_does_not_take_the_money(world: World) -> None:
    person = people.user("compliance")
    made = Api(key("compliance", owner=person)).made("/holds", making.hold_body(world))
    same = Api(key("finance_approver", owner=person))
    body = {"to": "house/adjustments", "reason": "Court order"}
    before = counts()
    problem(same.post(f"/holds/{made['id']}/capture", body), 403, "self_approval")
    assert counts() == before


def test_held_money_never_goes_to_another_client(world: World) -> None:
    made = world.ops.made("/holds", making.hold_body(world))
    body = {"to": world.wallet(world.other), "reason": "Court order"}
    problem(world.finance.post(f"/holds/{made['id']}/capture", body), 400, "invalid_request", "to")
    assert books.held(world.client) == Decimal(20)


def test_only_clients_wallets_can_be_held_and_only_what_is_there(world: World) -> None:
    body, before = making.hold_body(world), counts()
    problem(world.ops.post("/holds", body | {"amount": "1000.01"}), 422, "insufficient_available")
    problem(world.ops.post("/holds", body | {"account": "psp/stripe/clearing"}), 400, "invalid_request", "account")
    problem(world.ops.post("/holds", body | {"kind": "withdrawal"}), 400, "invalid_request", "kind")
    problem(
        world.ops.post("/holds", body | {"expires_at": "2020-01-01T00:00:00Z"}), 400, "invalid_request", "expires_at"
    )
    assert counts() == before
