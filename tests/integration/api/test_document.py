"""The OpenAPI document: complete, valid, committed, and the same as the code."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client as Http

from config.env import ROOT
from config.problems import KINDS
from tests.integration.api.test_roles import VIEWS

COMMITTED = ROOT / "docs" / "reference" / "openapi.yaml"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    made: Path = tmp_path_factory.mktemp("document") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(made))
    return made.read_text(), yaml.safe_load(made.read_text())


def test_the_committed_document_is_what_the_code_says(document: tuple[str, Any]) -> None:
    assert COMMITTED.read_text() == document[0], (
        "The API has changed. Run: python manage.py spectacular --validate --fail-on-warn "
        "--file docs/reference/openapi.yaml"
    )


def test_every_route_is_in_it_with_its_key_and_its_refusals(document: tuple[str, Any]) -> None:
    paths = document[1]["paths"]
    for route, view in VIEWS.items():
        path = paths[
            "/api/v1/" + route.replace("<str:reference>", "{reference}").replace("<path:reference>", "{reference}")
        ]
        for method, operation in path.items():
            assert operation["summary"]
            assert f"`{view.permission[method.upper()]}`" in operation["description"]
            assert {"400", "401", "403", "429", "503"} <= set(operation["responses"])
            names = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
            if method == "post":
                assert names["Idempotency-Key"].get("required", False) is view.keyed
                assert {"404", "409", "413", "415", "422"} <= set(operation["responses"])
                assert operation["security"] == [{"apiKey": []}]
            if view.paged and method == "get":
                assert {"limit", "cursor"} <= set(names)


def test_every_code_is_in_it(document: tuple[str, Any]) -> None:
    assert set(document[1]["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == set(KINDS)


def test_amounts_are_strings_and_times_have_a_format(document: tuple[str, Any]) -> None:
    withdrawal = document[1]["components"]["schemas"]["Withdrawal"]["properties"]
    assert withdrawal["amount"]["type"] == "string"
    assert withdrawal["created_at"]["format"] == "date-time"
    assert not any("number" in str(schema.get("type")) for schema in withdrawal.values())


def test_document_and_page_are_served_under_the_page_policy(db: None) -> None:
    schema = Http().get("/api/schema/")
    assert schema.status_code == 200
    assert b"/api/v1/withdrawals" in schema.content
    page = Http().get("/api/docs/")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert b"<script>" not in page.content
    assert Http().get("/api/docs/?script=").status_code == 200
