"""Archiving a closed period to one file that can be verified without us: `ledger.archive_checking`.

The same period and key always give the same bytes. The file is signed with the seal's key, and its digest goes into an
event, which the seal covers. Rows stay in the database: the archive is a copy to keep elsewhere, nothing here deletes.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ledger import digest_signature, events, seal_notes
from ledger.archive_checking import FORMAT, VERSION
from ledger.errors import InvalidTransition, Unavailable
from ledger.exports import reading
from ledger.models import Event, Period
from ledger.statement_text import text
from ledger.system import System

EVENT = "period.archived"
SYSTEM = System("archive")
_ACCOUNTS = """
    SELECT a.id, a.code, a.currency, a.category, a.sign, a.exponent, o.balance, o.pending_in, o.pending_out,
           c.balance, c.pending_in, c.pending_out,
           coalesce((SELECT jsonb_object_agg(d.label, k.digest) FROM ledger_period_account k
                       JOIN ledger_period d ON d.id = k.period_id
                      WHERE k.account_id = a.id AND d.kind = 'day' AND d.starts_at >= p.starts_at
                        AND d.ends_at <= p.ends_at), '{}')
      FROM ledger_period p
     CROSS JOIN ledger_account a
     CROSS JOIN LATERAL ledger_as_of(a.id, p.starts_at - interval '1 microsecond', NULL) o
     CROSS JOIN LATERAL ledger_as_of(a.id, p.ends_at - interval '1 microsecond', NULL) c
     WHERE p.id = %s
       AND (o.balance <> 0 OR o.pending_in <> 0 OR o.pending_out <> 0
            OR c.balance <> 0 OR c.pending_in <> 0 OR c.pending_out <> 0
            OR EXISTS (SELECT 1 FROM ledger_period_account k WHERE k.period_id = p.id AND k.account_id = a.id))
     ORDER BY a.id
"""
_ENTRIES = """
    SELECT t.id::text, t.phase, t.reason, t.pending_id::text, t.reverses_id::text, t.description, t.metadata,
           concat_ws('/', t.source_system, t.source_kind, t.source_id), ledger_time_text(t.effective_at),
           ledger_time_text(t.recorded_at), e.id, e.leg, e.account_id, e.amount, e.layer, x.exponent
      FROM ledger_period p
     CROSS JOIN LATERAL ledger_accounts_between(p.starts_at, p.ends_at) a
      JOIN ledger_entry e ON e.account_id = a AND e.effective_at >= p.starts_at AND e.effective_at < p.ends_at
      JOIN ledger_account x ON x.id = a
      JOIN ledger_transaction t ON t.id = e.transaction_id
     WHERE p.id = %s ORDER BY t.effective_at, t.id, e.leg
"""


def write(period: Period, folder: Path, *, actor: events.Who = SYSTEM, now: datetime | None = None) -> Path:
    """Write the signed archive of a closed period into `folder`, whole or not at all; returns the file.

    An event names the file's SHA-256, once for each that the period has had. Raises InvalidTransition while the period
    is open, Unavailable while there is no key to sign with."""
    if period.state != Period.State.CLOSED:
        raise InvalidTransition(f"{period.label} is not closed.", param="period")
    _require_key()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{period.label}.jsonl.gz"
    partial = target.with_name(f"{target.name}.partial")
    try:
        # Without name and time in the gzip header, the same content is the same file.
        with partial.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, 0) as file:
            for line in _lines(period):
                file.write(line)
        partial.replace(target)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    _record(period, target, actor, now)
    return target


def _require_key() -> None:
    """Before the work, not after it. Like a checkpoint, an archive without a signature is not made at all."""
    try:
        seal_notes.sign("")
    except ValueError:
        raise Unavailable("An archive is signed with the seal's key, and SEAL_KEY is none.") from None


def _record(period: Period, file: Path, actor: events.Who, now: datetime | None) -> None:
    with file.open("rb") as opened:
        data = {"sha256": hashlib.file_digest(opened, "sha256").hexdigest(), "digest": period.digest}
    if not Event.objects.filter(type=EVENT, object_ref=period.public_id, data=data).exists():
        events.record(type=EVENT, object_ref=period.public_id, actor=actor, data=data, occurred_at=now)


def _lines(period: Period) -> Iterator[bytes]:
    seal, counts = hashlib.sha256(), {"accounts": 0, "transactions": 0}
    reading.catch_up(reading.alias())
    with reading.snapshot() as using:
        for row in _rows(period, using):
            line = _json(row)
            seal.update(line)
            if f"{row['row']}s" in counts:
                counts[f"{row['row']}s"] += 1
            yield line
    sha256 = seal.hexdigest()
    signature = digest_signature.as_kept(
        *seal_notes.sign(digest_signature.signed_text(digest_signature.ARCHIVE, sha256))
    )
    yield _json({"row": "footer", **counts, "sha256": sha256, "signature": signature})


def _rows(period: Period, using: str) -> Iterator[dict[str, Any]]:
    yield _header(period, using)
    for row in reading.stream(using, _ACCOUNTS, [period.pk]):
        key, code, currency, category, sign, exponent, *amounts, statements = row
        texts = [text(amount, exponent) for amount in amounts]
        yield {
            "row": "account", "id": key, "code": code, "currency": currency, "category": category, "sign": sign,
            "exponent": exponent, "opening": texts[:3], "closing": texts[3:], "statements": _loaded(statements),
        }  # fmt: skip
    for _, entries in groupby(reading.stream(using, _ENTRIES, [period.pk]), key=lambda row: row[0]):
        yield _transaction(list(entries))


def _header(period: Period, using: str) -> dict[str, Any]:
    days = (
        Period.objects.using(using)
        .filter(
            entity=period.entity_id,
            kind="day",
            state="closed",
            starts_at__gte=period.starts_at,
            ends_at__lte=period.ends_at,
        )
        .order_by("starts_at")
    )
    return {
        "row": "header",
        "format": FORMAT,
        "version": VERSION,
        "entity": period.entity.name,
        "zone": period.entity.zone,
        "kind": period.kind,
        "period": period.label,
        "starts_at": _time(period.starts_at),
        "ends_at": _time(period.ends_at),
        "trial_digest": period.trial_digest,
        "digest": period.digest,
        "days": [
            {"label": d.label, "starts_at": _time(d.starts_at), "ends_at": _time(d.ends_at), "digest": d.digest}
            for d in days
        ],
    }


def _transaction(rows: list[Any]) -> dict[str, Any]:
    key, phase, reason, pending, reverses, description, metadata, reference, effective_at, recorded_at, *_ = rows[0]
    return {
        "row": "transaction", "id": key, "phase": phase, "reason": reason, "pending": pending, "reverses": reverses,
        "description": description, "metadata": _loaded(metadata), "reference": reference,
        "effective_at": effective_at, "recorded_at": recorded_at,
        "entries": [
            {"id": row[10], "leg": row[11], "account": row[12], "amount": text(row[13], row[15]), "layer": row[14]}
            for row in rows
        ],
    }  # fmt: skip


def _loaded(value: Any) -> Any:
    """JSON columns come as text from a plain cursor."""
    return json.loads(value) if isinstance(value, str) else value


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def _json(row: dict[str, Any]) -> bytes:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
