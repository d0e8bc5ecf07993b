"""Idempotency of REST requests: the first answer to a key is the answer, byte for byte, for 30 days.

The key's row commits together with what the request did. A request that fails leaves no row, so trying again is safe;
a twin that arrives meanwhile waits for the first one's row and then gets its answer.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from ledger.database import unit_of_work
from ledger.errors import IdempotencyInProgress, IdempotencyKeyRequired, IdempotencyKeyReused
from payments.models import IdempotencyKey

KEPT = timedelta(days=30)
TWIN_WAITS = "2s"
KEY_MAX = 255
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True)
class Answer:
    """What a request answered: status and exact bytes; `replayed` when it had been answered before."""

    status: int
    body: bytes
    replayed: bool = False


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
    if not key or len(key) > KEY_MAX or not key.isprintable():
        raise IdempotencyKeyRequired
    fingerprint = fingerprint_of(method, path, body)

    def unit() -> Answer:
        row, mine = _claim(caller, key, fingerprint)
        if not mine:
            return _replay(row, fingerprint)
        status, answer = work()
        IdempotencyKey.objects.filter(pk=row.pk).update(status=status, body=answer)
        return Answer(status, answer)

    return unit_of_work(unit)


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """The same for the same request, whatever the order of keys and the spaces in its JSON."""
    try:
        canonical: Any = json.dumps(json.loads(body or b"null"), sort_keys=True, separators=(",", ":"))
    except ValueError:
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
    return IdempotencyKey.objects.get(caller=caller, key=key), mine


def _replay(row: IdempotencyKey, fingerprint: str) -> Answer:
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if row.status is None or row.body is None:
        raise IdempotencyInProgress(retry_after=2)
    return Answer(row.status, bytes(row.body), replayed=True)
