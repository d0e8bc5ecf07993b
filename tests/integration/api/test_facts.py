"""What a refusal tells a program: a cause to switch on, and the figures it was refused for, to whoever may see them."""

from typing import Any

import pytest
from django.utils import timezone

from config.api import problem_of
from ledger import errors, periods
from ledger.errors import InsufficientAvailable, OverCapture, OverPost
from payments import roles
from payments.actors import Actor
from tests.factories import books, people
from tests.integration.api import making
from tests.integration.api.world import World, nothing_moves, problem

COURT = {"to": "house/adjustments", "reason": "Court order"}


def refused(response: Any, status: int, code: str, cause: str | None, facts: dict[str, str], param: Any = "*") -> str:
    found = problem(response, status, code, param)
    assert (found.get("cause"), found.get("facts", {})) == (cause, facts), found
    return str(found["detail"])


def test_too_much_of_a_hold_says_how_much_is_left(world: World) -> None:
    path = f"/holds/{world.ops.made('/holds', making.hold_body(world))['id']}"
    world.finance.made(f"{path}/capture", COURT | {"amount": "5.00"})
    left = {"currency": "EUR", "remaining": "15.00", "wanted": "15.01"}
    with nothing_moves():
        capture = world.finance.post(f"{path}/capture", COURT | {"amount": "15.01"})
        words = refused(capture, 422, "over_capture", "over_capture", left, "amount")
        assert words == "15.00 EUR is left, 15.01 EUR was asked for. Leave the amount out to take all that is left."
        release = world.compliance.post(f"{path}/release", {"amount": "15.01"})
        refused(release, 422, "over_capture", "over_release", left, "amount")
    assert world.finance.made(f"{path}/capture", COURT)["state"] == "captured"
    with nothing_moves():
        again = world.finance.post(f"{path}/capture", COURT)
        facts = {"action": "capture", "state": "captured"}
        refused(again, 409, "invalid_transition", "already_captured", facts)
        wrong = world.compliance.post(f"{path}/release", {})
        refused(wrong, 409, "invalid_transition", "release_after_capture", facts | {"action": "release"})
    books.assert_sound()


def test_too_much_of_a_reservation_says_what_is_left_of_which_account(world: World) -> None:
    path = f"/transactions/{making.posted(world, amount='40.00', pending=True)}"
    world.ops.made(f"{path}/post", {"amount": "30.00"})
    left = {"currency": "EUR", "remaining": "10.00", "wanted": "10.01"}
    with nothing_moves():
        refused(world.ops.post(f"{path}/post", {"amount": "10.01"}), 422, "over_capture", "over_post", left, "amount")
        by_entries = world.ops.post(f"{path}/post", {"entries": world.transfer_between("10.01")["entries"]})
        found = problem(by_entries, 422, "over_capture", "entries")
        assert "Leave the entries out" in found["detail"]
        assert found["facts"] == left | {"account": found["facts"]["account"]}
        assert found["facts"]["account"] in {world.wallet(), world.wallet(world.other)}
    books.assert_sound()


def test_what_was_never_pending_is_not_settled(world: World) -> None:
    path = f"/transactions/{making.posted(world)}"
    with nothing_moves():
        for verb, body in (
            ("post", {}),
            ("void", {}),
            ("expire", {"status": "mt5.rejected"}),
            ("extend", {"expires_at": "2099-01-01T00:00:00Z", "reason": "Slow"}),
        ):
            refused(world.ops.post(f"{path}/{verb}", body), 409, "invalid_transition", "not_pending", {}, "transaction")


