"""Delivery of webhooks: signed over the raw bytes, at least once, with growing pauses, and badly when told
so.

Signed here with code of its own: the listener's verifier must agree with the scheme, not with this module.
Faults strike a delivery once, at its first turn, under the names `webhook` and `webhook:<event type>`:
`duplicate` (data.copies more), `reorder` (the next one goes first), `delay` (seconds), `drop` (never sent),
`tamper` (first try with a changed byte).

Source: Stripe documentation, "Verify webhook signatures manually" and "Webhook delivery behaviors".
"""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import requests

from payments.connectors.psp.stripe.simulated.books import Book
from payments.connectors.simulation import Fault, FaultScript

OpenBook = Callable[[], AbstractContextManager[Book]]
PER_TURN = 100
_TIMEOUT = 5
_LONGEST_PAUSE = 60


def sign(body: bytes, *, secrets: list[str], timestamp: int) -> str:
    """The Stripe-Signature header; one v1 per secret (two while a secret is being changed) and a v0 to be
    ignored."""
    payload = str(timestamp).encode() + b"." + body
    made = [hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest() for secret in secrets if secret]
    decoy = hashlib.sha256(payload).hexdigest()
    return ",".join([f"t={timestamp}", *(f"v1={signature}" for signature in made), f"v0={decoy}"])


class Postman:
    """Takes due deliveries from the book one by one, in rank order, never holding the book while it talks."""

    def __init__(self, *, open_book: OpenBook, faults: FaultScript) -> None:
        self._open_book, self._faults = open_book, faults
        self._session = requests.Session()
        self._session.trust_env = False

    def run(self) -> None:
        """Deliver what is due now, at most `PER_TURN`; a listener that cannot be reached ends the turn."""
        for _ in range(PER_TURN):
            with self._open_book() as book:
                url = book.setting("webhook_url")
                row = self._next(book) if url else None
                if row is None:
                    return
                event = book.any(row["event"])
                if event is None or self._struck(book, row, event):
                    continue  # a fault has changed the queue: look again
                secrets = [
                    book.setting("webhook_secret") or "",
                    book.setting("previous_webhook_secret") or "",
                ]
                moment = book.moment
            result = self._send(url, event, secrets, row, int(moment))
            with self._open_book() as book:
                self._record(book, row, result)
            if not result.isdigit():
                return

    def _next(self, book: Book) -> sqlite3.Row | None:
        row: sqlite3.Row | None = book.db.execute(
            "select * from deliveries where state = 'waiting' and due <= ? order by rank limit 1",
            (book.moment,),
        ).fetchone()
        return row

    def _struck(self, book: Book, row: sqlite3.Row, event: dict[str, Any]) -> bool:
        """Let the fault script have its one chance at this delivery; True when it took it."""
        if row["struck"]:
            return False
        book.db.execute("update deliveries set struck = 1 where id = ?", (row["id"],))
        fault = self._faults.strike("webhook") or self._faults.strike(f"webhook:{event['type']}")
        if fault is not None:
            _apply(book, row, fault)
        return fault is not None

    def _send(self, url: str, event: dict[str, Any], secrets: list[str], row: sqlite3.Row, timestamp: int) -> str:
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(body, secrets=secrets, timestamp=timestamp),
        }
        if row["tamper"]:
            body = body.replace(b'"livemode": false', b'"livemode": true ', 1)
        result = ""
        for _ in range(row["copies"]):
            try:
                answer = self._session.post(url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
                result = str(answer.status_code)
            except requests.RequestException as problem:
                result = type(problem).__name__
        return result

    def _record(self, book: Book, row: sqlite3.Row, result: str) -> None:
        done = result.isdigit() and 200 <= int(result) < 300
        pause = min((book.setting("retry_seconds") or 1) * 2 ** min(row["attempts"], 10), _LONGEST_PAUSE)
        book.db.execute(
            "update deliveries set state = ?, last = ?, due = ?, attempts = attempts + 1, tamper = 0 where id = ?",
            ("delivered" if done else "waiting", result, book.moment + (0 if done else pause), row["id"]),
        )


def _apply(book: Book, row: sqlite3.Row, fault: Fault) -> None:
    if fault.do == "drop":
        book.db.execute("update deliveries set state = 'dropped' where id = ?", (row["id"],))
    elif fault.do == "duplicate":
        copies = 1 + int(fault.data.get("copies", 1))
        book.db.execute("update deliveries set copies = ? where id = ?", (copies, row["id"]))
    elif fault.do == "delay":
        book.db.execute("update deliveries set due = ? where id = ?", (book.moment + fault.seconds, row["id"]))
    elif fault.do == "reorder":
        # Behind the next one; when none is waiting yet, a short pause lets one come.
        pause = fault.seconds or 2
        behind = book.db.execute(
            "select min(rank) as rank from deliveries where state = 'waiting' and rank > ?", (row["rank"],)
        ).fetchone()["rank"]
        book.db.execute(
            "update deliveries set rank = ?, due = ? where id = ?",
            (
                (behind or row["rank"] + 1) + 0.5,
                row["due"] if behind is not None else book.moment + pause,
                row["id"],
            ),
        )
    elif fault.do == "tamper":
        book.db.execute("update deliveries set tamper = 1 where id = ?", (row["id"],))
