"""Requests that an outside system must hear of: the intention is committed first, and no repetition calls blindly."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from django.utils import timezone

from ledger.models import Event
from payments.connectors import registry
from payments.models import Deposit, IdempotencyKey, TradingAccount
from payments.services import deposits, trading_accounts
from tests.integration.api.at_once import at_once
from tests.integration.api.outside import Outside
from tests.integration.api.world import Api, World, counts, problem


def deposit_body(world: World) -> dict[str, Any]:
    return {
        "client": world.client.public_id, "amount": "75.00", "currency": "EUR",
        "return_url": "https://portal.example/back",
    }  # fmt: skip


def cut_off_long_ago() -> None:
    """As if the process had died in the middle, two minutes ago."""
    past = timezone.now() - timedelta(minutes=2)
    assert IdempotencyKey.objects.filter(status__isnull=True).update(created_at=past) == 1


def test_a_deposit_is_answered_with_the_address_to_pay_at(committed_world: World, outside: Outside) -> None:
    first = committed_world.ops.post("/deposits", deposit_body(committed_world), key="d-1")
    assert first.status_code == 201
    assert first.json()["checkout_url"].startswith(outside.stripe.url)
    again = committed_world.ops.post("/deposits", deposit_body(committed_world), key="d-1")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert Deposit.objects.get().public_id == first.json()["id"]


def test_no_call_leaves_inside_a_transaction(
    committed_world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    send = requests.Session.send

    def watched(self: Any, request: Any, **options: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", watched)
    committed_world.ops.made("/deposits", deposit_body(committed_world))
    path = f"/clients/{committed_world.client.public_id}/trading-accounts"
    committed_world.ops.made(path, {"currency": "USD"})
    assert seen
    assert not any(seen)


def test_a_provider_that_does_not_answer_leaves_a_deposit_to_look_at_later(
    committed_world: World, settings: Any
) -> None:
    settings.STRIPE = settings.STRIPE | {"api_base": "http://127.0.0.1:9"}
    registry.forget()
    response = committed_world.ops.post("/deposits", deposit_body(committed_world), key="d-1")
    assert response.status_code in (201, 202), response.content
    made = response.json()
    assert made["checkout_url"] == ""
    assert committed_world.ops.read(f"/operations/{made['id']}")["outcome"] in ("pending", "failed")
    assert Deposit.objects.count() == 1


def test_a_request_cut_off_before_the_call_goes_on_where_it_stopped(
    committed_world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(deposits, "ensure_checkout", cut_off)
        assert committed_world.ops.post("/deposits", deposit_body(committed_world), key="d-1").status_code == 500
    deposit = Deposit.objects.get()
    assert (deposit.state, deposit.checkout_url) == ("initiated", "")
    early = committed_world.ops.post("/deposits", deposit_body(committed_world), key="d-1")
    problem(early, 409, "idempotency_in_progress")
    cut_off_long_ago()
    late = committed_world.ops.post("/deposits", deposit_body(committed_world), key="d-1")
    assert late.status_code == 201
    assert late.json()["id"] == deposit.public_id
    assert late.json()["checkout_url"]
    assert Deposit.objects.count() == 1
    other = deposit_body(committed_world) | {"amount": "76.00"}
    problem(committed_world.ops.post("/deposits", other, key="d-1"), 422, "idempotency_key_reused")


def cut_off(**_: Any) -> None:
    raise RuntimeError("the process died here")


def test_a_refused_intention_leaves_nothing(committed_world: World, outside: Outside) -> None:
    before = counts()
    body = deposit_body(committed_world) | {"return_url": "nowhere"}
    problem(committed_world.ops.post("/deposits", body, key="d-1"), 400, "invalid_request", "return_url")
    assert counts() == before
    assert not IdempotencyKey.objects.exists()


def test_twenty_twins_start_one_deposit_and_get_one_answer(committed_world: World, outside: Outside) -> None:
    body = deposit_body(committed_world)
    answers = at_once(20, lambda _: Api(**committed_world.ops.headers).post("/deposits", body, key="d-1"))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert Deposit.objects.count() == 1


# --- trading accounts: the platform's call has no key of its own -----------------------------------------------------


def path_of(world: World) -> str:
    return f"/clients/{world.client.public_id}/trading-accounts"


def test_an_account_is_opened_once_per_key(committed_world: World, outside: Outside) -> None:
    first = committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1")
    assert first.status_code == 201
    again = committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1")
    assert again.content == first.content
    account = TradingAccount.objects.get()
    assert first.json()["reference"] == f"mt5:{account.login}"


def test_cut_off_after_the_platform_did_it_the_repetition_finds_the_account(
    committed_world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = trading_accounts.open_account

    def dies_afterwards(**options: Any) -> None:
        real(**options)
        raise RuntimeError("the process died here")

    with monkeypatch.context() as patched:
        patched.setattr(trading_accounts, "open_account", dies_afterwards)
        assert committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1").status_code == 500
    cut_off_long_ago()
    late = committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1")
    assert late.status_code == 201
    assert late.json()["id"] == TradingAccount.objects.get().public_id


def test_cut_off_while_the_platform_was_asked_nobody_asks_again(
    committed_world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = registry.platform("mt5")
    with monkeypatch.context() as patched:
        patched.setattr(platform, "open_account", cut_off)
        assert committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1").status_code == 500
    assert Event.objects.filter(type=trading_accounts.REQUESTED).count() == 1
    cut_off_long_ago()
    late = problem(
        committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1"), 503, "unavailable"
    )
    assert late["retryable"] is False
    assert not TradingAccount.objects.exists()
    assert Event.objects.filter(type=trading_accounts.REQUESTED).count() == 1


def test_cut_off_before_the_platform_was_asked_it_is_asked_now(
    committed_world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(trading_accounts, "open_account", cut_off)
        assert committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1").status_code == 500
    cut_off_long_ago()
    committed_world.ops.made(path_of(committed_world), {"currency": "USD"}, key="ta-1")
    assert TradingAccount.objects.count() == 1


def test_a_platform_that_cannot_be_reached_frees_the_key(committed_world: World, settings: Any) -> None:
    server = {"url": "http://127.0.0.1:9", "login": "1", "password": "x", "timeout": 0.5}
    settings.MT5 = {"servers": {"mt5": server}}
    registry.forget()
    response = committed_world.ops.post(path_of(committed_world), {"currency": "USD"}, key="ta-1")
    assert problem(response, 503, "unavailable")["retryable"] is True
    assert response.headers["Retry-After"]
    assert not IdempotencyKey.objects.exists()
    assert not TradingAccount.objects.exists()
