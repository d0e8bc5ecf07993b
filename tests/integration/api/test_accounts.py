"""Accounts: opened once, read by id or code, with their entries and what they held at a time."""

from datetime import timedelta

from django.utils import timezone

from ledger.models import Account, Event
from tests.integration.api import making
from tests.integration.api.world import World, counts, problem


def test_opening_an_account_twice_gives_the_same(world: World) -> None:
    body = {"code": f"client/{world.client.public_id}/pocket/savings", "currency": "EUR"}
    first = world.ops.made("/accounts", body)
    assert (first["kind"], first["category"], first["owner"], first["floor"]) == (
        "pocket", "liability", world.client.public_id, "0.00",
    )  # fmt: skip
    before = counts()
    assert world.ops.made("/accounts", body) == first
    assert counts() == before
    assert Event.objects.filter(type="account.opened", object_ref=first["id"]).count() == 1
    assert world.ops.made("/accounts", {"code": "house/fees", "currency": "JPY"})["floor"] is None
    problem(world.ops.post("/accounts", body | {"code": "house/gold"}), 400, "invalid_request", "code")


def test_an_account_is_found_by_id_and_by_code_with_its_currency(world: World) -> None:
    row = Account.objects.get(code=world.wallet(), currency="EUR")
    by_id = world.auditor.read(f"/accounts/{row.public_id}")
    assert world.auditor.read(f"/accounts/{world.wallet()}", currency="EUR") == by_id
    problem(world.auditor.get(f"/accounts/{world.wallet()}"), 400, "invalid_request", "currency")
    problem(world.auditor.get(f"/accounts/{world.wallet()}", currency="JPY"), 404, "not_found")
    problem(world.auditor.get("/accounts/no/such/code", currency="EUR"), 404, "not_found")
    problem(world.auditor.get(f"/accounts/{row.public_id}", currency="JPY"), 404, "not_found")


def test_the_balance_says_what_is_posted_and_what_is_on_its_way(world: World) -> None:
    making.posted(world, amount="30.00", pending=True)
    found = world.auditor.read(f"/accounts/{world.wallet()}/balance", currency="EUR")
    assert (found["posted"], found["pending_out"], found["pending_in"], found["available"]) == (
        "1000.00", "30.00", "0.00", "970.00",
    )  # fmt: skip
    house = world.auditor.read("/accounts/psp/stripe/clearing/balance", currency="EUR")
    assert house["posted"] == "1300.00"


def test_the_balance_can_be_asked_for_another_time(world: World) -> None:
    now = timezone.now()
    making.posted(world, effective_at=(now - timedelta(days=3)).isoformat())
    path = f"/accounts/{world.wallet(world.other)}/balance"
    then = (now - timedelta(days=2)).isoformat()
    assert world.auditor.read(path, currency="EUR")["posted"] == "310.00"
    assert world.auditor.read(path, currency="EUR", effective_at=then)["posted"] == "10.00"
    assert world.auditor.read(path, currency="EUR", recorded_at=then)["posted"] == "0.00"
    assert world.auditor.read(path, currency="EUR", effective_at=then, recorded_at=then)["posted"] == "0.00"


def test_entries_are_newest_first_with_the_running_balance(world: World) -> None:
    for amount in ("1.00", "2.00", "3.00"):
        making.posted(world, amount=amount)
    path = f"/accounts/{world.wallet()}/entries"
    first = world.auditor.read(path, currency="EUR", limit=2)
    assert [(e["amount"], e["direction"], e["balance_after"]) for e in first["data"]] == [
        ("3.00", "debit", "994.00"),
        ("2.00", "debit", "997.00"),
    ]
    second = world.auditor.read(path, currency="EUR", limit=2, cursor=first["next"])
    assert [e["amount"] for e in second["data"]] == ["1.00", "1000.00"]
    assert second["next"] is None
    back = world.auditor.read(path, currency="EUR", limit=2, cursor=second["previous"])
    assert back["data"] == first["data"]
    problem(world.auditor.get(path, currency="EUR", cursor="n1_1"), 400, "invalid_request", "cursor")
