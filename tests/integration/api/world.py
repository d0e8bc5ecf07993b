"""A firm as a program sees it: a key for each role, a client with money, and requests as another program sends them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client as Http
from django.utils import timezone

from payments.actors import Actor
from payments.models import Client, PaymentMethod
from payments.roles import CLIENT, ROLES
from payments.services import api_keys
from tests.factories import people
from tests.factories.refusals import changes, footprint

STAFF = tuple(role for role in ROLES if role != CLIENT)
PROBLEM = "application/problem+json"
_numbers = count(1)


def key(role: str, *, owner: Any = None) -> str:
    """The secret of a new key."""
    _, secret = api_keys.create(
        name=f"{role} {next(_numbers)}", role=role, owner=owner, actor=Actor.system("test"), now=timezone.now()
    )
    return secret


class Api:
    """Requests with one key. Every POST brings a fresh Idempotency-Key unless told otherwise."""

    def __init__(self, secret: str = "", **headers: str) -> None:
        self.headers = headers | ({"Authorization": f"Bearer {secret}"} if secret else {})
        self.http = Http(raise_request_exception=False)

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self._sent(lambda: self.http.get(f"/api/v1{path}", query, headers=self.headers))

    def post(self, path: str, body: Any = None, *, key: str | None = "", raw: bytes | None = None) -> HttpResponse:
        headers = dict(self.headers)
        if key is not None:
            headers["Idempotency-Key"] = key or str(uuid4())
        data = raw if raw is not None else json.dumps({} if body is None else body).encode()
        return self._sent(
            lambda: self.http.generic("POST", f"/api/v1{path}", data, content_type="application/json", headers=headers)
        )

    def upload(self, path: str, form: dict[str, Any], *, key: str = "") -> HttpResponse:
        headers = self.headers | {"Idempotency-Key": key or str(uuid4())}
        return self._sent(lambda: self.http.post(f"/api/v1{path}", form, headers=headers))

    def _sent(self, send: Callable[[], Any]) -> HttpResponse:
        """Where the test itself is a transaction, each request is one inside it: refused, it is rolled back."""
        if not connection.in_atomic_block:
            return _whole(send())
        with transaction.atomic():
            response = _whole(send())
            transaction.set_rollback(response.status_code >= 400)
        return response

    def made(self, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """POST that must succeed; its answer."""
        response = self.post(path, body, **options)
        assert 200 <= response.status_code < 300, response.content
        found: dict[str, Any] = response.json()
        return found

    def read(self, path: str, **query: Any) -> dict[str, Any]:
        """GET that must succeed; its answer."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found


def _whole(response: Any) -> HttpResponse:
    """Read a file to its end, so that nothing of it stays open."""
    if response.streaming:
        response.streaming_content = [b"".join(response.streaming_content)]
    found: HttpResponse = response
    return found


class World:
    """One client with money, and a program for each role."""

    def __init__(self) -> None:
        self.apis: dict[str, Api] = {role: Api(key(role)) for role in STAFF}
        self.ops, self.finance = self.apis["payments_ops"], self.apis["finance_approver"]
        self.compliance, self.auditor = self.apis["compliance"], self.apis["auditor"]
        self.client: Client = people.client(name="Ada Client")
        self.other: Client = people.client(name="Otto Other")
        self.payee: PaymentMethod = people.payee(self.client)
        people.fund(self.client, "1000.00", "EUR")
        people.fund(self.client, "500.00", "USD")
        people.fund(self.other, "300.00", "EUR")

    def wallet(self, client: Client | None = None) -> str:
        return (client or self.client).account_code("wallet")

    def withdrawal(self, amount: str = "100.00") -> dict[str, Any]:
        return self.ops.made("/withdrawals", self.withdrawal_body(amount))

    def withdrawal_body(self, amount: str = "100.00") -> dict[str, Any]:
        return {
            "client": self.client.public_id,
            "amount": amount,
            "currency": "EUR",
            "payment_method": self.payee.public_id,
        }

    def transfer_between(self, amount: str = "10.00", **more: Any) -> dict[str, Any]:
        """A transaction by hand: from one client's wallet to another's."""
        return {
            "reason": "CLIENT_INTERNAL_TRANSFER",
            "entries": [
                {"account": self.wallet(), "direction": "debit", "amount": amount, "currency": "EUR"},
                {"account": self.wallet(self.other), "direction": "credit", "amount": amount, "currency": "EUR"},
            ],
            **more,
        }

    def browser(self, client: Client | None = None) -> Api:
        """The client's own browser, signed in."""
        api = Api()
        api.http.force_login(
            (client or self.client).user, backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        return api


def problem(response: HttpResponse, status: int, code: str, param: str | None = "*") -> dict[str, Any]:
    """Assert a refusal in the public shape; its body."""
    assert response.status_code == status, (response.status_code, response.content)
    assert response.headers["Content-Type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert {"type", "title", "detail", "param", "request_id", "retryable"} <= set(body)
    assert body["request_id"] == response.headers["X-Request-ID"]
    if param != "*":
        assert body["param"] == param, body
    return body


@contextmanager
def nothing_moves() -> Iterator[None]:
    """What happens inside leaves every row of every table as it was, but for when a key was last used."""
    before = footprint()
    yield
    assert set(changes(before)) <= {"payments_apikey"}


def counts() -> dict[str, int]:
    """How many rows each table of ours has, keys of idempotency left out."""
    return {
        model._meta.label: model._default_manager.count()
        for app in ("ledger", "payments", "reconciliation")
        for model in apps.get_app_config(app).get_models()
        if model._meta.label not in {"payments.IdempotencyKey"}
    }
