"""A trading server that speaks the MT5 Web API: the real counterpart of `Mt5Adapter`, with books of its own.

Sessions live on their connection (and its cookie) and end after `silence_seconds` without a word. A request
without a session gets HTTP 403 "Forbidden", which is what public clients of the Web API report from live
servers; a wrong password gets 403 with return code 1001. Comments are cut at 31 characters without a word,
times are the wall clock.

Where faults strike. On "balance" (and "open" for new accounts): `drop_before` closes the connection and does
nothing, `drop_after` does the work and closes; `hang_before` waits `seconds` and then works, which is the
late success that nobody expects any more; `hang_after` works, waits and answers; `refuse` answers 10019 or
`data.retcode`; `busy` answers 12; `garbage` works and sends broken JSON; `http_500_before` and
`http_500_after` answer 500. On "history": `lag` hides operations younger than `seconds`, `drop` closes. On
"auth": `wrong_answer` makes it a server that does not know the password, `refuse` refuses ours, `drop`
closes. On "read" (account, user, group): `drop`, `http_500`, `garbage`. Controls under /_sim/: see `Desk`.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from payments.connectors.platforms.mt5.simulator_books import Books
from payments.connectors.platforms.mt5.simulator_desk import Desk
from payments.connectors.platforms.mt5.simulator_store import SCHEMA, Refusal
from payments.connectors.platforms.mt5.simulator_views import Views
from payments.connectors.platforms.mt5.simulator_wire import (
    BROKEN,
    ERROR_500,
    FORBIDDEN,
    Params,
    check_password,
    count,
    done,
    instead_of_work,
    parameters,
    refused,
)
from payments.connectors.simulation import DroppedConnection, FaultScript, Request, Response, Simulator

COOKIE = "mt5_session"
SMALLEST_VERSION = 484


def proof(password: str, rand: bytes) -> str:
    """The server's own reckoning of the sign-in answer, on purpose not the adapter's."""
    digest = password.encode("utf-16-le")
    for tail in (b"", b"WebAPI", rand):
        digest = hashlib.md5(digest + tail, usedforsecurity=False).digest()
    return digest.hex()


class Mt5Simulator(Simulator):
    name = "mt5"
    schema = SCHEMA

    def __init__(
        self,
        *,
        state: Path | str,
        faults: FaultScript | None = None,
        login: str = "1000",
        password: str = "Demo-manager-1",  # noqa: S107 (made up, on a simulator)
        utc_offset: timedelta = timedelta(hours=2),
        silence_seconds: float = 180.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(state=state, faults=faults)
        self._login, self._password, self._silence = login, password, silence_seconds
        self.books = Books(connect=self.db, utc_offset=utc_offset, now=now)
        self._views, self._desk = Views(self.books), Desk(self.books)

    def control(self, request: Request) -> Response | None:
        return self._desk.answer(request) or super().control(request)

    def handle(self, request: Request) -> Response:
        session = request.connection
        silent = time.monotonic() - session.get("heard", time.monotonic())
        session["heard"] = time.monotonic()
        if silent > self._silence:
            raise DroppedConnection
        try:
            if request.path == "/api/auth/start":
                return self._auth_start(request)
            if request.path == "/api/auth/answer":
                return self._auth_answer(request)
            if "cookie" not in session or session["cookie"] not in request.headers.get("cookie", ""):
                return FORBIDDEN
            return self._route(request.path, parameters(request))
        except Refusal as refusal:
            return refused(str(refusal))

    def _auth_start(self, request: Request) -> Response:
        query, session = request.query, request.connection
        session.pop("cookie", None)
        if count(query, "version") < SMALLEST_VERSION or not query.get("agent") or query.get("type") != "manager":
            raise Refusal("3 Invalid parameters")
        session["challenge"] = secrets.token_bytes(16)
        session["login"] = query.get("login", "")
        return done(version_access="5000", srv_rand=session["challenge"].hex())

    def _auth_answer(self, request: Request) -> Response:
        query, session = request.query, request.connection
        fault = self.faults.strike("auth")
        if fault and fault.do == "drop":
            raise DroppedConnection
        challenge = session.pop("challenge", b"")
        expected = proof(self._password, challenge)
        known = challenge and session["login"] == self._login and query.get("srv_rand_answer") == expected
        if not known or (fault and fault.do == "refuse"):
            return refused("1001 Invalid account", status=403)
        try:
            answer = proof(self._password, bytes.fromhex(query.get("cli_rand", "")))
        except ValueError as error:
            raise Refusal("3 Invalid parameters") from error
        if fault and fault.do == "wrong_answer":
            answer = secrets.token_hex(16)
        session["cookie"] = secrets.token_hex(16)
        body = {"retcode": "0 Done", "version_trade": "5000", "cli_rand_answer": answer}
        cookie = {"Set-Cookie": f"{COOKIE}={session['cookie']}; Path=/; HttpOnly"}
        return Response(body=json.dumps(body).encode(), headers=cookie)

    def _route(self, path: str, params: Params) -> Response:
        if path in ("/api/test/access", "/api/quit"):
            return done()
        if path == "/api/trade/balance":
            return self._faulty("balance", lambda: self._balance(params))
        if path == "/api/user/add":
            return self._faulty("open", lambda: self._open(params))
        if path in self._views.states:
            return self._read(lambda: self._views.states[path](params))
        if path in self._views.histories:
            return self._history(lambda settled: self._views.histories[path](params, settled))
        raise Refusal("12002 Command is not supported")

    def _balance(self, params: Params) -> Response:
        if params.get("type") not in ("2", "3", "4", "5", "6"):
            raise Refusal("3 Invalid parameters")
        ticket = self.books.operate(
            login=params.get("login", ""),
            action=int(params["type"]),
            amount=params.get("balance", ""),
            Comment=params.get("comment", ""),
            check=params.get("check_margin", "1") != "0",
            Dealer=self._login,
        )
        return done({"Ticket": ticket})

    def _open(self, params: Params) -> Response:
        leverage = params.get("Leverage", params.get("leverage", ""))
        name = params.get("Name", params.get("name", ""))
        group = params.get("Group", params.get("group", ""))
        if not name or not leverage.isdecimal() or not 1 <= int(leverage) <= 500:
            raise Refusal("3 Invalid parameters")
        for field, old in (("PassMain", "pass_main"), ("PassInvestor", "pass_investor")):
            check_password(params.get(field, params.get(old, "")))
        login = self.books.open_account(name=name[:127], group=group, leverage=int(leverage))
        return done(self._views.user({"login": login}), login=login)

    def _faulty(self, on: str, work: Callable[[], Response]) -> Response:
        fault = self.faults.strike(on)
        if fault is None:
            return work()
        instead = instead_of_work(fault)
        if instead is not None:
            return instead
        if fault.do == "hang_before":
            time.sleep(fault.seconds)
        response = work()
        if fault.do == "drop_after":
            raise DroppedConnection
        if fault.do == "hang_after":
            time.sleep(fault.seconds)
        return {"garbage": BROKEN, "http_500_after": ERROR_500}.get(fault.do, response)

    def _read(self, read: Callable[[], Any]) -> Response:
        fault = self.faults.strike("read")
        if fault and fault.do == "drop":
            raise DroppedConnection
        instead = {"http_500": ERROR_500, "garbage": BROKEN}.get(fault.do) if fault else None
        return instead or done(read())

    def _history(self, read: Callable[[float | None], Any]) -> Response:
        fault = self.faults.strike("history")
        if fault and fault.do == "drop":
            raise DroppedConnection
        return done(read(time.time() - fault.seconds if fault and fault.do == "lag" else None))
