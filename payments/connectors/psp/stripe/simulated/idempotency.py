"""Stripe's idempotency keys: the first answer is kept and given again, for the same parameters only.

An answer is kept once the work had begun; a request that was refused for its form leaves its key free. Keys
are forgotten after 24 hours, as Stripe may do.

Source: Stripe documentation, "Idempotent requests".
"""

import hashlib
import json
from typing import Any

from payments.connectors.psp.stripe.simulated.books import Book
from payments.connectors.psp.stripe.simulated.errors import ApiError, other_parameters

KEPT_SECONDS = 86_400
_LONGEST = 255


def fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    text = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def recall(book: Book, key: str, print_: str) -> tuple[int, str] | None:
    """The kept answer, None for a new key. Raises ApiError idempotency_error for other parameters."""
    if len(key) > _LONGEST:
        raise ApiError("Idempotency keys are at most 255 characters long.", type="idempotency_error")
    book.db.execute("delete from answers where created < ?", (book.now - KEPT_SECONDS,))
    row = book.db.execute("select * from answers where key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise other_parameters(key)
    return row["status"], row["body"]


def keep(book: Book, key: str, print_: str, *, status: int, body: str) -> None:
    book.db.execute(
        "insert or ignore into answers (key, fingerprint, status, body, created) values (?, ?, ?, ?, ?)",
        (key, print_, status, body, book.now),
    )
