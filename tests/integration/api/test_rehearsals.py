"""Dry runs of every act by hand: the very entries and balances of the real call, its refusals, and nothing left."""

from typing import Any

import pytest

from ledger.models import Event, Transaction
from payments.models import IdempotencyKey
from tests.factories import books
from tests.integration.api import making
from tests.integration.api.world import Api, World, nothing_moves, problem

SOON, LATER = "2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
COURT = {"to": "house/adjustments", "reason": "Court order"}
Lines = list[tuple[str, str, str, str, str]]
NAMES = ("account", "direction", "amount", "layer")


def reserved(world: World) -> str:
    more = {"pending": True, "expires_at": SOON, "expires_on": ["mt5.rejected"]}
    return f"/transactions/{making.posted(world, amount='100.00', **more)}"


def held(world: World) -> str:
    return f"/holds/{world.ops.made('/holds', making.hold_body(world) | {'expires_at': SOON})['id']}"


def acts(world: World) -> dict[str, tuple[Api, str, dict[str, Any]]]:
    """Every act by hand that can be rehearsed, each on something of its own."""
    entries = world.transfer_between("25.00")["entries"]
    time = {"expires_at": LATER, "reason": "Slow"}
    posted = f"/transactions/{making.posted(world, amount='40.00')}"
    return {
        "post": (world.ops, "/transactions", world.transfer_between("12.50")),
        "reserve": (world.ops, "/transactions", world.transfer_between("12.50", pending=True)),
        "settle a part": (world.ops, f"{reserved(world)}/post", {"amount": "30.00"}),
        "settle entries": (world.ops, f"{reserved(world)}/post", {"entries": entries}),
        "void": (world.ops, f"{reserved(world)}/void", {"reason": "Not wanted"}),
        "expire": (world.ops, f"{reserved(world)}/expire", {"status": "mt5.rejected"}),
        "extend": (world.ops, f"{reserved(world)}/extend", time),
        "reverse": (world.finance, f"{posted}/reverse", {"reason": "Wrong client"}),
        "place": (world.ops, "/holds", making.hold_body(world)),
        "capture": (world.finance, f"{held(world)}/capture", COURT | {"amount": "5.00"}),
        "release": (world.compliance, f"{held(world)}/release", {"amount": "5.00"}),
        "extend a hold": (world.ops, f"{held(world)}/extend", time),
    }


def same(shown: dict[str, Any], real: dict[str, Any]) -> bool:
    """All that the dry run showed came true, but for ids, times, and what only it can tell of house accounts."""
    passing = {"id", "transaction", "dry_run", "recorded_at", "effective_at", "placed_at", "ended_at", "entries"}
    assert {k: v for k, v in shown.items() if k not in passing} == {k: v for k, v in real.items() if k not in passing}
    for told, entry in zip(shown["entries"], real["entries"], strict=True):
        assert [told[name] for name in NAMES] == [entry[name] for name in NAMES]
        assert told["balance_before"] is not None
        assert told["balance_after"] is not None
        if entry["balance_after"] is not None:
            assert (told["balance_before"], told["balance_after"]) == (entry["balance_before"], entry["balance_after"])
    return True


@pytest.mark.parametrize("name", [
    "post", "reserve", "settle a part", "settle entries", "void", "expire", "extend", "reverse", "place", "capture",
    "release", "extend a hold",
])  # fmt: skip
def test_it_shows_what_the_real_call_then_does_and_keeps_nothing(world: World, name: str) -> None:
    api, path, body = acts(world)[name]
    events, keys = Event.objects.count(), IdempotencyKey.objects.count()
    with nothing_moves():
        rehearsed = api.post(path, body | {"dry_run": True}, key="the-key")
        assert rehearsed.status_code == 200, rehearsed.content
    shown = rehearsed.json()
    assert (shown["dry_run"], Event.objects.count(), IdempotencyKey.objects.count()) == (True, events, keys)
    real = api.made(path, body, key="the-key")
    assert real["dry_run"] is False
    assert same(shown, real)
    assert bool(shown["id"]) is name.startswith(("extend", "capture", "release"))
    books.assert_sound()


def test_a_refused_rehearsal_is_refused_like_the_real_call(world: World) -> None:
    pending, hold = reserved(world), held(world)
    posted = f"/transactions/{making.posted(world, amount='40.00')}"
    wrong: list[tuple[Api, str, dict[str, Any]]] = [
        (world.ops, "/transactions", world.transfer_between("5000.00")),
        (world.ops, f"{pending}/post", {"amount": "100.01"}),
        (world.ops, f"{pending}/expire", {"status": "mt5.placed"}),
        (world.ops, f"{pending}/extend", {"expires_at": "2097-01-01T00:00:00Z", "reason": "Sooner"}),
        (world.ops, f"{posted}/void", {}),
        (world.finance, f"{posted}/reverse", {"reason": "Too much", "amount": "40.01"}),
        (world.ops, "/holds", making.hold_body(world) | {"amount": "5000.00"}),
        (world.finance, f"{hold}/capture", COURT | {"amount": "20.01"}),
        (world.compliance, f"{hold}/release", {"amount": "20.01"}),
        (world.ops, f"{hold}/extend", {"expires_at": "2097-01-01T00:00:00Z", "reason": "Sooner"}),
        (world.auditor, f"{hold}/release", {}),
        (world.auditor, f"{pending}/void", {}),
    ]
    with nothing_moves():
        for api, path, body in wrong:
            real, dry = (api.post(path, sent).json() for sent in (body, body | {"dry_run": True}))
            assert real["status"] >= 400
            assert dry | {"request_id": ""} == real | {"request_id": ""}
        problem(world.ops.post(f"{pending}/void", {"dry_run": True}, key=None), 400, "idempotency_key_required")
        problem(world.ops.post(f"{pending}/void", {"dry_run": "yes"}), 400, "invalid_request", "dry_run")
    books.assert_sound()


def steps(entries: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    return [(entry["balance_before"], entry["balance_after"]) for entry in entries]


def test_balances_of_the_house_are_told_as_of_that_moment(world: World) -> None:
    path = f"{held(world)}/capture"
    world.finance.made(path, COURT | {"amount": "3.00"})
    assert world.auditor.read("/accounts/house/adjustments/balance", currency="EUR")["posted"] == "3.00"
    with nothing_moves():
        shown = world.finance.post(path, COURT | {"amount": "0.50", "dry_run": True}).json()["entries"]
    assert steps(shown) == [("17.00", "16.50"), ("3.00", "3.50")]
    real = world.finance.made(path, COURT | {"amount": "0.50"})["entries"]
    assert steps(real) == [("17.00", "16.50"), (None, None)]
    deposit = Transaction.objects.filter(entries__account__code=world.wallet(), entries__currency="USD").get()
    with nothing_moves():
        back = world.finance.post(
            f"/transactions/{deposit.public_id}/reverse", {"reason": "Bounced", "amount": "20.00", "dry_run": True}
        ).json()
    clearing = [entry for entry in back["entries"] if not entry["account"].startswith("client/")]
    assert steps(clearing) == [("500.00", "480.00")]
    books.assert_sound()


def test_a_rehearsed_repetition_shows_what_is_in_the_books(world: World) -> None:
    body = world.transfer_between("5.00", source={"system": "crm", "kind": "gift", "id": "17"})
    made = world.ops.made("/transactions", body)
    with nothing_moves():
        shown = world.ops.post("/transactions", body | {"dry_run": True}).json()
    assert shown == made | {"dry_run": True}
