"""A Stripe of our own: `python manage.py simulate stripe`, the real counterpart of the adapter.

It keeps books in SQLite, speaks Stripe's form-encoded requests and JSON answers with Stripe's errors and
idempotency, shows a hosted card page, and sends signed webhooks until they are taken. It must never import
the ledger, nor share code or tables with the adapter's side: the two agree only over the wire. Its parts are
in `simulated/`.

Faults strike a route by its name (see `simulated.routes`: `create_payment`, `get_payment`, `capture`,
`cancel`, `refund`, `list_lines`, `payout`, …) or `any`. Before the work: `drop` (no answer, nothing done),
`lag` (seconds), `refuse` (402), `error` (500), `conflict` (409), `rate_limit` (429), `garbage` (HTML with
status 200). After it: `lose` (done, no answer), `hang` (done, answered after `seconds`). Webhook faults:
see `simulated.delivery`.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from payments.connectors.psp.stripe.simulated import (
    checkout,
    clockwork,
    controls,
    delivery,
    forms,
    idempotency,
    routes,
)
from payments.connectors.psp.stripe.simulated.books import SCHEMA, Book, expand, public
from payments.connectors.psp.stripe.simulated.errors import ApiError, unauthorised
from payments.connectors.simulation import (
    DroppedConnection,
    Fault,
    FaultScript,
    Request,
    Response,
    Simulator,
)

_BEFORE: dict[str, tuple[int, dict[str, str]]] = {
    "refuse": (402, {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}),
    "error": (500, {"type": "api_error", "message": "An unknown error occurred."}),
    "conflict": (
        409,
        {
            "type": "idempotency_error",
            "code": "idempotency_key_in_use",
            "message": "There is currently another in-progress request using this Idempotent Key.",
        },
    ),
    "rate_limit": (
        429,
        {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests."},
    ),
}


class StripeSimulator(Simulator):
    """`webhook_url`, `webhook_secret`, `bank_url`, `auto_payout_seconds` and the rest of
    `controls.SETTINGS` are kept in the state file: None means "as it was". Any key that begins with
    sk_test_ is accepted unless `secret_key` is given. `clock` gives seconds since 1970 and can be turned
    by tests."""

    name = "stripe"
    schema = SCHEMA

    def __init__(
        self,
        *,
        state: Path | str,
        faults: FaultScript | None = None,
        secret_key: str | None = None,
        clock: Callable[[], float] = time.time,
        **settings: Any,
    ) -> None:
        unknown = sorted(set(settings) - set(controls.SETTINGS))
        if unknown:
            raise TypeError(f"unknown settings: {', '.join(unknown)}")
        super().__init__(state=state, faults=faults)
        self._secret_key = secret_key
        self._clock = clock
        self._postman = delivery.Postman(open_book=self.book, faults=self.faults)
        with self.book() as book:
            controls.settings(book, {name: value for name, value in settings.items() if value is not None})

    @contextmanager
    def book(self) -> Iterator[Book]:
        """One unit of work; everything in it commits together, or nothing when anything is raised."""
        db = self.db()
        db.isolation_level = None
        try:
            db.execute("pragma synchronous = normal")
            db.execute("begin immediate")
            yield Book(db, moment=self._clock(), base_url=self.url)
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise
        finally:
            db.close()

    def background(self) -> None:
        """Jobs, the payout schedule, deliveries, credits at the bank; trouble with the state waits for the
        next turn."""
        try:
            with self.book() as book:
                clockwork.run_jobs(book)
                clockwork.run_payouts(book)
            self._postman.run()
            clockwork.post_credits(self.book)
        except sqlite3.OperationalError:
            return

    def handle(self, request: Request) -> Response:
        if request.path.startswith(checkout.PREFIX):
            with self.book() as book:
                return checkout.serve(book, request)
        try:
            return self._answer(request)
        except ApiError as problem:
            return _json(problem.status, json.dumps(problem.body()))

    def _answer(self, request: Request) -> Response:
        name, work, identity = routes.find(request.method, request.path)
        self._authenticate(request)
        fault = self.faults.strike(name) or self.faults.strike("any")
        instead = _before(fault)
        if instead is not None:
            return instead
        response = self._once(request, work, identity)
        _after(fault)
        return response

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        known = key == self._secret_key if self._secret_key else key.startswith("sk_test_")
        if scheme.lower() != "bearer" or not known:
            raise unauthorised()

    def _once(self, request: Request, work: routes.Route, identity: str) -> Response:
        """Do the work, or give the kept answer when this idempotency key has one."""
        params = forms.of(request)
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        print_ = idempotency.fingerprint(request.method, request.path, params)
        try:
            with self.book() as book:
                kept = idempotency.recall(book, key, print_) if key else None
                if kept is not None:
                    return _json(*kept, replayed=True)
                paths = params.get("expand") or []
                body = json.dumps(public(expand(book, work(book, params, identity), paths)))
                if key:
                    idempotency.keep(book, key, print_, status=200, body=body)
                return _json(200, body)
        except ApiError as problem:
            if key and problem.executed:
                with self.book() as book:
                    idempotency.keep(book, key, print_, status=problem.status, body=json.dumps(problem.body()))
            raise

    def control(self, request: Request) -> Response | None:
        door = controls.CONTROLS.get(request.path)
        if door is None:
            return super().control(request)
        try:
            with self.book() as book:
                return Response.json(public(door(book, controls.body_of(request.body))))
        except ApiError as problem:
            return Response.json(problem.body(), status=problem.status)


def _before(fault: Fault | None) -> Response | None:
    """What happens instead of the work, None when the work is to be done."""
    if fault is None:
        return None
    if fault.do == "drop":
        raise DroppedConnection
    if fault.do == "lag":
        time.sleep(fault.seconds)
    if fault.do == "garbage":
        return Response.html("<html><body>Bad gateway</body></html>")
    if fault.do in _BEFORE:
        status, error = _BEFORE[fault.do]
        return _json(status, json.dumps({"error": {**error, **fault.data}}))
    return None


def _after(fault: Fault | None) -> None:
    """The work is done and kept; the answer may still get lost."""
    if fault is not None and fault.do == "lose":
        raise DroppedConnection
    if fault is not None and fault.do == "hang":
        time.sleep(fault.seconds)


def _json(status: int, body: str, *, replayed: bool = False) -> Response:
    headers = {"Request-Id": f"req_{secrets.token_hex(7)}", "Stripe-Version": "2024-06-20"}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(body=body.encode(), status=status, headers=headers)
