"""Whatever goes wrong, a program reads one shape: problem+json, with the request id, and never HTML."""

from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.db import IntegrityError, OperationalError
from django.test import Client as Http

from payments.api import clients as clients_api
from payments.models import Client
from payments.services import clients
from tests.integration.api.at_once import at_once
from tests.integration.api.world import Api, World, counts, problem

NEW = {"name": "Grace", "email": "grace@example.test", "country": "GB"}


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/clients/", "/clients/x/y/z", "/../admin", "/withdrawals/a/approve/b"]
)
def test_addresses_that_do_not_exist(world: World, path: str) -> None:
    problem(world.auditor.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW"])
def test_methods_that_an_address_does_not_take(world: World, method: str) -> None:
    response = world.auditor.http.generic(method, "/api/v1/clients", headers=world.auditor.headers)
    problem(response, 405, "method_not_allowed")
    assert {word.strip() for word in response.headers["Allow"].split(",")} == {"GET", "HEAD", "POST"}
    response = world.ops.post(f"/clients/{world.client.public_id}", {})
    problem(response, 405, "method_not_allowed")


def test_head_is_get_without_a_body(world: World) -> None:
    response = world.auditor.http.head("/api/v1/clients", headers=world.auditor.headers)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "x"],
)
def test_bodies_that_are_not_json(world: World, kind: str) -> None:
    before = counts()
    headers = world.ops.headers | {"Idempotency-Key": "k"}
    response = world.ops.http.generic("POST", "/api/v1/clients", b"name=x", content_type=kind, headers=headers)
    problem(response, 415, "unsupported_media_type")
    assert counts() == before


def test_a_body_that_is_too_large(world: World) -> None:
    before = counts()
    body = b'{"name": "' + b"x" * django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    problem(world.ops.post("/clients", raw=body), 413, "request_too_large")
    big = b"x" * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    headers = world.ops.headers | {"Idempotency-Key": "k"}
    response = world.ops.http.generic(
        "POST", "/api/v1/statements?account=bank/sepa/client-money", big, content_type="text/plain", headers=headers
    )
    problem(response, 413, "request_too_large")
    assert counts() == before


def test_an_answer_is_json_whatever_the_client_says_it_accepts(world: World) -> None:
    api = Api(**world.auditor.headers, Accept="text/html")
    assert api.get("/clients").headers["Content-Type"] == "application/json"
    problem(api.get("/clients/x"), 404, "not_found")


def test_a_crash_says_nothing_about_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(**_: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(clients, "create", crash)
    response = world.ops.post("/clients", NEW)
    assert "secret" not in problem(response, 500, "internal_error")["detail"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OperationalError("down"), 503, "unavailable"), (IntegrityError("twice"), 409, "version_conflict")],
)
def test_what_the_database_says_becomes_a_clear_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def refuse(**_: Any) -> None:
        raise error

    monkeypatch.setattr(clients, "create", refuse)
    response = world.ops.post("/clients", NEW)
    problem(response, status, code)
    assert ("Retry-After" in response.headers) == (status == 503)


def test_two_clients_with_one_external_id_at_once_are_one(committed_world: World) -> None:
    body = NEW | {"external_id": "crm-1"}
    answers = at_once(8, lambda _: Api(**committed_world.ops.headers).post("/clients", body))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert Client.objects.filter(external_id="crm-1").count() == 1
    problem(committed_world.ops.post("/clients", body | {"name": "Ada"}), 422, "duplicate_reference", "external_id")


def test_every_wrong_field_is_told_at_once(world: World) -> None:
    body = problem(world.ops.post("/clients", {"name": 17, "country": [], "colour": "red"}), 400, "invalid_request")
    assert body["param"] == "colour"
    body = problem(world.ops.post("/clients", {"name": 17, "country": []}), 400, "invalid_request")
    assert {error["param"] for error in body["errors"]} == {"name", "country", "email"}


def test_a_live_server_speaks_the_same(live_server: Any, transactional_db: None) -> None:
    world = World()
    base = f"{live_server.url}/api/v1"
    assert requests.get(f"{base}/clients", headers=world.auditor.headers, timeout=5).json()["data"]
    headers = world.ops.headers | {"Idempotency-Key": "k-1"}
    first = requests.post(f"{base}/withdrawals", json=world.withdrawal_body(), headers=headers, timeout=5)
    again = requests.post(f"{base}/withdrawals", json=world.withdrawal_body(), headers=headers, timeout=5)
    assert (first.status_code, again.content, again.headers["Idempotent-Replayed"]) == (201, first.content, "true")
    refused = requests.get(f"{base}/clients", timeout=5)
    assert (refused.status_code, refused.headers["Content-Type"]) == (401, "application/problem+json")
    assert "WWW-Authenticate" in refused.headers


def test_reading_pages_of_the_api_sets_no_cookie(world: World) -> None:
    response = world.auditor.get("/clients")
    assert not response.cookies
    assert clients_api.Clients.owners
    assert Http().get("/api/v1/clients").status_code == 401
