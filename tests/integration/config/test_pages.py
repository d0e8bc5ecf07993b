"""What every answer carries: a strict page policy, a request id, errors in plain words or as problem documents."""

import base64
import hashlib
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

pytestmark = pytest.mark.django_db


def policy(response: Any) -> dict[str, str]:
    directives = response["Content-Security-Policy"].split("; ")
    return {name: values for name, _, values in (directive.partition(" ") for directive in directives)}


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def staff_member() -> Any:
    person = get_user_model().objects.create_user("ops@firm.test", "correct horse battery", is_staff=True)
    person.groups.add(Group.objects.get(name="support"))
    return person


@pytest.mark.parametrize("path", ["/accounts/login/", "/healthz", "/nowhere", "/api/v1/nowhere", "/api/schema/"])
def test_every_page_forbids_foreign_and_inline_scripts(client: Client, path: str):
    found = policy(client.get(path))
    assert (found["default-src"], found["script-src"], found["style-src"]) == ("'none'", "'self'", "'self'")
    assert (found["frame-ancestors"], found["base-uri"]) == ("'none'", "'none'")


def test_only_the_admin_may_evaluate(client: Client):
    found = policy(client.get("/admin/login/"))
    assert "'unsafe-eval'" in found["script-src"]
    assert "'unsafe-inline'" not in found["script-src"]


def test_every_answer_has_the_id_its_log_lines_have(client: Client):
    first, second = client.get("/healthz"), client.get("/healthz")
    assert first["X-Request-ID"] and first["X-Request-ID"] != second["X-Request-ID"]


def test_a_caller_cannot_choose_the_id(client: Client):
    assert client.get("/healthz", headers={"X-Request-ID": "mine"})["X-Request-ID"] != "mine"


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/nowhere", "/api/v1/nowhere/"])
def test_unknown_api_paths_answer_in_json(client: Client, path: str):
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["code"] == "not_found"
    assert response.json()["request_id"] == response["X-Request-ID"]


def test_a_foreign_host_name_is_refused_in_json_under_the_api(client: Client):
    response = client.get("/api/v1/clients", headers={"Host": "evil.test"})
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("path", ["/accounts/login/?next=%00", "/api/v1/clients?q=%00", "/a%00b"])
def test_a_nul_in_the_address_is_refused(client: Client, path: str):
    assert client.get(path).status_code == 400


def test_an_unknown_page_says_so_in_words(client: Client):
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "Traceback" not in response.content.decode()


def test_staff_without_a_second_factor_are_sent_to_enrol(client: Client):
    client.force_login(staff_member())
    response = client.get("/admin/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/totp/activate/")
    refused = client.get("/api/v1/clients")
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")


def test_demo_mode_may_skip_the_second_factor(client: Client, settings: Any):
    settings.SECOND_FACTOR_REQUIRED = False
    client.force_login(staff_member())
    assert client.get("/admin/").status_code == 200


def test_nobody_opens_an_account_by_himself_unless_allowed(client: Client):
    form = {"email": "new@client.test", "password1": "correct horse battery", "password2": "correct horse battery"}
    client.post("/accounts/signup/", form)
    assert not get_user_model().objects.filter(email="new@client.test").exists()


def test_measurements_are_for_the_bearer_of_the_token_only(client: Client, settings: Any):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "let-me-in"
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-in"}).status_code == 200


def test_the_docs_page_loads_its_script_from_a_file(client: Client):
    page = client.get("/api/docs/")
    assert page.status_code == 200
    html = page.content.decode()
    assert html.count("<script>") == 0
    style = html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy(page)["style-src"] == f"'self' 'sha256-{digest}'"
    assert policy(page)["script-src"] == "'self'"
    assert client.get("/api/docs/?script=")["Content-Type"].startswith("application/javascript")
    assert client.get("/api/schema/").status_code == 200