def test_too_much_of_a_reversal_says_what_is_left_and_the_rest_needs_no_amount(world: World) -> None:
    path = f"/transactions/{making.posted(world, amount='40.00')}/reverse"
    world.finance.made(path, {"reason": "Part", "amount": "12.50"})
    left = {"currency": "EUR", "remaining": "27.50", "wanted": "27.51"}
    with nothing_moves():
        words = refused(
            world.finance.post(path, {"reason": "Too much", "amount": "27.51"}), 422, "over_reversal", None, left
        )
        assert "Leave the amount out" in words
    rest = world.finance.made(path, {"reason": "The rest"}, key="rest")
    assert [(entry["direction"], entry["amount"]) for entry in rest["entries"]] == [
        ("credit", "27.50"),
        ("debit", "27.50"),
    ]
    assert world.finance.made(path, {"reason": "The rest"}, key="rest") == rest
    with nothing_moves():
        refused(world.finance.post(path, {"reason": "Again"}), 422, "over_reversal", "already_reversed", {})
        more = {"currency": "EUR", "remaining": "0.00", "wanted": "0.01"}
        refused(world.finance.post(path, {"reason": "More", "amount": "0.01"}), 422, "over_reversal", None, more)
    assert (books.available(world.client), books.available(world.other)) == (1000, 300)
    books.assert_sound()


def test_the_rest_is_what_entries_left_uneven(world: World) -> None:
    fee = {"account": world.client.account_code("pocket", "savings"), "direction": "credit", "currency": "EUR"}
    world.ops.made("/accounts", {"code": fee["account"], "currency": "EUR"})
    body = world.transfer_between("30.00")
    body["entries"][0]["amount"] = "40.00"
    body["entries"].append(fee | {"amount": "10.00"})
    path = f"/transactions/{world.ops.made('/transactions', body)['id']}/reverse"
    wallet, other, pocket = ({**entry} for entry in body["entries"])
    only_pocket = [wallet | {"amount": "10.00"}, pocket]
    world.finance.made(path, {"reason": "The saving", "entries": only_pocket})
    rest = world.finance.made(path, {"reason": "The rest"})
    assert {(entry["account"], entry["direction"], entry["amount"]) for entry in rest["entries"]} == {
        (wallet["account"], "credit", "30.00"),
        (other["account"], "debit", "30.00"),
    }
    assert books.available(world.client) == 1000
    books.assert_sound()


def test_entries_the_wrong_way_round_are_named_with_the_way_they_stand(world: World) -> None:
    posted = f"/transactions/{making.posted(world, amount='40.00')}/reverse"
    reserved = f"/transactions/{making.posted(world, amount='40.00', pending=True)}/post"
    mirrored = world.transfer_between("5.00")["entries"]
    mirrored[0]["direction"], mirrored[1]["direction"] = "credit", "debit"
    stranger = world.transfer_between("5.00")["entries"]
    stranger[1]["account"] = "house/fees"
    expected = {"account": world.wallet(), "direction": "debit"}
    with nothing_moves():
        for api, path, body in ((world.finance, posted, {"reason": "Wrong"}), (world.ops, reserved, {})):
            wrong = api.post(path, body | {"entries": mirrored})
            words = refused(wrong, 400, "invalid_request", "entries_mirrored", expected, "entries[0].direction")
            assert "as a debit, as it stands there" in words
            foreign = api.post(path, body | {"entries": stranger})
            of = {"account": "house/fees", "currency": "EUR"}
            refused(foreign, 400, "invalid_request", "not_in_original", of, "entries[1].account")
    books.assert_sound()


def test_amounts_have_the_decimals_of_their_currency(world: World) -> None:
    people.fund(world.client, "700", "JPY")
    yen = world.transfer_between("701")
    for entry in yen["entries"]:
        entry["currency"] = "JPY"
    world.ops.made("/accounts", {"code": world.wallet(world.other), "currency": "JPY"})
    facts = {"account": world.wallet(), "available": "700", "wanted": "701", "currency": "JPY"}
    with nothing_moves():
        refused(world.ops.post("/transactions", yen), 422, "insufficient_available", None, facts)
        lopsided = world.transfer_between("5.00")
        lopsided["entries"][1]["amount"] = "4.50"
        apart = {"currency": "EUR", "difference": "-0.50"}
        refused(world.ops.post("/transactions", lopsided), 422, "unbalanced", None, apart, "entries")
        hold = making.hold_body(world) | {"amount": "1000.01"}
        facts = {"account": world.wallet(), "available": "1000.00", "wanted": "1000.01", "currency": "EUR"}
        refused(world.ops.post("/holds", hold), 422, "insufficient_available", None, facts)
        much = world.withdrawal_body("1000.01")
        found = problem(world.ops.post("/withdrawals", much), 422, "insufficient_available", "amount")
        assert found["facts"] == {"available": "1000.00", "wanted": "1000.01", "currency": "EUR"}


