"""Locking the row of a movement before anything about it is decided."""

from typing import Any, TypeVar

from django.db import models

from ledger.errors import NotFound

Row = TypeVar("Row", bound=models.Model)


def locked(model: type[Row], key: Any, *, param: str | None = None) -> Row:
    """Read one row and keep it locked until the transaction ends. Raises NotFound.

    Lock order everywhere: the movement first, then the ledger's own rows (holds or pending, then balances by id)."""
    row = model._default_manager.select_for_update(of=("self",)).filter(pk=key).first()
    if row is None:
        raise NotFound(param=param)
    return row
