"""A bank of its own for one firm: takes payment files, pays them in its own time, and reports in ISO 20022.

Wire format: see `client.py`. It agrees with us only over the wire. What happens to a payout is decided by
rules per beneficiary IBAN: `settle` (default), `reject:AC04`, `return:AC06` (paid, then sent back), `silent`
(taken and never heard of again), `unannounced` (paid, but only the statement tells), `slow`. Steps come
`delay` seconds apart, a tenth of that for instant payments; a payout above the account's money and credit
line is refused with AM04.

Control doors: GET/POST /_sim/rules [{iban, outcome, seconds}], POST /_sim/delay {seconds}, POST /_sim/credit
{amount, currency, remittance, name, iban, end_to_end_id, reference, account, booked_on}, POST /_sim/close_day {date},
GET /_sim/books.

Faults on "upload": drop_before, http_500_before, hang_before (the file is taken `seconds` later, after the
sender gave up), drop_after, http_500_after, hang_after (taken at once, answered too late), refuse (data:
code, message), reject_later (data: reason; taken, then refused as a whole by pain.002). On "message", "list"
and "download": drop, http_500, lag (`seconds`); on "list" and "download" also duplicate (a file appears
twice, under two references).
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from payments.connectors.bank.sepa import simulator_books as books
from payments.connectors.bank.sepa import simulator_controls as controls
from payments.connectors.bank.sepa import simulator_faults
from payments.connectors.bank.sepa import simulator_steps as steps
from payments.connectors.bank.sepa.simulator_orders import Order, Refused, read_order
from payments.connectors.simulation import Fault, FaultScript, Request, Response, Simulator

# Bank code 9999 0000 belongs to no bank: nothing can be paid to these accounts by mistake.
CLIENT_MONEY_IBAN = "DE07999900000000000001"
OWN_IBAN = "DE77999900000000000002"
BIC = "SIMBDEFFXXX"
CURRENCIES = ("EUR", "USD", "GBP", "CHF")


class SepaSimulator(Simulator):
    """Both accounts exist in every currency; payouts leave in EUR. `close_every`: seconds between automatic
    day ends."""

    name = "sepa"
    schema = books.SCHEMA

    def __init__(
        self,
        *,
        state: Path | str,
        faults: FaultScript | None = None,
        owner: str = "Wherewithal Demo Broker",
        client_iban: str = CLIENT_MONEY_IBAN,
        own_iban: str = OWN_IBAN,
        bic: str = BIC,
        currencies: Sequence[str] = CURRENCIES,
        delay: float = 1.0,
        close_every: float | None = None,
        credit_line: Decimal | int | str = 10_000_000,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(state=state, faults=faults)
        self.delay = delay
        self._house = steps.House(bic=bic, credit_line=Decimal(credit_line))
        self._client_iban = client_iban
        self._close_every = close_every
        self._clock = clock
        self._closed_at = clock()
        self._writing = threading.Lock()  # one writer at a time: the tick and the request threads
        with self.db() as db:
            rows = [(iban, currency, owner) for iban in (client_iban, own_iban) for currency in currencies]
            db.executemany("insert into account values (?, ?, ?) on conflict do nothing", rows)

    def handle(self, request: Request) -> Response:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        match (request.method, *parts):
            case ("POST" | "PUT", "files"):
                return self._upload(request)
            case ("GET", "messages", message_id):
                return self._message(message_id)
            case ("GET", "files"):
                return self._list(int(request.query.get("limit", "50")))
            case ("GET", "files", reference):
                return self._download(reference)
            case ("POST", "files", reference, "acknowledge"):
                return self._acknowledge(reference)
        return Response.json({"code": "unknown_path"}, status=404)

    def _upload(self, request: Request) -> Response:
        fault = self.faults.strike("upload")
        early = simulator_faults.before(fault)
        if early is not None:
            return early
        with self._writing, self.db() as db:
            try:
                reference = self._take(db, request, fault)
                answer = Response.json(
                    {"reference": reference, "message_id": request.query.get("message_id", "")}, status=201
                )
            except Refused as refusal:
                db.rollback()
                status = 409 if refusal.code == "duplicate_message" else 422
                answer = Response.json({"code": refusal.code, "message": refusal.message}, status=status)
        return simulator_faults.after(fault) or answer

    def _take(self, db: sqlite3.Connection, request: Request, fault: Fault | None) -> str:
        order = read_order(request.body)
        if order.message_id != request.query.get("message_id"):
            raise Refused("message_id_differs", "The file carries another message id than the upload.")
        for payment in order.payments:
            if not books.has_account(db, payment.debtor_iban, payment.currency):
                raise Refused("unknown_account", f"{payment.debtor_iban} is no account of yours.")
        reference = f"U{hashlib.sha256(order.message_id.encode()).hexdigest()[:16]}"
        if not books.keep_order(db, order, reference=reference, now=self._clock()):
            raise Refused("duplicate_message", f"The message id {order.message_id} was used before.")
        self._plan(db, order, fault)
        return reference

    def _plan(self, db: sqlite3.Connection, order: Order, fault: Fault | None) -> None:
        rules = {row["iban"]: row for row in db.execute("select * from rule").fetchall()}
        now = self._clock().timestamp()
        for payment in order.payments:
            rule = rules.get(payment.iban)
            plan, pause = steps.plan_for(rule["outcome"] if rule else "settle", delay=self.delay)
            if rule and rule["seconds"] is not None:
                pause = rule["seconds"]
            if payment.instant:
                pause /= 10
            if fault is not None and fault.do == "reject_later":
                plan = [f"FILE:{fault.data.get('reason', 'FF01')}"]
            books.keep_payment(db, order.message_id, payment, plan=plan, pause=pause, due=now + pause)

    def _message(self, message_id: str) -> Response:
        if trouble := simulator_faults.trouble(self.faults.strike("message")):
            return trouble
        with self.db() as db:
            row = db.execute("select * from message where message_id = ?", (message_id,)).fetchone()
        if row is None:
            return Response.json({"code": "unknown_message"}, status=404)
        return Response.json({"message_id": row["message_id"], "received_at": row["received_at"]})

    def _list(self, limit: int) -> Response:
        fault = self.faults.strike("list")
        if trouble := simulator_faults.trouble(fault):
            return trouble
        waiting = "select * from file where not acknowledged order by id limit ?"
        with self._writing, self.db() as db:
            rows = db.execute(waiting, (limit,)).fetchall()
            if fault is not None and fault.do == "duplicate" and rows:
                books.keep_again(db, rows[0])
                rows = db.execute(waiting, (limit,)).fetchall()
        files = [{"reference": row["reference"], "name": row["name"], "kind": row["kind"]} for row in rows]
        return Response.json({"files": files})

    def _download(self, reference: str) -> Response:
        fault = self.faults.strike("download")
        if trouble := simulator_faults.trouble(fault):
            return trouble
        with self._writing, self.db() as db:
            row = db.execute("select * from file where reference = ?", (reference,)).fetchone()
            if row is None:
                return Response.json({"code": "unknown_file"}, status=404)
            if fault is not None and fault.do == "duplicate":
                books.keep_again(db, row)
        proof = {"X-Content-SHA256": hashlib.sha256(row["content"]).hexdigest()}
        return Response(body=row["content"], content_type="application/xml", headers=proof)

    def _acknowledge(self, reference: str) -> Response:
        with self._writing, self.db() as db:
            done = db.execute("update file set acknowledged = 1 where reference = ?", (reference,))
        if not done.rowcount:
            return Response.json({"code": "unknown_file"}, status=404)
        return Response.json({"reference": reference})

    def background(self) -> None:
        now = self._clock()
        with self._writing, self.db() as db:
            steps.advance(db, house=self._house, now=now)
            if self._close_every and (now - self._closed_at).total_seconds() >= self._close_every:
                self._closed_at = now
                steps.close_day(db, house=self._house, on=now.date(), now=now, moved_only=True)

    def control(self, request: Request) -> Response | None:
        door = request.path.removeprefix("/_sim/")
        if door not in ("rules", "delay", "credit", "close_day", "books"):
            return super().control(request)
        try:
            body = json.loads(request.body or b"{}")
            with self._writing, self.db() as db:
                return Response.json(self._control(db, door, body, posted=request.method == "POST"))
        except ValueError as error:
            return Response.json({"error": str(error)}, status=422)

    def _control(self, db: sqlite3.Connection, door: str, body: Any, *, posted: bool) -> Any:
        now = self._clock()
        if door == "rules":
            if posted:
                controls.set_rules(db, body)
            return controls.list_rules(db)
        if door == "delay":
            self.delay = controls.seconds(body)
            return {"seconds": self.delay}
        if door == "credit":
            entry = controls.credit(db, body, house=self._house, default_iban=self._client_iban, now=now)
            return {"reference": books.reference(entry)}
        if door == "close_day":
            return {"files": controls.close_day(db, body, house=self._house, now=now)}
        return books.overview(db)
