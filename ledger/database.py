"""Calling the ledger's database functions, and turning their refusals into the same errors that Python raises.

The functions raise SQLSTATE LG000 with the public code as message and JSON facts as detail. This module never opens a
transaction: the caller's `atomic()` decides what commits together.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction
from psycopg import ClientCursor
from psycopg.pq import Format

from ledger import errors

_REFUSED = "LG000"
_TOO_LARGE = "22003"  # numeric_value_out_of_range: balances have 20 digits before the point
_RETRYABLE = {"40001", "40P01"}  # serialization_failure, deadlock_detected
_ATTEMPTS = 5

Result = TypeVar("Result")


def _causes() -> dict[tuple[str, str], type[errors.DomainError]]:
    """The class of each code, and of each cause that a code has; the base class of a code comes first."""
    found: dict[tuple[str, str], type[errors.DomainError]] = {}
    for kind in errors.kinds():
        found.setdefault((kind.code, kind.cause), kind)
        found.setdefault((kind.code, ""), kind)  # the database leaves out the cause of a code's plain case
    return found


def call(function: str, arguments: Sequence[tuple[Any, str]]) -> dict[str, Any]:
    """Run `SELECT * FROM function(…)` and return its one row. `arguments` are (value, SQL type) pairs.

    Raises the DomainError that the database named; any other database error passes through."""
    return call_many(function, arguments)[0]


def call_many(function: str, arguments: Sequence[tuple[Any, str]]) -> list[dict[str, Any]]:
    """Like `call`, for a function that answers with many rows."""
    slots = ", ".join(f"%s::{sql_type}" for _, sql_type in arguments)
    with connection.cursor() as cursor:
        with _refusals():
            cursor.execute(f"SELECT * FROM {function}({slots})", [value for value, _ in arguments])  # noqa: S608 (names and types are literals of this package)
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def call_table(function: str, columns: str, arguments: Sequence[tuple[Any, str]]) -> list[tuple[Any, ...]]:
    """Like `call_many`, for thousands of rows: these columns as tuples. They come in binary, an eighth of the time,
    where parameters go to the server apart from the text (`server_side_binding`)."""
    slots = ", ".join(f"%s::{sql_type}" for _, sql_type in arguments)
    with connection.cursor() as cursor:
        if not isinstance(cursor.cursor, ClientCursor):
            cursor.cursor.format = Format.BINARY
        with _refusals():
            cursor.execute(f"SELECT {columns} FROM {function}({slots})", [value for value, _ in arguments])  # noqa: S608 (as above)
        return cursor.fetchall()


@contextmanager
def _refusals() -> Iterator[None]:
    """What the database refused in our words becomes the error that Python has for it; any other stays as it is, so
    that a deadlock is still seen as one."""
    try:
        yield
    except DatabaseError as error:
        cause = refusal(error)
        if cause is error:
            raise
        raise cause from error


def array(elements: Iterable[str]) -> str:
    """PostgreSQL's literal for an array: a tenth of the time of a list. The elements need no quotes, or have them."""
    return f"{{{','.join(elements)}}}"


def refusal(error: DatabaseError) -> Exception:
    """The domain error in a database error; the error itself when the database did not refuse in our words."""
    cause = error.__cause__
    diagnostics = getattr(cause, "diag", None)
    if getattr(cause, "sqlstate", None) == _REFUSED and diagnostics is not None:
        facts = json.loads(diagnostics.message_detail or "{}")
        if (diagnostics.message_primary, "") not in _causes():
            return error
        return named(diagnostics.message_primary, facts)
    if getattr(cause, "sqlstate", None) == _TOO_LARGE:
        return errors.InvalidAmount("No account can hold that much.", param="amount")
    if getattr(diagnostics, "constraint_name", None) == "ledger_balance_floor":
        return errors.InsufficientAvailable()
    return error


def named(code: str, facts: dict[str, Any]) -> errors.DomainError:
    """The refusal with this public code, worded for its facts. Raises KeyError for a code that is not ours."""
    kinds = _causes()
    kind = kinds.get((code, facts.pop("cause", None) or "")) or kinds[code, ""]
    detail = _describe(kind, facts)
    return kind(detail, param=facts.pop("param", None), **facts)


def _describe(kind: type[errors.DomainError], facts: dict[str, Any]) -> str:
    if kind is errors.InsufficientAvailable and facts.get("account"):
        return (
            f"{facts['account']} has {facts['available']} {facts['currency']} available, "
            f"{facts['wanted']} {facts['currency']} is needed."
        )
    if kind is errors.ConditionNotMet:
        return (
            f"{facts['account']} has {facts['available']} {facts['currency']} available, "
            f"the condition asks for {facts['wanted']} {facts['currency']}."
        )
    if kind is errors.VersionConflict and "version" in facts:
        return f"{facts['account']} is at version {facts['version']}, not {facts['expected']} any more."
    if kind is errors.PeriodClosed and "closed_before" in facts:
        return f"What took effect before {facts['closed_before']} is closed."
    if kind is errors.ChainBroken:
        return f"Transaction {facts['broken_by']} of the same chain was refused."
    if reason := facts.get("reason"):
        return f"{kind.default_detail} ({reason})"
    return ""


def is_transient(error: BaseException) -> bool:
    """True for a deadlock or serialization failure: nothing was done and the same work may be tried again."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    return getattr(cause, "sqlstate", None) in _RETRYABLE


def unit_of_work(work: Callable[[], Result]) -> Result:
    """Run `work` in one database transaction, again (≤ 5 times, with jitter) after a deadlock or serialization failure.

    `work` must have no effect outside the database. Inside an outer transaction it runs once, as part of it."""
    if connection.in_atomic_block:
        return work()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return work()
        except DatabaseError as error:
            if attempt == _ATTEMPTS or not is_transient(error):
                raise
            time.sleep(random.uniform(0.005, 0.02) * 2**attempt)
    raise AssertionError("unreachable")
