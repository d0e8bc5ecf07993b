"""Idempotency of REST requests: the first answer to a key is the answer, byte for byte, for 30 days.

The key's row commits together with what the request did. A request that fails leaves no row, so trying again is safe;
a twin that arrives meanwhile waits for the first one's row and then gets its answer. Requests that must call an outside
system take two steps, so that no call is ever made inside the transaction that holds the key: the intention commits
with the key, then the call is made, then the answer is stored. A key whose answer is still missing when its time is up
belongs to a request that was cut off; whoever repeats it goes on where it stopped.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from ledger.database import unit_of_work
from ledger.errors import (
    DomainError,
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    Unavailable,
)
from payments.models import IdempotencyKey

KEPT = timedelta(days=30)
TWIN_WAITS = "2s"
TWIN_WAITS_SECONDS = 2
LOOKS_EVERY_SECONDS = 0.05
# How long a call to an outside system may take before its request counts as cut off.
CALL_TAKES = timedelta(seconds=60)
KEY_MAX = 255
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True)
class Answer:
    """What a request answered: status and exact bytes; `replayed` when it had been answered before."""

    status: int
    body: bytes
    replayed: bool = False


@dataclass(frozen=True)
class _Claim:
    """A key's row; `mine` when this request made it, `reference` names the intention that committed with it."""

    row_id: int
    mine: bool
    reference: str = ""
    answer: Answer | None = None


def once(
    *,
    caller: str,
    key: str | None,
    method: str,
    path: str,
    body: bytes,
    work: Callable[[], tuple[int, bytes]],
) -> Answer:
    """Do `work` once for this caller and key, in one database transaction together with the key.

    Raises IdempotencyKeyRequired without a usable key, IdempotencyKeyReused for another request under the same key,
    IdempotencyInProgress when a twin is still at it after two seconds."""
    checked = require_key(key)
    fingerprint = fingerprint_of(method, path, body)

    def unit() -> Answer:
        row, mine = _claim(caller, checked, fingerprint)
        if not mine:
            return _replay(row)
        status, answer = work()
        IdempotencyKey.objects.filter(pk=row.pk).update(status=status, body=answer)
        return Answer(status, answer)

    return unit_of_work(unit)


def in_two_steps(
    *,
    caller: str,
    key: str | None,
    method: str,
    path: str,
    body: bytes,
    begin: Callable[[], str],
    finish: Callable[[str, bool], tuple[int, bytes]],
    takes: timedelta = CALL_TAKES,
) -> Answer:
    """Commit an intention with its key, then finish it outside of any transaction, then store the answer.

    `begin` writes the intention and names it; it runs once per key. `finish(reference, resumed)` may call outside; it
    runs again, with `resumed`, when an earlier run was cut off more than `takes` ago, so it must ask before it repeats.
    A DomainError of `finish` means that nothing was done and frees the key, except an Unavailable that is not
    retryable: then the outcome is in doubt and the key stays. Raises what `once` raises. Must not be called inside a
    transaction."""
    checked = require_key(key)
    fingerprint = fingerprint_of(method, path, body)
    end = time.monotonic() + TWIN_WAITS_SECONDS
    while True:
        claim = unit_of_work(lambda: _intend(caller, checked, fingerprint, begin))
        if claim.answer is not None:
            return claim.answer
        if claim.mine:
            return _finished(claim, finish, resumed=False)
        if _take_over(claim.row_id, takes):
            return _finished(claim, finish, resumed=True)
        if time.monotonic() >= end:
            raise IdempotencyInProgress(retry_after=2)
        time.sleep(LOOKS_EVERY_SECONDS)


def require_key(key: str | None) -> str:
    """The key itself. Raises IdempotencyKeyRequired for a missing, empty, overlong or unprintable one."""
    if not key or len(key) > KEY_MAX or not key.isprintable():
        raise IdempotencyKeyRequired
    return key


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """The same for the same request, whatever the order of keys and the spaces in its JSON."""
    try:
        canonical: Any = json.dumps(json.loads(body or b"null"), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        canonical = hashlib.sha256(body).hexdigest()
    return hashlib.sha256(f"{method}\n{path}\n{canonical}".encode()).hexdigest()


def prune(*, now: datetime) -> int:
    """Forget answers older than 30 days; the permanent business references still block a late repetition."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted


def _claim(caller: str, key: str, fingerprint: str) -> tuple[IdempotencyKey, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        usual = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [TWIN_WAITS])
        try:
            cursor.execute(
                "INSERT INTO payments_idempotencykey (caller, key, fingerprint, created_at) "
                "VALUES (%s, %s, %s, clock_timestamp()) ON CONFLICT DO NOTHING RETURNING id",
                [caller, key, fingerprint],
            )
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
                raise IdempotencyInProgress(retry_after=2) from error
            raise
        mine = cursor.fetchone() is not None
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [usual])
    row = IdempotencyKey.objects.filter(caller=caller, key=key).first()
    if row is None:  # the twin gave its key up between our two looks
        raise IdempotencyInProgress(retry_after=1)
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return row, mine


def _intend(caller: str, key: str, fingerprint: str, begin: Callable[[], str]) -> _Claim:
    row, mine = _claim(caller, key, fingerprint)
    if not mine:
        answer = None if row.status is None else _replay(row)
        return _Claim(row.pk, mine=False, reference=bytes(row.body or b"").decode(), answer=answer)
    reference = begin()
    # Until there is a status, the body's place keeps the name of the intention.
    IdempotencyKey.objects.filter(pk=row.pk).update(body=reference.encode())
    return _Claim(row.pk, mine=True, reference=reference)


def _take_over(row_id: int, takes: timedelta) -> bool:
    """Become the one who finishes a request that was cut off; only one repetition at a time can."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payments_idempotencykey SET created_at = clock_timestamp() "
            "WHERE id = %s AND status IS NULL AND created_at < clock_timestamp() - %s::interval",
            [row_id, str(takes)],
        )
        return bool(cursor.rowcount)


def _finished(claim: _Claim, finish: Callable[[str, bool], tuple[int, bytes]], *, resumed: bool) -> Answer:
    unfinished = IdempotencyKey.objects.filter(pk=claim.row_id, status__isnull=True)
    try:
        status, answer = finish(claim.reference, resumed)
    except DomainError as error:
        if error.retryable or not isinstance(error, Unavailable):
            unfinished.delete()
        raise
    if unfinished.update(status=status, body=answer):
        return Answer(status, answer)
    return _replay(IdempotencyKey.objects.get(pk=claim.row_id))


def _replay(row: IdempotencyKey) -> Answer:
    if row.status is None or row.body is None:
        raise IdempotencyInProgress(retry_after=2)
    return Answer(row.status, bytes(row.body), replayed=True)
