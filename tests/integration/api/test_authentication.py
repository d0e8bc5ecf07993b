"""Who gets in: programs with a live key, browsers for reading. Everybody else is refused in the same words."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from ledger.models import Event
from payments.actors import Actor
from payments.models import ApiKey, Client
from payments.services import api_keys
from tests.factories import people
from tests.integration.api.world import Api, World, key, problem

NEW = {"name": "Grace", "email": "grace@example.test", "country": "GB"}


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Basic d3c6d3c=", "Bearer ww_abc", "Bearer ww_aaaaaaaa_" + "x" * 43,
        "Bearer ww_aaaaaaaa_" + "x" * 9000, "Bearer \x00", "Bearer wé_aaaaaaaa_xxxxxxxxxxxxxxxxxxxx", "ww_aaaaaaaa_x",
    ],
)  # fmt: skip
def test_without_a_live_key_nothing_is_said(world: World, header: str) -> None:
    response = Api(Authorization=header).get(f"/clients/{world.client.public_id}")
    body = problem(response, 401, "authentication_failed")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert body["detail"] == problem(Api().get("/clients"), 401, "authentication_failed")["detail"]


def test_revoked_expired_and_orphaned_keys_are_dead_at_once(world: World, settings: Any) -> None:
    person = people.user("auditor")
    secrets = [key("auditor"), key("auditor"), key("auditor", owner=person)]
    assert all(Api(secret).get("/clients").status_code == 200 for secret in secrets)
    revoked, expired, _ = ApiKey.objects.order_by("id")[ApiKey.objects.count() - 3 :]
    api_keys.revoke(key_id=revoked.pk, actor=Actor.system("test"), now=timezone.now())
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    person.is_active = False
    person.save()
    for secret in secrets:
        problem(Api(secret).get("/clients"), 401, "authentication_failed")


def test_a_stolen_database_gives_no_key(world: World) -> None:
    row = ApiKey.objects.first()
    assert row is not None
    problem(Api(f"ww_{row.prefix}_{row.secret_hash}").get("/clients"), 401, "authentication_failed")


def test_the_scheme_may_be_written_in_any_case(world: World) -> None:
    api = Api(Authorization=f"bEARER {key('support')}")
    assert api.get("/clients").status_code == 200


def test_a_browser_reads_but_never_writes(world: World) -> None:
    browser = world.browser()
    assert browser.read(f"/clients/{world.client.public_id}")["name"] == "Ada Client"
    problem(browser.post("/withdrawals", world.withdrawal_body()), 401, "authentication_failed")
    assert not world.client.withdrawals.exists()


def test_a_bad_key_is_not_saved_by_a_session(world: World) -> None:
    browser = world.browser()
    browser.headers = {"Authorization": "Bearer ww_aaaaaaaa_" + "x" * 43}
    problem(browser.get(f"/clients/{world.client.public_id}"), 401, "authentication_failed")


def test_staff_without_a_second_factor_see_nothing(world: World) -> None:
    api = Api()
    api.http.force_login(people.user("auditor"), backend="allauth.account.auth_backends.AuthenticationBackend")
    problem(api.get("/clients"), 403, "step_up_required")


def test_a_change_of_role_acts_at_the_next_request(world: World) -> None:
    person = people.user("support", is_staff=False)
    api = Api()
    api.http.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert api.get("/clients").status_code == 200
    person.groups.clear()
    problem(api.get("/clients"), 403, "insufficient_scope")
    person.groups.set(Group.objects.filter(name="auditor"))
    assert api.get("/adjustments").status_code == 200


def test_what_a_key_does_is_recorded_with_who_where_and_why(world: World) -> None:
    person = people.user("payments_ops")
    api = Api(key("payments_ops", owner=person), **{"User-Agent": "crm/1.0"})
    made = api.made("/clients", NEW)
    event = Event.objects.get(type="client.created", object_ref=made["id"])
    assert event.actor.startswith("key_")
    assert (event.person, event.ip, event.device) == (person.public_id, "127.0.0.1", "crm/1.0")
    assert event.request_id
    row = Client.objects.get(pk=Client.key(made["id"]))
    assert row.history.get().history_user == person


def test_a_key_of_nobody_leaves_the_history_without_a_person(world: World) -> None:
    made = world.ops.made("/clients", NEW)
    assert Client.objects.get(pk=Client.key(made["id"])).history.get().history_user is None


@pytest.mark.parametrize(("scope", "call"), [("read", "get"), ("write", "post")])
def test_too_many_calls_are_slowed_down_per_caller(world: World, settings: Any, scope: str, call: str) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {scope: "5/h"}}
    answers = [getattr(world.ops, call)("/clients", **({} if call == "get" else {"body": {}})) for _ in range(8)]
    assert [a.status_code for a in answers].count(429) == 3
    last = answers[-1]
    body = problem(last, 429, "rate_limited")
    assert body["retryable"] is True
    assert 1 <= int(last.headers["Retry-After"]) <= 3600
    assert world.auditor.get("/clients").status_code == 200


def test_guessing_keys_is_slowed_down_per_address_and_live_keys_still_work(world: World, settings: Any) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"refused": "5/h"}}
    guesses = [Api(f"ww_aaaaaaa{n}_" + "x" * 43).get("/clients") for n in range(8)]
    assert [g.status_code for g in guesses] == [401] * 5 + [429] * 3
    assert "Retry-After" in guesses[-1].headers
    assert world.auditor.get("/clients").status_code == 200


def test_a_cache_that_is_down_stops_nobody(world: World, settings: Any) -> None:
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"},
    }
    assert world.auditor.get("/clients").status_code == 200
