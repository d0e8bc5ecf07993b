"""One key, one effect: the same request is answered once, and again byte for byte, whoever repeats it and when."""

import json
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger.models import Transaction
from payments.models import Client, IdempotencyKey, Withdrawal
from payments.services import idempotency
from tests.factories import books
from tests.integration.api.at_once import at_once
from tests.integration.api.samples import SAMPLES
from tests.integration.api.test_roles import VIEWS
from tests.integration.api.world import Api, World, counts, key, problem

KEYED = [sample for sample in SAMPLES if sample.method == "POST" and VIEWS[sample.route].keyed]


@pytest.mark.parametrize("sample", [s for s in KEYED if s.route != "statements"], ids=str)
def test_what_can_move_money_asks_for_a_key_and_does_nothing_without(world: World, sample: Any) -> None:
    path, body = sample.prepare(world)
    before = counts()
    api = world.apis[sample.role]
    problem(api.post(path, body, key=None), 400, "idempotency_key_required")
    for bad in ("k" * 256, "tab\tkey", "naïve\x7f"):
        problem(api.post(path, body, key=bad), 400, "idempotency_key_required")
    assert counts() == before


def test_a_key_has_1_to_255_characters(world: World) -> None:
    problem(world.ops.post("/withdrawals", world.withdrawal_body(), key=None), 400, "idempotency_key_required")
    for good in ("k", "k" * 255):
        assert world.ops.post("/withdrawals", world.withdrawal_body(), key=good).status_code == 201
    assert Withdrawal.objects.count() == 2


def test_the_same_request_is_answered_again_byte_for_byte(world: World) -> None:
    first = world.ops.post("/withdrawals", world.withdrawal_body(), key="wd-1")
    world.finance.made(
        f"/withdrawals/{first.json()['id']}/reject",
        {
            "content_hash": world.finance.read(f"/withdrawals/{first.json()['id']}")["content_hash"],
            "reason_code": "other",
            "note": "No",
        },
    )
    again = world.ops.post("/withdrawals", world.withdrawal_body(), key="wd-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert Withdrawal.objects.count() == 1


def test_order_and_spaces_of_the_body_do_not_make_another_request(world: World) -> None:
    body = world.withdrawal_body()
    first = world.ops.post("/withdrawals", body, key="wd-1")
    shuffled = json.dumps(dict(sorted(body.items(), reverse=True)), indent=3).encode()
    again = world.ops.post("/withdrawals", key="wd-1", raw=shuffled)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"


def test_another_body_or_another_address_under_the_same_key_is_an_error_of_its_own(world: World) -> None:
    world.ops.made("/withdrawals", world.withdrawal_body(), key="wd-1")
    before = counts()
    problem(world.ops.post("/withdrawals", world.withdrawal_body("100.01"), key="wd-1"), 422, "idempotency_key_reused")
    problem(world.ops.post("/transactions", world.transfer_between(), key="wd-1"), 422, "idempotency_key_reused")
    assert counts() == before


def test_another_callers_same_key_is_another_key(world: World) -> None:
    other = Api(key("payments_ops"))
    first = world.ops.made("/withdrawals", world.withdrawal_body(), key="wd-1")
    second = other.post("/withdrawals", world.withdrawal_body(), key="wd-1")
    assert second.status_code == 201
    assert second.json()["id"] != first["id"]
    assert "Idempotent-Replayed" not in second.headers


def test_a_refusal_does_not_use_the_key_up(world: World) -> None:
    problem(world.ops.post("/withdrawals", world.withdrawal_body("9999.00"), key="wd-1"), 422, "insufficient_available")
    problem(world.ops.post("/withdrawals", world.withdrawal_body("1e3"), key="wd-1"), 400, "invalid_request", "amount")
    assert not IdempotencyKey.objects.exists()
    world.ops.made("/withdrawals", world.withdrawal_body(), key="wd-1")


def test_where_no_money_moves_a_key_may_be_left_out_but_counts_when_it_is_there(world: World) -> None:
    body = {"name": "Grace", "email": "grace@example.test", "country": "GB"}
    before = Client.objects.count()
    world.ops.made("/clients", body, key=None)
    first = world.ops.post("/clients", body, key="cl-1")
    again = world.ops.post("/clients", body, key="cl-1")
    assert again.content == first.content
    assert Client.objects.count() == before + 2
    problem(world.ops.post("/clients", body, key="k" * 256), 400, "idempotency_key_required")


def test_the_business_reference_outlives_the_key(world: World) -> None:
    body = world.transfer_between(source={"system": "crm", "kind": "gift", "id": "17"})
    first = world.ops.post("/transactions", body, key="t-1")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert idempotency.prune(now=timezone.now()) == 1
    late = world.ops.post("/transactions", body, key="t-1")
    assert (late.status_code, late.json()["id"]) == (200, first.json()["id"])
    changed = world.transfer_between("11.00", source=body["source"])
    problem(world.ops.post("/transactions", changed, key="t-2"), 422, "duplicate_reference")
    assert books.available(world.client) == Decimal(990)


def test_twenty_twins_at_once_make_one_withdrawal_and_get_one_answer(committed_world: World) -> None:
    world, body = committed_world, committed_world.withdrawal_body()
    answers = at_once(20, lambda _: Api(**world.ops.headers).post("/withdrawals", body, key="wd-1"))
    assert {answer.status_code for answer in answers} <= {201, 409}
    good = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in good}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in good) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer, 409, "idempotency_in_progress")["retryable"]
            assert answer.headers["Retry-After"]
    assert Withdrawal.objects.count() == 1
    assert books.held(world.client) == Decimal(100)
    assert Transaction.objects.filter(reason="HOLD_PLACED").count() == 1


def test_twenty_twins_of_a_refused_request_are_all_refused_and_nothing_moves(committed_world: World) -> None:
    world, body = committed_world, committed_world.withdrawal_body("5000.00")
    before = counts()
    answers = at_once(20, lambda _: Api(**world.ops.headers).post("/withdrawals", body, key="wd-1"))
    assert {answer.status_code for answer in answers} <= {422, 409}
    assert counts() == before
    assert not IdempotencyKey.objects.exists()


def test_a_twin_of_one_that_takes_too_long_is_told_to_come_back(committed_world: World) -> None:
    ready, done = threading.Event(), threading.Event()
    api = committed_world.ops
    body = committed_world.withdrawal_body()

    def slow() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            actor = Withdrawal.objects.get().made_by
            cursor.execute(
                "INSERT INTO payments_idempotencykey (caller, key, fingerprint, created_at)"
                " VALUES (%s, 'k', 'f', now())",
                [actor],
            )
            ready.set()
            done.wait(15)
        connection.close()

    committed_world.withdrawal()
    thread = threading.Thread(target=slow)
    thread.start()
    ready.wait(5)
    before = timezone.now()
    response = api.post("/withdrawals", body, key="k")
    took = (timezone.now() - before).total_seconds()
    done.set()
    thread.join()
    problem(response, 409, "idempotency_in_progress")
    assert response.headers["Retry-After"] == "2"
    assert 1.5 < took < 6
    assert Withdrawal.objects.count() == 1
