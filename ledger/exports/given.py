"""The record of what is taken away: the book and the sealed history leave an event with the SHA-256 of their bytes.

REST, the staff pages and the commands tell it here, in the same words. It is written by the app's own connection, never
by the one that an export is read from. Nothing here asks who may have a file, or knows what stands in it.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from django.db import connection, transaction

from ledger import events
from ledger.errors import Unavailable


def book(sha256: str, *, form: str, first: date | None, last: date | None, actor: events.Who, now: datetime) -> None:
    """Record that `actor` was given the book of these days, for a program; None leaves that end open."""
    days = {name: str(day) for name, day in (("from", first), ("to", last)) if day is not None}
    data = {"format": form, **days, "sha256": sha256}
    events.record(type="book.exported", object_ref="book", actor=actor, data=data, occurred_at=now)


def sealed_history(sha256: str, *, actor: events.Who, now: datetime) -> None:
    """Record that `actor` was given the sealed history."""
    events.record(type="seal.exported", object_ref="seal", actor=actor, data={"sha256": sha256}, occurred_at=now)


def require_record() -> None:
    """For whoever writes to where nothing can be taken back: to be asked before the first byte.

    Raises Unavailable where this connection can add no event, as the reader cannot, and nobody on a standby."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, has_table_privilege('ledger_event', 'INSERT')"
            " AND NOT current_setting('transaction_read_only')::boolean"
        )
        role, may = cursor.fetchone()
    if not may:
        raise Unavailable(
            f"What is taken away of the books is recorded, and {role} cannot write that here. Nothing was exported. "
            "Run this as the app's role on the primary server: with DATABASE_READER_URL it still reads as the reader."
        )


@contextmanager
def whole_file(output: Path, tell: Callable[[str], None]) -> Iterator[Path]:
    """Where to write what shall be called `output`. When it is complete, its name and its event (`tell`, with the
    SHA-256) come together or not at all; what failed leaves neither, and an older file of that name as it was."""
    partial = output.with_name(f"{output.name}.partial")
    try:
        yield partial
        with partial.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        ready()
        with transaction.atomic():
            tell(sha256)
            partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def ready() -> None:
    """Take a fresh connection where the server may have hung up on one that was idle for as long as an export takes.
    Inside somebody's transaction it stays."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