def test_versions_names_and_closed_days_are_told(world: World) -> None:
    stale = [{"account": world.wallet(), "currency": "EUR", "if_version": 0}]
    version = world.auditor.read(f"/accounts/{world.wallet()}/balance", currency="EUR")["version"]
    source = {"system": "crm", "kind": "gift", "id": "17"}
    first = world.ops.made("/transactions", world.transfer_between(source=source))
    periods.close(period_id=periods.name(label="2020-01-01").pk, actor=making.SYSTEM, now=timezone.now())
    with nothing_moves():
        found = problem(
            world.ops.post("/transactions", world.transfer_between(conditions=stale)), 409, "version_conflict"
        )
        assert found["facts"] == {"account": world.wallet(), "version": str(version + 1), "expected": "0"}
        twice = world.ops.post("/transactions", world.transfer_between("9.99", source=source))
        refused(twice, 422, "duplicate_reference", None, {"transaction": first["id"]})
        late = world.transfer_between(effective_at="2019-12-31T10:00:00Z")
        alone = problem(world.ops.post("/transactions", late), 422, "period_closed", "effective_at")
        in_batch = problem(world.ops.post("/transactions/batch", {"transactions": [late]}), 422, "period_closed")
        assert set(alone["facts"]) == {"closed_before"}
        assert in_batch["errors"][0]["facts"] == alone["facts"]


def test_nothing_internal_is_told() -> None:
    everything = dict.fromkeys(("account_id", "exported", "now", "index", "fingerprint", "rule"), "7")
    for kind in errors.kinds():
        assert set(kind.facts) <= set(errors.FACTS), kind
        assert kind.figures_need or not errors.FIGURES & set(kind.facts) - {"difference", "refundable"}, kind
        told = problem_of(kind("No.", **everything), Actor.system("test")).body("r")
        assert not set(told.get("facts", {})) & set(everything), kind
        assert set(told) <= {
            "type", "title", "status", "code", "cause", "detail", "param", "facts", "request_id", "retryable",
        }  # fmt: skip


def test_figures_are_for_those_who_may_read_them_where_they_stand(world: World) -> None:
    of_ada = {"account": world.wallet(), "available": "100", "wanted": "200", "currency": "EUR"}
    short = InsufficientAvailable("Ada has 100 EUR available.", **of_ada)
    ada, otto = people.acting(world.client), people.acting(world.other)
    for actor in (people.staff(roles.AUDITOR), people.staff(roles.SUPPORT), ada):
        assert problem_of(short, actor).body("r")["facts"]["available"] == "100.00"
    for stranger in (people.staff(roles.ADMINISTRATOR), otto, None):
        told = problem_of(short, stranger).body("r")
        assert "facts" not in told
        assert told["detail"] == InsufficientAvailable.default_detail
    for kind in (OverCapture, OverPost):
        over = kind("15.00 EUR is left.", remaining="15", wanted="16", currency="EUR")
        assert problem_of(over, people.staff(roles.AUDITOR)).body("r")["facts"]["remaining"] == "15.00"
        for stranger in (people.staff(roles.ADMINISTRATOR), ada):
            assert "15" not in str(problem_of(over, stranger).body("r"))


def test_a_role_that_posts_without_seeing_balances_learns_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = roles.permissions_of([roles.PAYMENTS_OPS])
    blind = {**roles._BY_ROLE, roles.PAYMENTS_OPS: seen - {"ledger.view_balance"}}
    monkeypatch.setattr(roles, "_BY_ROLE", blind)
    much = world.transfer_between("5000.00")
    with nothing_moves():
        alone = world.ops.post("/transactions", much)
        refused(alone, 422, "insufficient_available", None, {})
        whole = problem(world.ops.post("/transactions/batch", {"transactions": [much]}), 422, "insufficient_available")
        assert "facts" not in whole["errors"][0]
    parts = world.ops.made("/transactions/batch", {"transactions": [much], "mode": "partial"})["data"][0]
    assert (parts["code"], parts["facts"]) == ("insufficient_available", None)
    for told in (alone.content.decode(), str(whole), str(parts)):
        assert "1000" not in told
