"""Locking the row of a movement before anything about it is decided."""

from typing import Any, TypeVar

from django.db import connection, models

from ledger.errors import NotFound

Row = TypeVar("Row", bound=models.Model)


def locked(model: type[Row], key: Any, *, param: str | None = None) -> Row:
    """Read one row and keep it locked until the transaction ends. Raises NotFound.

    Lock order everywhere: the movement first, then the client, then the ledger's own rows (holds or pending, then
    balances by id). Rows that merely point at the locked one may still be written meanwhile."""
    row = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    if row is None:
        raise NotFound(param=param)
    return row


def one_at_a_time(work: str) -> None:
    """Wait until nobody else is at this piece of work, and keep it until the transaction ends.

    For what has no row of its own to lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [work])
