"""Every route of the API declares what it needs; the permission class refuses what is not declared."""

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework import serializers

from config.parsers import StrictJSONParser
from ledger.api import fields
from ledger.api.permissions import DeclaredPermission
from ledger.api.shapes import Answer, Input
from ledger.errors import AuthenticationFailed, Forbidden
from payments.actors import Actor
from payments.roles import PERMISSIONS
from tests.integration.api.test_roles import VIEWS


def test_there_are_routes() -> None:
    assert len(VIEWS) > 40


@pytest.mark.parametrize("route", VIEWS)
def test_every_method_of_every_route_declares_a_permission_of_the_table(route: str) -> None:
    view = VIEWS[route]
    methods = {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}
    assert set(view.permission) == methods
    assert set(view.permission.values()) <= set(PERMISSIONS)
    assert set(view.summary) == methods
    assert view.__doc__


def asked(method: str, actor: Any, **view: Any) -> bool:
    request: Any = SimpleNamespace(method=method, **({"actor": actor} if actor else {}))
    shown = SimpleNamespace(**{"allowed_methods": ["GET", "POST"], "owners": False, "permission": {}, **view})
    return DeclaredPermission().has_permission(request, shown)


def test_what_is_not_declared_is_denied() -> None:
    administrator = Actor(id="usr_1", person="usr_1", roles=frozenset({"administrator", "auditor", "support"}))
    with pytest.raises(Forbidden):
        asked("GET", administrator)
    with pytest.raises(AuthenticationFailed):
        asked("GET", None)


def test_a_client_may_read_only_where_owners_may_and_never_write() -> None:
    client = Actor(id="usr_1", person="usr_1", roles=frozenset({"client"}), client_id="cl_1")
    needs = {"GET": "payments.view_withdrawal", "POST": "payments.request_withdrawal"}
    with pytest.raises(Forbidden):
        asked("GET", client, permission=needs)
    with pytest.raises(Forbidden):
        asked("POST", client, permission={"POST": "payments.approve_withdrawal"}, owners=True)


@pytest.mark.parametrize("route", VIEWS)
def test_bodies_are_strict_and_every_text_has_an_end(route: str) -> None:
    body = VIEWS[route].body
    assert issubclass(body, Input)
    for name, field in walk(body()):
        assert not isinstance(field, serializers.CharField) or isinstance(field, fields.Text), name
        if isinstance(field, fields.Text):
            assert field.max_length, name


@pytest.mark.parametrize("route", VIEWS)
def test_the_example_in_the_document_is_right(route: str) -> None:
    body = VIEWS[route].body
    if body.specimen:
        body(data=body.specimen).is_valid(raise_exception=True)
    else:
        required = [name for name, field in body().fields.items() if field.required]
        assert not required or route == "statements"


@pytest.mark.parametrize("route", [route for route in VIEWS if route != "statements"])
def test_bodies_are_read_by_the_strict_reader(route: str) -> None:
    assert VIEWS[route].parser_classes == [StrictJSONParser]


def walk(shape: Any) -> Any:
    for name, field in shape.fields.items():
        yield name, field
        inner = getattr(field, "child", field)
        if isinstance(inner, serializers.Serializer):
            assert isinstance(inner, Input)
            yield from walk(inner)


class Secretive(Answer):
    restricted = {"secret": "payments.view_bank_details"}

    name = fields.Text()
    secret = fields.Text()


@pytest.mark.parametrize(
    ("role", "names"), [("auditor", {"name", "secret"}), ("support", {"name"}), ("client", {"name"})]
)
def test_a_restricted_field_is_left_out_without_its_permission(role: str, names: set[str]) -> None:
    actor = Actor(id="usr_1", person="usr_1", roles=frozenset({role}))
    shown = Secretive({"name": "a", "secret": "b"}, context={"actor": actor}).data
    assert set(shown) == names
