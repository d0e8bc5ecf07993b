"""The sealed history as one file that proves itself: links, rows, daily roots, signed checkpoints, public keys.

One JSON document per line, always the same bytes for the same history. `verify_seal.py` beside this module checks such
a file without anything else of ours; its fields are those of `migrations/sql/0006_seal.up.sql`, in the same order.
"""

import gzip
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BufferedIOBase, BufferedWriter
from pathlib import Path

from django.conf import settings

from ledger import seal_checkpoints, seal_notes
from ledger.exports.reading import stream
from ledger.models import SignedCheckpoint

_LINKS = """
    SELECT json_build_object(
               'number', s.number, 'kind', s.kind, 'format', s.format, 'previous', encode(s.previous, 'hex'),
               'hash', encode(s.hash, 'hex'), 'sealed_at', ledger_seal_time(s.sealed_at), 'xid', s.xid,
               'fields', to_json(coalesce(e.fields, t.fields)), 'entries', n.entries)::text
      FROM ledger_seal s
      LEFT JOIN ledger_seal_event_content e ON e.id = s.event_id
      LEFT JOIN ledger_seal_transaction_content t ON t.id = s.transaction_id
      LEFT JOIN LATERAL (SELECT json_agg(to_json(x.fields) ORDER BY x.leg, x.id) AS entries
                           FROM ledger_seal_entry_content x WHERE x.transaction_id = s.transaction_id) n ON true
     ORDER BY s.number
"""
_ROOTS = """
    SELECT json_build_object('first', r.first, 'last', r.last, 'day', r.day, 'root', encode(r.root, 'hex'))::text
      FROM ledger_seal_root r ORDER BY r.first
"""


def lines(alias: str) -> Iterator[str]:
    """The file's lines, each with its line end. Read them inside `reading.snapshot(alias)`."""
    keys = [raw.hex() for raw in seal_notes.public_keys().values()]
    head = {"wherewithal": "seal", "version": 1, "origin": settings.SEAL["origin"], "public_keys": keys}
    yield json.dumps(head) + "\n"
    for (link,) in stream(alias, _LINKS):
        yield f"{link}\n"
    for (root,) in stream(alias, _ROOTS):
        yield f"{root}\n"
    for checkpoint in SignedCheckpoint.objects.using(alias).order_by("serial").iterator():
        yield json.dumps({"checkpoint": seal_checkpoints.text_of(checkpoint)}) + "\n"


def write(pieces: Iterator[str], output: Path, *, compressed: bool) -> int:
    """Write the lines to `output`, with gzip where `compressed`; returns how many."""
    count = 0
    with output.open("wb") as raw, _through(raw, compressed) as file:
        for piece in pieces:
            file.write(piece.encode())
            count += 1
    return count


def _through(raw: BufferedWriter, compressed: bool) -> AbstractContextManager[BufferedIOBase]:
    # No name and no time in the compressed file's header: the same history gives the same bytes.
    return gzip.GzipFile("", "wb", 6, raw, mtime=0) if compressed else nullcontext(raw)
